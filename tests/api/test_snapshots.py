"""Versions over HTTP: encodings, tags, caching, errors."""

import gzip
import zlib
from base64 import b64encode
from collections.abc import AsyncIterator
from hashlib import sha256
from types import SimpleNamespace

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from app.api.bodies import matches, preferred
from app.api.routes import snapshots
from app.db.tables import CatalogueHead
from app.domain.kinds import Kind
from app.snapshots.files import Encoding
from tests.snapshots.catalogue import PROVIDER, Item, check_document, simple, write
from tests.snapshots.conftest import Stand
from tests.support import server

URL = f"/api/providers/{PROVIDER}/snapshot"
CATALOGUE = simple(1200, 1500, 30)
VERSION = "k7f2.1"
TAG = '"0123456789abcdef"'


@pytest.fixture
async def client(stand: Stand) -> AsyncIterator[httpx.AsyncClient]:
    """The routes over a published catalogue; nothing is accepted but what a test asks for."""
    await stand.publish(CATALOGUE)
    async with asking(stand) as made:
        yield made


def asking(stand: Stand, *, keys: tuple[str, ...] = ()) -> httpx.AsyncClient:
    settings = SimpleNamespace(snapshot_max_age=60, api_keys=keys)
    return server.asking(snapshots.router, snapshots=stand.snapshots, settings=settings)


async def bytes_of(client: httpx.AsyncClient, url: str, **headers: str) -> tuple[httpx.Response, bytes]:
    """A response and its bytes as they were sent."""
    async with client.stream("GET", url, headers=headers) as response:
        return response, b"".join([chunk async for chunk in response.aiter_raw()])


async def test_gzip_inflates_to_what_identity_sends(client: httpx.AsyncClient) -> None:
    for query in ("", "?page=2", f"?page=1&limit=100&version={VERSION}", "?kind=movies&limit=5000"):
        await check_encodings(client, query)


async def check_encodings(client: httpx.AsyncClient, query: str) -> None:
    packed, zipped = await bytes_of(client, URL + query, **{"Accept-Encoding": "br, gzip;q=0.8"})
    plain, raw = await bytes_of(client, URL + query)
    inflate = zlib.decompressobj(31)
    assert inflate.decompress(zipped) == raw
    assert inflate.eof
    assert not inflate.unused_data
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.headers["etag"] != plain.headers["etag"]
    for response, body in ((packed, zipped), (plain, raw)):
        assert response.status_code == 200
        assert int(response.headers["content-length"]) == len(body)
        assert response.headers["content-type"] == "application/json"
        assert response.headers["vary"] == "Accept-Encoding"
        assert response.headers["x-catalog-version"] == VERSION
        if "repr-digest" in response.headers:
            assert response.headers["repr-digest"] == f"sha-256=:{b64encode(sha256(body).digest()).decode()}:"
    assert "repr-digest" in packed.headers


async def test_the_document_says_what_the_rows_say(client: httpx.AsyncClient) -> None:
    _, zipped = await bytes_of(client, URL, **{"Accept-Encoding": "gzip"})
    check_document(gzip.decompress(zipped), CATALOGUE, VERSION)


async def test_following_next_reads_one_version_whatever_is_published_meanwhile(
    client: httpx.AsyncClient, stand: Stand
) -> None:
    found: list[object] = []
    url: str | None = f"{URL}?page=1&limit=500"
    while url is not None:
        response = await client.get(url)
        page = response.json()
        assert page["version"] == VERSION
        found += page["channels"] + page["movies"] + page["series"]
        url = page["next"]
        await stand.publish(simple(len(found), 3, 0))
    assert found == [
        document for kind in (Kind.CHANNEL, Kind.MOVIE, Kind.SERIES) for document in CATALOGUE.active(kind)
    ]
    second = (await client.get(f"{URL}?page=2")).json()
    assert second["version"] != VERSION


async def test_a_known_tag_is_answered_with_304_and_head_with_the_headers_of_get(client: httpx.AsyncClient) -> None:
    for query in ("", "?page=1", f"?version={VERSION}", f"?page=1&limit=250&version={VERSION}"):
        for accept in ("gzip", "identity"):
            await check_conditions(client, query, accept)


