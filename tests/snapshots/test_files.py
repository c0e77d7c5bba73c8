"""Pages joined = lines = parts = document = rows, in both views and all encodings."""

import asyncio
import gzip
import zlib
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.jsonio import loads
from app.db.engine import Database
from app.domain.kinds import Kind
from app.snapshots.files import Encoding, File, Opaque
from app.snapshots.pages import LIMITS, PageRequest, parse_page
from app.snapshots.views import View
from tests.snapshots.catalogue import PROVIDER, Catalogue, Item, check_document, simple
from tests.snapshots.conftest import Stand, open_stand, sent
from tests.support.effort import examples


def one_member(data: bytes) -> bytes:
    """Inflates a file that has to be a single gzip member with nothing behind it."""
    inflate = zlib.decompressobj(31)
    raw = inflate.decompress(data) + inflate.flush()
    assert inflate.eof
    assert inflate.unused_data == b""
    assert gzip.decompress(data) == raw
    return raw


async def walk(stand: Stand, wanted: PageRequest, version: str) -> dict[Kind, list[Any]]:
    """Follows `next` to the end; every page is checked in all encodings."""
    found: dict[Kind, list[Any]] = {kind: [] for kind in Kind}
    number, seen = 1, 0
    while True:
        page = loads(await same_in_all(await stand.snapshots.page(PROVIDER, version, wanted)))
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
        following = parse_page(query.pop("page"), query.pop("limit"), query.pop("kind", None), query.pop("view", None))
        assert following is not None
        assert not query
        wanted, number = following, number + 1


async def same_in_all(file: File) -> bytes:
    """The content, which must be the same in all encodings."""
    raw = await sent(file, Encoding.IDENTITY)
    assert one_member(await sent(file, Encoding.GZIP)) == raw
    assert zstandard.decompress(await sent(file, Encoding.ZSTD)) == raw
    return raw


async def joined_lines(stand: Stand, version: str, kind: Kind | None, view: View) -> list[Any]:
    lines = [
        loads(line)
        for line in (await same_in_all(await stand.snapshots.lines(PROVIDER, version, kind, view))).splitlines()
    ]
    assert lines[0] == {"kind": "begin", "version": version, "total": len(lines) - 2}
    assert lines[-1] == {"kind": "end", "items": len(lines) - 2}
    return lines[1:-1]


async def joined_parts(stand: Stand, version: str, view: View) -> dict[Kind, list[Any]]:
    """The items of all parts that the manifest names, each part checked against what it says of it."""
    manifest = loads(await same_in_all(await stand.snapshots.manifest(PROVIDER, version, view)))
    found: dict[Kind, list[Any]] = {kind: [] for kind in Kind}
    for kind in Kind:
        told = manifest["kinds"][kind.value]
        for place, part in enumerate(told["parts"]):
            assert part["bytes"] <= 4 << 20
            assert part["bytes"] >= 1 << 20 or place == len(told["parts"]) - 1
            found[kind] += await part_lines(stand, part)
        assert len(found[kind]) == told["items"]
    return found


async def part_lines(stand: Stand, part: dict[str, Any]) -> list[Any]:
    file = await stand.snapshots.blob(PROVIDER, part["sha256"])
    assert isinstance(file, File)
    raw = await same_in_all(file)
    assert (sha256(raw).hexdigest(), len(raw)) == (part["sha256"], part["bytes"])
    zipped = part["encodings"]["gzip"]
    for name in (f"{part['sha256']}.gz", zipped["sha256"]):
        opaque = await stand.snapshots.blob(PROVIDER, name)
        assert isinstance(opaque, Opaque)
        data = b"".join([chunk async for chunk in opaque.stream(0, opaque.length)])
        assert (sha256(data).hexdigest(), len(data)) == (zipped["sha256"], zipped["bytes"])
        assert one_member(data) == raw
    lines = [loads(line) for line in raw.splitlines()]
    assert len(lines) == part["items"]
    return lines


def lite_of(document: dict[str, Any]) -> dict[str, Any]:
    channel = document["kind"] == "channel"
    names = ("logo", "number") if channel else ("poster", "rating", "year")
    return {name: document.get(name) for name in ("addedAt", "categoryId", "id", "kind", "name", *names)}


async def check_all(stand: Stand, catalogue: Catalogue, version: str, limits: tuple[int, ...] = LIMITS) -> None:
    check_document(await same_in_all(await stand.snapshots.document(PROVIDER, version)), catalogue, version)
    await check_view(stand, catalogue, version, limits, View.FULL)
    await check_view(stand, catalogue, version, limits[-1:], View.LITE)


async def check_view(stand: Stand, catalogue: Catalogue, version: str, limits: tuple[int, ...], view: View) -> None:
    everything: dict[Kind, list[Any]] = {kind: catalogue.active(kind) for kind in Kind}
    if view is View.LITE:
        everything = {kind: [lite_of(one) for one in items] for kind, items in everything.items()}
    document = loads(await same_in_all(await stand.snapshots.document(PROVIDER, version, view)))
    assert {kind: document[kind.plural] for kind in Kind} == everything
    assert document["moviesByCategory"] == catalogue.by_category(Kind.MOVIE)
    mixed = [one for kind in (Kind.CHANNEL, Kind.MOVIE, Kind.SERIES) for one in everything[kind]]
    assert await joined_lines(stand, version, None, view) == mixed
    assert await joined_parts(stand, version, view) == everything
    for kind in Kind:
        assert await joined_lines(stand, version, kind, view) == everything[kind]
    for limit in limits:
        assert await walk(stand, PageRequest(limit=limit, view=view), version) == everything
        for kind in Kind:
            only = {one: everything[one] if one is kind else [] for one in Kind}
            assert await walk(stand, PageRequest(limit=limit, kind=kind, view=view), version) == only


@pytest.mark.parametrize("counts", [(0, 0, 0), (1, 0, 2), (999, 1001, 1), (1000, 2000, 1000), (1310, 1345, 201)])
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
    max_examples=examples(12, short=4),
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
