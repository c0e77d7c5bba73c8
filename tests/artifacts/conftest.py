import asyncio
import os
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.artifacts.registry import open_artifacts
from app.core.ports import ArtifactStore
from tests.support.s3 import running_s3, s3_client, use_s3

WAIT_SECONDS = 10.0
OLD_SECONDS = 2.0  # S3 tells whole seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A store of a kind. `age` makes an artifact older than OLD_SECONDS, `everything` lists what is really there."""

    store: ArtifactStore
    age: Callable[[str], Awaitable[None]]
    everything: Callable[[], Awaitable[list[str]]]

    async def put(self, *parts: bytes) -> str:
        async with self.store.create() as writer:
            for part in parts:
                await writer.write(part)
            return (await writer.commit()).sha256


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an S3 server that all tests of this process share; use `s3_url`."""
    with running_s3(tmp_path_factory.mktemp("s3")) as url:
        yield url


@pytest.fixture
async def bucket(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty bucket that this process may use."""
    use_s3(monkeypatch, s3_server)
    name = f"lineup-{uuid.uuid4().hex[:12]}"
    async with s3_client(s3_server) as client:
        await client.create_bucket(Bucket=name)
    return name


async def objects(endpoint: str, bucket: str) -> list[str]:
    """All keys of a bucket, and the uploads that nobody ended."""
    async with s3_client(endpoint) as client:
        found = await client.list_objects_v2(Bucket=bucket)
        uploads = await client.list_multipart_uploads(Bucket=bucket)
    return [one["Key"] for one in found.get("Contents", []) + uploads.get("Uploads", [])]


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[Stored]:
    folder = tmp_path / "artifacts"

    async def age(name: str) -> None:
        before = time.time() - OLD_SECONDS - 1
        os.utime(folder / name[:2] / name, (before, before))

    async def everything() -> list[str]:
        return [file.name for file in folder.rglob("*") if file.is_file()]

    async with open_artifacts(f"file://{folder}", tmp_path) as store:
        yield Stored(store=store, age=age, everything=everything)


@pytest.fixture
async def s3(s3_server: str, bucket: str, tmp_path: Path) -> AsyncIterator[Stored]:
    async with open_artifacts(f"s3://{bucket}/snapshots/of home", tmp_path) as store:

        async def age(name: str) -> None:
            async with asyncio.timeout(WAIT_SECONDS):
                while name not in await store.aged(OLD_SECONDS):  # noqa: ASYNC110 - a server tells nobody
                    await asyncio.sleep(0.1)

        async def everything() -> list[str]:
            return [key.removeprefix("snapshots/of home/") for key in await objects(s3_server, bucket)]

        yield Stored(store=store, age=age, everything=everything)


@pytest.fixture(params=["local", "s3"])
def stored(request: pytest.FixtureRequest) -> Stored:
    """A store of each kind; the test runs on all."""
    found: Stored = request.getfixturevalue(request.param)
    return found