async def check_conditions(client: httpx.AsyncClient, query: str, accept: str) -> None:
    headers = {"Accept-Encoding": accept}
    got = await client.get(URL + query, headers=headers)
    head = await client.head(URL + query, headers=headers)
    assert head.content == b""
    assert dict(head.headers) == dict(got.headers)
    tag = got.headers["etag"]
    assert not tag.startswith("W/")
    for condition in (tag, f"W/{tag}", f'"other" , {tag}', "*"):
        again = await client.get(URL + query, headers={**headers, "If-None-Match": condition})
        assert (again.status_code, again.content) == (304, b"")
        for name in ("etag", "cache-control", "vary", "x-catalog-version"):
            assert again.headers[name] == got.headers[name]
        assert "content-length" not in again.headers
    for condition in ('"other"', tag.strip('"'), tag.upper().replace('"', '"x')):
        again = await client.get(URL + query, headers={**headers, "If-None-Match": condition})
        assert again.status_code == 200


async def test_only_a_named_version_is_immutable(client: httpx.AsyncClient) -> None:
    fresh, pinned = "public, max-age=60, stale-while-revalidate=3600", "public, max-age=31536000, immutable"
    for query, control in (("", fresh), ("?page=2", fresh), (f"?version={VERSION}", pinned)):
        assert (await client.get(URL + query)).headers["cache-control"] == control


async def test_with_keys_nothing_is_public(stand: Stand) -> None:
    await stand.publish(CATALOGUE)
    async with asking(stand, keys=("fake-key",)) as client:
        assert (await client.get(URL)).headers["cache-control"] == "private, max-age=60, stale-while-revalidate=3600"
        pinned = await client.get(f"{URL}?page=1&version={VERSION}")
        assert pinned.headers["cache-control"] == "private, max-age=31536000, immutable"


UNUSABLE = (
    ("limit=99", "limit"),
    ("limit=1e3", "limit"),
    ("limit=٥٠٠", "limit"),
    ("page=0", "page"),
    ("page=-1", "page"),
    ("page=", "page"),
    ("page=99999999999999999999", "page"),
    ("kind=movie", "kind"),
    ("version=x", "version"),
    ("version=k7f2.0", "version"),
    ("version=k7f2.1.1&page=1", "version"),
    ("version=" + "9" * 5000 + ".1", "version"),
)


async def test_what_cannot_be_used_is_named(client: httpx.AsyncClient) -> None:
    for query, field in UNUSABLE:
        await check_refusal(client, query, field)


async def check_refusal(client: httpx.AsyncClient, query: str, field: str) -> None:
    response = await client.get(f"{URL}?{query}")
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    [error] = response.json()["errors"]
    assert error["field"] == field
    if field == "limit":
        assert "100, 250, 500, 1000, 2000, 5000" in error["message"]


async def test_a_pinned_page_past_the_end_is_an_error_and_an_unpinned_one_empty(client: httpx.AsyncClient) -> None:
    pinned = await client.get(f"{URL}?page=4&version={VERSION}")
    assert (pinned.status_code, pinned.json()["code"]) == (404, "page_out_of_range")
    for page in (4, 999_999_999):
        free = (await client.get(f"{URL}?page={page}&limit=1000")).json()
        assert (free["total"], free["pages"], free["hasMore"], free["next"]) == (2730, 3, False, None)
        assert free["movies"] == free["series"] == free["channels"] == []


async def test_a_version_that_cannot_be_had_says_what_to_do(client: httpx.AsyncClient, stand: Stand) -> None:
    other = await client.get(f"{URL}?version=old1.7")
    assert other.status_code == 410
    problem = other.json()
    assert (problem["code"], problem["reason"], problem["manifest"]) == ("reset", "epoch_changed", f"{URL}/manifest")
    ahead = await client.get(f"{URL}?version=k7f2.2&page=1")
    assert (ahead.status_code, ahead.json()["code"]) == (409, "version_ahead")
    assert int(ahead.headers["retry-after"]) > 0
    assert (await client.get("/api/providers/nobody/snapshot")).status_code == 404


async def test_before_the_first_version_it_is_building(stand: Stand) -> None:
    async with asking(stand) as client:
        for query in ("", "?page=1", "?version=k7f2.1"):
            response = await client.get(URL + query)
            assert (response.status_code, response.json()["code"]) == (503, "building")
            assert int(response.headers["retry-after"]) > 0
        head = (await client.get(f"{URL}/head")).json()
    assert (head["version"], head["publishedAt"], head["minSince"]) == (None, None, None)
    assert set(head["stats"].values()) == {0}


