"""Manifests, blobs by content and by range, lines, essentials and views, over HTTP."""

import gzip
from base64 import b64encode
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import httpx
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from app.api.ranges import wanted_range
from app.core.jsonio import loads
from app.domain.kinds import Kind
from app.snapshots.read import Snapshots
from tests.api.test_snapshots import CATALOGUE, URL, VERSION, asking, bytes_of
from tests.snapshots.catalogue import PROVIDER, simple
from tests.snapshots.conftest import Stand

BLOBS = f"/api/providers/{PROVIDER}/blobs"
PINNED = "public, max-age=31536000, immutable"
FRESH = "public, max-age=60, stale-while-revalidate=3600"


@pytest.fixture
async def client(stand: Stand) -> AsyncIterator[httpx.AsyncClient]:
    await stand.publish(CATALOGUE)
    async with asking(stand) as made:
        yield made


async def manifest(client: httpx.AsyncClient, query: str = "") -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"{URL}/manifest{query}")).raise_for_status().json()
    return found


async def a_part(client: httpx.AsyncClient) -> dict[str, Any]:
    found: dict[str, Any] = (await manifest(client))["kinds"]["movie"]["parts"][0]
    return found


def digest(data: bytes) -> str:
    return f"sha-256=:{b64encode(sha256(data).digest()).decode()}:"


def unpacked(encoding: str | None, body: bytes) -> bytes:
    if encoding is None:
        return body
    return gzip.decompress(body) if encoding == "gzip" else zstandard.decompress(body)


PATHS = (
    URL,
    f"{URL}?view=lite",
    f"{URL}?page=2&limit=250",
    f"{URL}?page=1&view=lite&version={VERSION}",
    f"{URL}/manifest",
    f"{URL}/manifest?view=lite&version={VERSION}",
    f"{URL}/essentials",
    f"{URL}.ndjson",
    f"{URL}.ndjson?kind=movies&view=lite&version={VERSION}",
)


async def test_every_file_is_told_in_full_in_every_encoding(client: httpx.AsyncClient) -> None:
    blob = f"{BLOBS}/{(await a_part(client))['sha256']}"
    for path in (*PATHS, blob):
        tags = set()
        for accept, encoding in (("identity", None), ("gzip", "gzip"), ("zstd, gzip;q=0.5", "zstd")):
            response, body = await bytes_of(client, path, **{"Accept-Encoding": accept})
            assert response.status_code == 200
            assert response.headers.get("content-encoding") == encoding
            assert response.headers["repr-digest"] == digest(body)
            assert response.headers["vary"] == "Accept-Encoding"
            assert response.headers["x-catalog-version"] == VERSION
            assert int(response.headers["content-length"]) == len(body)
            assert unpacked(encoding, body) == (await bytes_of(client, path))[1]
            head = await client.head(path, headers={"Accept-Encoding": accept})
            assert dict(head.headers) == dict(response.headers)
            tag = response.headers["etag"]
            again = await client.get(path, headers={"Accept-Encoding": accept, "If-None-Match": f'"x", W/{tag}'})
            assert (again.status_code, again.content) == (304, b"")
            tags.add(tag)
        assert len(tags) == 3


async def test_what_names_its_version_never_changes(client: httpx.AsyncClient, stand: Stand) -> None:
    pinned = [path for path in PATHS if "version=" in path]
    pinned += [f"{URL}?version={VERSION}", f"{URL}/essentials?version={VERSION}", f"{URL}/manifest?version={VERSION}"]
    pinned.append(f"{BLOBS}/{(await a_part(client))['sha256']}.gz")
    before = [await bytes_of(client, path) for path in pinned]
    await stand.publish(simple(1201, 1500, 30))
    again = type(stand.snapshots)(stand.database, stand.artifacts)
    async with asking(Stand(**{**vars(stand), "snapshots": again})) as other:
        for path, (response, body) in zip(pinned, before, strict=True):
            found, data = await bytes_of(other, path)
            assert data == body
            assert dict(found.headers) == dict(response.headers)
            assert response.headers["cache-control"].startswith(PINNED)


async def test_only_what_names_its_version_or_content_is_immutable(client: httpx.AsyncClient) -> None:
    for path in PATHS:
        control = (await client.get(path)).headers["cache-control"]
        assert control == (PINNED if "version=" in path else FRESH)
    part = await a_part(client)
    for name in (part["sha256"], f"{part['sha256']}.gz"):
        assert (await client.get(f"{BLOBS}/{name}")).headers["cache-control"] == f"{PINNED}, no-transform"


