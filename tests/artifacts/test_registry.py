from pathlib import Path

import pytest

from app.artifacts.registry import open_artifacts
from app.core.errors import Misconfigured
from tests.support.s3 import KEYS, use_s3


async def refusal(url: str, folder: Path) -> str:
    with pytest.raises(Misconfigured, match=r"^LINEUP_ARTIFACTS_URL: ") as refused:
        async with open_artifacts(url, folder):
            pass
    return refused.value.detail.removeprefix("LINEUP_ARTIFACTS_URL: ")


async def test_a_url_names_a_folder(tmp_path: Path) -> None:
    async with open_artifacts(None, tmp_path), open_artifacts(f"file://{tmp_path}/with%20space", tmp_path):
        assert (tmp_path / "artifacts").stat().st_mode & 0o777 == 0o700
        assert (tmp_path / "with space").is_dir()


@pytest.mark.parametrize("url", ["ftp://host/folder", "file://host/folder", "file://", "/plain"])
async def test_other_places_are_refused(url: str, tmp_path: Path) -> None:
    assert await refusal(url, tmp_path) == "only file:///folder and s3://bucket/prefix are supported"


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert (
        await refusal(f"file://{tmp_path}/file/inside", tmp_path) == f"cannot make {tmp_path}/file/inside: File exists"
    )


@pytest.mark.parametrize("url", ["s3://", "s3:///prefix", "s3://Upper/x", "s3://a_b/x", "s3://bucket:9000/x"])
async def test_a_bucket_is_named_as_s3_names_them(url: str, tmp_path: Path) -> None:
    assert await refusal(url, tmp_path) == "s3://bucket/prefix names no bucket"


@pytest.mark.parametrize("url", ["s3://fake-key:fake-secret@bucket/x", "s3://bucket/x?endpoint=fake-secret"])
async def test_keys_have_no_place_in_the_url(url: str, tmp_path: Path) -> None:
    assert "fake" not in await refusal(url, tmp_path)


async def test_a_bucket_that_is_not_there_is_named(bucket: str, tmp_path: Path) -> None:
    assert await refusal("s3://lineup-nowhere/x", tmp_path) == "there is no bucket lineup-nowhere"


async def test_a_server_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use_s3(monkeypatch, "http://127.0.0.1:9")
    assert await refusal("s3://lineup/x", tmp_path) == "no S3 server answers at 127.0.0.1:9; see AWS_ENDPOINT_URL"


async def test_missing_keys_are_asked_for(bucket: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in KEYS:
        monkeypatch.delenv(name)
    said = await refusal(f"s3://{bucket}/x", tmp_path)
    assert said == "S3 needs keys; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"


@pytest.mark.parametrize(
    ("name", "value"),
    [("AWS_ENDPOINT_URL", "not a url"), ("AWS_PROFILE", "fake-profile"), ("AWS_REGION", "fake region")],
)
async def test_settings_that_cannot_be_used_are_not_quoted(
    bucket: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    said = await refusal(f"s3://{bucket}/x", tmp_path)
    assert said.startswith("the AWS settings cannot be used (")
    assert value not in said