async def test_head_follows_every_publish_at_once(client: httpx.AsyncClient, stand: Stand) -> None:
    response = await client.get(f"{URL}/head")
    assert response.headers["cache-control"] == "public, max-age=5"
    assert response.json()["version"] == response.headers["x-catalog-version"] == VERSION
    assert response.json()["stats"]["totalMovies"] == 1500
    other = Stand(**{**vars(stand), "snapshots": type(stand.snapshots)(stand.database, stand.artifacts)})
    async with asking(other) as elsewhere:
        assert (await elsewhere.get(f"{URL}/head")).json()["version"] == VERSION
        await stand.publish(simple(1, 1, 1))
        assert (await elsewhere.get(f"{URL}/head")).json()["version"] == "k7f2.2"
        assert (await elsewhere.get(f"{URL}?version=k7f2.2")).status_code == 200
    assert (await client.get(URL)).json()["version"] == "k7f2.2"


async def test_a_new_epoch_forgets_the_old_versions(client: httpx.AsyncClient, stand: Stand) -> None:
    async with stand.database.writer() as writer:
        await writer.execute(update(CatalogueHead).values(epoch="n3w", version=0, pending=True))
    stand.snapshots.forget(stand.pk)
    assert (await client.get(URL)).status_code == 503
    assert (await client.get(f"{URL}?version={VERSION}")).json()["reason"] == "epoch_changed"
    assert await stand.publish() == "n3w.1"
    assert (await client.get(URL)).json()["version"] == "n3w.1"


async def test_a_changed_item_changes_every_tag(client: httpx.AsyncClient, stand: Stand) -> None:
    before = [(await client.get(URL + query)).headers["etag"] for query in ("", "?page=1", "?page=3&limit=100")]
    changed = simple(1200, 1500, 30)
    changed.items[7] = Item(Kind.CHANNEL, 7, "another name")
    await write(stand.database, stand.pk, changed)
    await stand.publish()
    after = [(await client.get(URL + query)).headers["etag"] for query in ("", "?page=1", "?page=3&limit=100")]
    assert not set(before) & set(after)


PREFERRED = (
    (None, "identity"),
    ("", "identity"),
    ("gzip", "gzip"),
    ("GZip", "gzip"),
    ("x-gzip", "gzip"),
    ("br", "identity"),
    ("identity", "identity"),
    ("*", "gzip"),
    ("*;q=0", "identity"),
    ("gzip;q=0, *", "identity"),
    ("gzip;q=0", "identity"),
    ("gzip;q=0.000", "identity"),
    ("gzip ; q = 0.001", "gzip"),
    ("gzip;q=0.5, identity;q=0.9", "identity"),
    ("identity;q=0.5, gzip", "gzip"),
    ("deflate, gzip;q=1.0, *;q=0.5", "gzip"),
    ("gzip, deflate, br, zstd", "gzip"),
    ("zstd, gzip", "gzip"),
    ("zstd, gzip;q=0.9", "zstd"),
    ("zstd", "zstd"),
    ("zstd;q=0.5, *;q=0.1", "zstd"),
    ("zstd;q=0.5, identity", "identity"),
    ("zstd;q=0, gzip;q=0.1", "gzip"),
    ("gzip;q=2", "identity"),
    ("gzip;q=abc", "identity"),
    (",,gzip,", "gzip"),
)


@pytest.mark.parametrize(("accept", "encoding"), PREFERRED)
def test_content_is_sent_as_the_client_likes_it_best(accept: str | None, encoding: str) -> None:
    assert preferred(accept) == encoding


@given(st.text(alphabet=st.sampled_from('gzipbrstd*;=q01., "W/x\t'), max_size=40) | st.text(max_size=40))
def test_no_header_breaks_the_choice(text: str) -> None:
    assert preferred(text) in Encoding
    if not any(word in text.lower() for word in ("gzip", "zstd", "*")):
        assert preferred(text) is Encoding.IDENTITY
    assert matches(text, '"never in it"') is (text.strip() == "*")


@given(st.lists(st.from_regex(r'(W/)?"[a-z,* ]{0,6}"', fullmatch=True), max_size=4), st.booleans())
def test_a_tag_in_a_list_is_found_and_no_other(others: list[str], weak: bool) -> None:  # noqa: FBT001
    spelled = [*others, f"W/{TAG}" if weak else TAG]
    assert matches(", ".join(spelled), TAG)
    assert not matches(", ".join(others), TAG)