async def test_with_keys_no_shared_cache_keeps_anything(stand: Stand) -> None:
    await stand.publish(CATALOGUE)
    async with asking(stand, keys=("fake-key",)) as client:
        part = await a_part(client)
        for path in (*PATHS, f"{BLOBS}/{part['sha256']}", f"{BLOBS}/{part['sha256']}.gz"):
            assert (await client.get(path)).headers["cache-control"].startswith("private, ")


async def test_a_manifest_says_what_there_is(client: httpx.AsyncClient) -> None:
    found = await manifest(client)
    assert list(found) == [
        *("version", "publishedAt", "provider", "stats", "blobBase", "essentials", "index", "kinds", "sqlite"),
        "deltas",
    ]
    assert (found["version"], found["blobBase"]) == (VERSION, BLOBS)
    assert {kind: one["items"] for kind, one in found["kinds"].items()} == {
        "channel": 1200,
        "movie": 1500,
        "series": 30,
    }
    for kind in found["kinds"].values():
        for one in kind["parts"]:
            assert list(one) == ["sha256", "bytes", "encodings", "items"]
            assert list(one["encodings"]) == ["gzip"]
    assert found["provider"] == {"id": PROVIDER, "name": "Home “TV”", "kind": "xtream"}
    index = (await client.get(f"{BLOBS}/{found['index']['sha256']}")).json()
    document = (await client.get(URL)).json()
    assert index == {name: told for name, told in document.items() if name == "categories" or "By" in name}
    essentials = await client.get(f"{BLOBS}/{found['essentials']['sha256']}")
    assert len(essentials.content) == found["essentials"]["bytes"]
    assert essentials.json() == (await client.get(f"{URL}/essentials")).json()
    assert essentials.headers["content-type"] == "application/json"


async def test_parts_fetched_by_a_client_are_the_catalogue(client: httpx.AsyncClient) -> None:
    for view in ("full", "lite"):
        found = await manifest(client, f"?view={view}")
        for kind in Kind:
            lines: list[Any] = []
            for part in found["kinds"][kind.value]["parts"]:
                body = (await client.get(f"{found['blobBase']}/{part['sha256']}")).content
                assert sha256(body).hexdigest() == part["sha256"]
                file = (await client.get(f"{found['blobBase']}/{part['encodings']['gzip']['sha256']}")).content
                assert gzip.decompress(file) == body
                lines += [loads(line) for line in body.splitlines()]
            assert [one["id"] for one in lines] == [one["id"] for one in CATALOGUE.active(kind)]
            assert (view == "full") == (lines == CATALOGUE.active(kind))


async def test_a_public_address_stands_in_the_manifest(stand: Stand) -> None:
    await stand.publish(CATALOGUE)
    public = Snapshots(stand.database, stand.artifacts, public_url="https://cdn.test/lineup/")
    async with asking(Stand(**{**vars(stand), "snapshots": public})) as client:
        assert (await manifest(client))["blobBase"] == "https://cdn.test/lineup"
        part = await a_part(client)
    name = part["encodings"]["gzip"]["sha256"]
    assert sha256(await stand.artifacts.read(name, 0, part["encodings"]["gzip"]["bytes"])).hexdigest() == name


