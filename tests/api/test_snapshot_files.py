"""Ready databases over HTTP: resuming, tags, caching, errors."""

import sqlite3
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from app.api.routes import snapshot_files
from app.snapshots.databases import Databases
from tests.snapshots.catalogue import PROVIDER, simple
from tests.snapshots.conftest import Stand, open_stand
from tests.support import server

URL = f"/api/providers/{PROVIDER}/snapshot.sqlite"
VERSION = "k7f2.1"


@pytest.fixture
async def stand(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Stand]:
    made = await open_stand(sqlite_url, tmp_path / "artifacts")
    yield made
    await made.database.close()


@pytest.fixture
async def client(stand: Stand) -> AsyncIterator[httpx.AsyncClient]:
    await stand.publish(simple(40, 300, 20))
    databases = Databases(stand.database, stand.artifacts, patience=60)
    async with asking(stand, databases) as made:
        yield made
    await databases.close()


def asking(stand: Stand, databases: Databases) -> httpx.AsyncClient:
    settings = SimpleNamespace(snapshot_max_age=60, api_keys=())
    return server.asking(snapshot_files.router, snapshots=stand.snapshots, databases=databases, settings=settings)


@pytest.mark.parametrize(("suffix", "media_type"), [("", "application/vnd.sqlite3"), (".gz", "application/gzip")])
async def test_a_file_is_sent_as_it_is(client: httpx.AsyncClient, suffix: str, media_type: str) -> None:
    answer = await client.get(f"{URL}{suffix}?version={VERSION}")
    assert answer.status_code == 200
    digest = sha256(answer.content)
    headers = answer.headers
    assert headers["content-type"] == media_type
    assert headers["content-length"] == str(len(answer.content))
    assert "content-encoding" not in headers
    assert headers["etag"] == f'"{digest.hexdigest()}"'
    assert headers["repr-digest"] == f"sha-256=:{b64encode(digest.digest()).decode()}:"
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert headers["x-catalog-version"] == VERSION
    head = await client.head(f"{URL}{suffix}?version={VERSION}")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == headers


async def test_an_unpinned_file_may_change(client: httpx.AsyncClient) -> None:
    answer = await client.get(URL)
    assert answer.headers["cache-control"] == "public, max-age=60, stale-while-revalidate=3600"
    again = await client.get(URL, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("suffix", ["", ".gz"])
async def test_a_download_that_was_cut_goes_on_to_the_same_bytes(client: httpx.AsyncClient, suffix: str) -> None:
    whole = await client.get(f"{URL}{suffix}")
    cut, tag = len(whole.content) // 3, whole.headers["etag"]
    rest = await client.get(f"{URL}{suffix}", headers={"Range": f"bytes={cut}-", "If-Range": tag})
    assert rest.status_code == 206
    assert rest.headers["content-range"] == f"bytes {cut}-{len(whole.content) - 1}/{len(whole.content)}"
    assert whole.content[:cut] + rest.content == whole.content
    other = await client.get(f"{URL}{suffix}", headers={"Range": f"bytes={cut}-", "If-Range": '"other"'})
    assert (other.status_code, other.content) == (200, whole.content)
    behind = await client.get(f"{URL}{suffix}", headers={"Range": f"bytes={len(whole.content)}-"})
    assert (behind.status_code, behind.headers["content-range"]) == (416, f"bytes */{len(whole.content)}")


async def test_a_flavor_is_named_or_has_search(client: httpx.AsyncClient, tmp_path: Path) -> None:
    for query, searched in (("", True), ("?flavor=fts5", True), ("?flavor=plain", False)):
        file = tmp_path / f"file{len(query)}"
        file.write_bytes((await client.get(URL + query)).content)
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as base:
            tables = {row[0] for row in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            assert ("movie_fts" in tables) == searched
            assert base.execute("SELECT count(*) FROM movie").fetchone() == (300,)


async def test_what_cannot_be_had_is_told(client: httpx.AsyncClient, stand: Stand) -> None:
    answers = {
        "?flavor=fts3": (422, "invalid"),
        "?version=nonsense": (422, "invalid"),
        "?version=k7f2.9": (409, "version_ahead"),
        "?version=lost.1": (410, "reset"),
    }
    for query, (status, code) in answers.items():
        answer = await client.get(URL + query)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await client.get(URL.replace(PROVIDER, "nobody"))).status_code == 404
    assert "flavor" in (await client.get(f"{URL}?flavor=fts3")).json()["errors"][0]["field"]


async def test_while_it_is_built_a_client_is_told_when_to_come_back(stand: Stand) -> None:
    await stand.publish(simple(5, 5, 5))
    hurried = Databases(stand.database, stand.artifacts, patience=0)
    async with asking(stand, hurried) as client:
        answer = await client.get(URL)
        assert (answer.status_code, answer.json()["code"]) == (503, "building")
        assert answer.headers["retry-after"] == "5"
    await hurried.close()
