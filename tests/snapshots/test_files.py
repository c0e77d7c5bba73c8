"""Pages joined = document = rows, in both encodings."""

import gzip
import zlib
from urllib.parse import parse_qs, urlsplit

import pytest

from app.core.jsonio import loads
from app.domain.kinds import Kind
from app.snapshots.pages import LIMITS, PageRequest, parse_page
from tests.snapshots.catalogue import Catalogue, check_document, simple
from tests.snapshots.conftest import Stand


def one_member(data: bytes) -> bytes:
    """Inflates a file that has to be a single gzip member with nothing behind it."""
    inflate = zlib.decompressobj(31)
    raw = inflate.decompress(data) + inflate.flush()
    assert inflate.eof
    assert inflate.unused_data == b""
    assert gzip.decompress(data) == raw
    return raw


async def walk(stand: Stand, wanted: PageRequest, version: str) -> dict[Kind, list[object]]:
    """Follows `next` to the end; every page is checked in both encodings."""
    found: dict[Kind, list[object]] = {kind: [] for kind in Kind}
    number, seen = 1, 0
    while True:
        data = await stand.page(version, wanted)
        raw = one_member(data)
        assert raw == await stand.page(version, wanted, gzip=False)
        page = loads(raw)
        assert list(page) == [
            *("version", "total", "page", "limit", "pages", "hasMore", "next"),
            *("movies", "series", "channels"),
        ]
        assert (page["version"], page["page"], page["limit"]) == (version, number, wanted.limit)
        for kind in Kind:
            found[kind] += page[kind.plural]
        size = sum(len(page[kind.plural]) for kind in Kind)
        seen += size
        assert page["hasMore"] == (page["next"] is not None) == (number < page["pages"])
        if page["next"] is None:
            assert seen == page["total"]
            return found
        assert size == wanted.limit
        query = {name: values[0] for name, values in parse_qs(urlsplit(page["next"]).query).items()}
        assert query.pop("version") == version
        following = parse_page(query.pop("page"), query.pop("limit"), query.pop("kind", None))
        assert following is not None
        assert not query
        wanted, number = following, number + 1


async def check_all(stand: Stand, catalogue: Catalogue, version: str, limits: tuple[int, ...] = LIMITS) -> None:
    data = await stand.document(version)
    raw = one_member(data)
    assert raw == await stand.document(version, gzip=False)
    check_document(raw, catalogue, version)
    everything = {kind: catalogue.active(kind) for kind in Kind}
    for limit in limits:
        assert await walk(stand, PageRequest(limit=limit), version) == everything
        for kind in Kind:
            only = {one: everything[one] if one is kind else [] for one in Kind}
            assert await walk(stand, PageRequest(limit=limit, kind=kind), version) == only


@pytest.mark.parametrize("counts", [(0, 0, 0), (1, 0, 2), (999, 1001, 1), (1000, 2000, 1000), (1700, 2345, 801)])
async def test_pages_joined_are_the_document_and_the_rows(stand: Stand, counts: tuple[int, int, int]) -> None:
    catalogue = simple(*counts)
    version = await stand.publish(catalogue)
    assert version == "k7f2.1"
    await check_all(stand, catalogue, version)