async def test_a_file_can_be_fetched_in_ranges(client: httpx.AsyncClient) -> None:
    part = await a_part(client)
    url = f"{BLOBS}/{part['sha256']}.gz"
    whole = await client.get(url)
    size, tag = len(whole.content), whole.headers["etag"]
    assert whole.headers["content-type"] == "application/gzip"
    assert "content-encoding" not in whole.headers
    assert "vary" not in whole.headers
    assert (whole.headers["accept-ranges"], tag) == ("bytes", f'"{part["encodings"]["gzip"]["sha256"]}"')
    for spelled, (first, end) in {
        "bytes=0-99": (0, 100),
        "bytes=100-": (100, size),
        "bytes=-7": (size - 7, size),
        f"bytes=5-{10 * size}": (5, size),
    }.items():
        for condition in ({}, {"If-Range": tag}):
            some = await client.get(url, headers={"Range": spelled, **condition})
            assert (some.status_code, some.content) == (206, whole.content[first:end])
            assert some.headers["content-range"] == f"bytes {first}-{end - 1}/{size}"
            assert some.headers["repr-digest"] == digest(whole.content)
    beyond = await client.get(url, headers={"Range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")


async def test_a_range_that_cannot_be_honoured_is_answered_with_the_whole(client: httpx.AsyncClient) -> None:
    part = await a_part(client)
    url = f"{BLOBS}/{part['sha256']}.gz"
    size = part["encodings"]["gzip"]["bytes"]
    for headers in (
        {"Range": "bytes=0-1,5-6"},
        {"Range": "items=0-1"},
        {"Range": "bytes=9-3"},
        {"Range": "bytes=0-9", "If-Range": '"other"'},
        {"Range": "bytes=0-9", "If-Range": f'W/"{part["encodings"]["gzip"]["sha256"]}"'},
        {"Range": "bytes=0-9", "If-Range": "Sat, 21 Nov 2026 10:00:00 GMT"},
    ):
        found = await client.get(url, headers=headers)
        assert (found.status_code, len(found.content)) == (200, size), headers
    for path in (f"{BLOBS}/{part['sha256']}", URL):
        found = await client.get(path, headers={"Range": "bytes=0-9", "Accept-Encoding": "gzip"})
        assert found.status_code == 200  # phones count decoded bytes: never a part of a negotiated encoding
        assert "accept-ranges" not in found.headers


async def test_lines_begin_and_end(client: httpx.AsyncClient) -> None:
    response = await client.get(f"{URL}.ndjson?view=lite")
    assert response.headers["content-type"] == "application/x-ndjson"
    lines = [loads(line) for line in response.content.splitlines()]
    assert response.content.startswith(b'{"kind":"begin","version":"k7f2.1","total":2730}\n')
    assert response.content.endswith(b'\n{"kind":"end","items":2730}\n')
    assert [one["kind"] for one in lines[1:-1]] == ["channel"] * 1200 + ["movie"] * 1500 + ["series"] * 30


async def test_lite_pages_link_lite_pages(client: httpx.AsyncClient) -> None:
    page = (await client.get(f"{URL}?page=1&limit=250&view=lite&kind=channels")).json()
    assert "view=lite" in page["next"]
    assert set(page["channels"][0]) == {"addedAt", "categoryId", "id", "kind", "logo", "name", "number"}


async def test_what_cannot_be_used_is_named(client: httpx.AsyncClient) -> None:
    for path, field in (
        (f"{URL}?view=small", "view"),
        (f"{URL}?page=1&view=", "view"),
        (f"{URL}/manifest?view=x", "view"),
        (f"{URL}/manifest?version=x", "version"),
        (f"{URL}.ndjson?kind=movie", "kind"),
        (f"{URL}.ndjson?view=LITE", "view"),
        (f"{URL}/essentials?version=1", "version"),
    ):
        response = await client.get(path)
        assert response.status_code == 422, path
        assert [one["field"] for one in response.json()["errors"]] == [field]


async def test_what_is_not_there_says_so(client: httpx.AsyncClient, stand: Stand) -> None:
    for name in ("0" * 64, f"{'0' * 64}.gz", "x", "A" * 64, f"{'0' * 64}.gz.gz"):
        response = await client.get(f"{BLOBS}/{name}")
        assert (response.status_code, response.json()["code"]) == (404, "blob_not_found")
    for path in (f"{URL}/manifest", f"{URL}.ndjson", f"{URL}/essentials", f"{URL}?view=lite"):
        version = "&version=" if "?" in path else "?version="
        assert (await client.get(f"{path}{version}old.1")).json()["reason"] == "epoch_changed"
        assert (await client.get(f"{path}{version}k7f2.9")).json()["code"] == "version_ahead"
        nobody = path.replace(PROVIDER, "nobody")
        assert (await client.get(nobody)).status_code == 404
    assert (await client.get(f"/api/providers/nobody/blobs/{'0' * 64}")).status_code == 404


@given(st.text("bytes=0123456789-, ", max_size=24), st.integers(1, 10**6))
def test_a_range_lies_within_the_file(header: str, length: int) -> None:
    found = wanted_range(header, length)
    if found is not None:
        first, end = found
        assert 0 <= first < end <= length or first == end == length
