"""Pages joined = document = rows, in both encodings."""

import asyncio
import gzip
import zlib
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.jsonio import loads
from app.db.engine import Database
from app.domain.kinds import Kind
from app.snapshots.pages import LIMITS, PageRequest, parse_page
from tests.snapshots.catalogue import Catalogue, Item, check_document, simple
from tests.snapshots.conftest import Stand, open_stand


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


names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)  # Postgres takes no NUL
counts = st.sampled_from([0, 1, 2, 99, 100, 101, 499, 999, 1000, 1001, 1250]) | st.integers(0, 1300)


@st.composite
def catalogues(draw: st.DrawFn) -> Catalogue:
    """Any mix of kinds, gaps, hidden and doubled categories, removed items and names in any script."""
    catalogue = Catalogue()
    for kind in Kind:
        places = draw(st.lists(st.integers(0, 9), max_size=4, unique=True))
        public = [f"{kind.value[0]}{place}" for place in places]
        catalogue.categories.update(dict.fromkeys(public, kind))
        catalogue.hidden.update(draw(st.sets(st.sampled_from(public))) if public else ())
        sets = draw(st.lists(st.permutations(public), min_size=1, max_size=4))
        some = draw(st.lists(names, min_size=1, max_size=5))
        random = draw(st.randoms(use_true_random=False))
        removed, gaps = draw(st.sampled_from([0, 0.01, 0.5, 1])), draw(st.integers(1, 3))
        ordinal = 0
        for _ in range(draw(counts)):
            ordinal += random.randint(1, gaps)
            chosen = tuple(random.choice(sets)[: random.randint(0, 3)])
            alive = random.random() >= removed
            catalogue.items.append(Item(kind, ordinal, random.choice(some), chosen, is_active=alive))
    return catalogue


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
@given(steps=st.lists(st.tuples(catalogues(), st.sampled_from(LIMITS)), min_size=1, max_size=2))
def test_any_catalogue_is_published_as_its_rows_are(
    database_url: str, tmp_path: Path, steps: list[tuple[Catalogue, int]]
) -> None:
    """Each example goes on where the one before ended, so that most versions are built upon another."""

    async def run() -> None:
        database = Database(database_url)
        try:
            stand = await open_stand(database_url, tmp_path / "artifacts", database)
            for catalogue, limit in steps:
                version = await stand.publish(catalogue)
                assert version is not None
                await check_all(stand, catalogue, version, (limit,))
        finally:
            await database.close()

    asyncio.run(run())
