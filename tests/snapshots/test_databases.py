import asyncio
import gzip
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from app.core.errors import NotFound, NotReady
from app.core.jsonio import loads
from app.domain.kinds import Kind
from app.snapshots.databases import DatabaseBuilding, Databases
from app.snapshots.files import Opaque
from app.snapshots.makers import Role
from app.snapshots.retention import Keep, sweep
from app.snapshots.sqlite_file import write_database
from app.snapshots.sqlite_schema import CATEGORY, COLUMNS, LIST, Flavor
from app.snapshots.views import View
from tests.snapshots.catalogue import PROVIDER, Catalogue, Item, simple
from tests.snapshots.conftest import Stand, content, named, stored

PATIENCE = 60.0


@pytest.fixture
async def databases(stand: Stand) -> AsyncIterator[Databases]:
    made = Databases(stand.database, stand.artifacts, patience=PATIENCE)
    yield made
    await made.close()


async def get(
    stand: Stand,
    databases: Databases,
    version: str | None = None,
    flavor: Flavor = Flavor.FTS5,
    *,
    packed: bool = False,
) -> Opaque:
    edition = await stand.snapshots.edition(PROVIDER, version)
    return await databases.get(edition, flavor, gzip=packed, pinned=version is not None)


async def fetched(file: Opaque) -> bytes:
    data = b"".join([chunk async for chunk in file.stream(0, file.length)])
    assert len(data) == file.length
    return data


@asynccontextmanager
async def opened(folder: Path, file: Opaque) -> AsyncIterator[sqlite3.Connection]:
    path = folder / f"{file.sha256}.sqlite"
    path.write_bytes(await fetched(file))
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as base:
        base.row_factory = sqlite3.Row
        yield base


def told(base: sqlite3.Connection, kind: Kind) -> Iterator[dict[str, Any]]:
    """The rows of a table as documents."""
    lists = [name for name, column in COLUMNS[kind].items() if column == LIST]
    shared = {"kind": kind.value, "isActive": True}
    for row in base.execute(f"SELECT * FROM {kind} ORDER BY place"):
        found = {name: row[name] for name in COLUMNS[kind] if row[name] is not None}
        yield {**found, **{name: loads(found[name]) for name in lists}, **shared}


def plain(document: dict[str, Any], kind: Kind) -> dict[str, Any]:
    """A document as a row can tell it: what is unknown is left out, empty lists stand."""
    empty: dict[str, Any] = {name: [] for name, column in COLUMNS[kind].items() if column == LIST}
    return empty | {name: value for name, value in document.items() if value is not None}


def members(base: sqlite3.Connection, kind: Kind) -> dict[str, list[str]]:
    lists: dict[str, list[str]] = {}
    query = (
        f"SELECT m.categoryId, i.id FROM item_category m JOIN category c ON c.id = m.categoryId JOIN {kind} i "
        "ON i.place = m.place WHERE c.kind = ? ORDER BY m.categoryId, m.place"
    )
    for category, item in base.execute(query, [kind.value]):
        lists.setdefault(category, []).append(item)
    return lists


@pytest.mark.parametrize("flavor", Flavor)
async def test_rows_are_the_items_of_lines_and_document(
    stand: Stand, databases: Databases, tmp_path: Path, flavor: Flavor
) -> None:
    version = await stand.publish(simple(150, 230, 70))
    document = loads(await stand.document(gzip=False))
    lines = await content(await stand.snapshots.lines(PROVIDER, version, None, View.FULL), gzip=False)
    items = [one for one in map(loads, lines.splitlines()) if one["kind"] in tuple(Kind)]
    async with opened(tmp_path, await get(stand, databases, flavor=flavor)) as base:
        for kind in Kind:
            rows = list(told(base, kind))
            assert rows == [plain(one, kind) for one in document[kind.plural]]
            assert rows == [plain(one, kind) for one in items if one["kind"] == kind]
            by_category = {name: ids for name, ids in document[f"{kind.plural}ByCategory"].items() if name}
            assert members(base, kind) == by_category
        categories = [{name: row[name] for name in CATEGORY} for row in base.execute("SELECT * FROM category")]
        assert categories == [{name: one[name] for name in CATEGORY} for one in document["categories"]]
        meta = dict(map(tuple, base.execute("SELECT * FROM meta")))
        provider = {f"provider{name.title()}": value for name, value in document["provider"].items()}
        head = {"version": version, "generatedAt": document["generatedAt"], "flavor": flavor.value}
        assert meta == {**head, **provider}
        assert [tuple(row) for row in base.execute("PRAGMA integrity_check")] == [("ok",)]


async def test_a_database_is_of_its_version_however_far_the_tables_went(
    stand: Stand, databases: Databases, tmp_path: Path
) -> None:
    first = await stand.publish(Catalogue([Item(Kind.MOVIE, 0, "Élite"), Item(Kind.MOVIE, 1, "Gone")]))
    await stand.publish(Catalogue([Item(Kind.MOVIE, 0, "Renamed")]))
    async with opened(tmp_path, await get(stand, databases, first)) as base:
        assert [row["name"] for row in base.execute("SELECT name FROM movie ORDER BY place")] == ["Élite", "Gone"]
        found = base.execute("SELECT rowid FROM movie_fts WHERE movie_fts MATCH 'elite'").fetchall()
        assert [row["rowid"] for row in found] == [1]
    async with opened(tmp_path, await get(stand, databases)) as base:
        assert [row["name"] for row in base.execute("SELECT name FROM movie")] == ["Renamed"]


async def test_the_gzip_file_is_one_member_of_the_same_bytes(stand: Stand, databases: Databases) -> None:
    await stand.publish(simple(10, 500, 10))
    file, packed = await get(stand, databases), await get(stand, databases, packed=True)
    assert gzip.decompress(await fetched(packed)) == await fetched(file)
    assert packed.length < file.length / 2


async def test_an_empty_catalogue_has_empty_tables(stand: Stand, databases: Databases, tmp_path: Path) -> None:
    await stand.publish(Catalogue())
    async with opened(tmp_path, await get(stand, databases)) as base:
        assert [base.execute(f"SELECT count(*) FROM {kind}").fetchone()[0] for kind in Kind] == [0, 0, 0]


async def test_all_who_ask_at_once_wait_for_one_building(
    stand: Stand, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stand.publish(simple(5, 5, 5))
    written: list[Flavor] = []

    async def counted(path: Path, flavor: Flavor, *rest: Any) -> None:
        written.append(flavor)
        await write_database(path, flavor, *rest)

    monkeypatch.setattr("app.snapshots.databases.write_database", counted)
    files = await asyncio.gather(*(get(stand, databases, packed=number % 2 == 0) for number in range(10)))
    assert len({file.sha256 for file in files}) == 2
    await get(stand, databases, "k7f2.1")
    assert written == [Flavor.FTS5]


async def test_who_would_wait_too_long_is_told_to_come_back(stand: Stand) -> None:
    await stand.publish(simple(5, 5, 5))
    hurried = Databases(stand.database, stand.artifacts, patience=0)
    with pytest.raises(DatabaseBuilding) as told_off:
        await get(stand, hurried)
    assert (told_off.value.code, told_off.value.retry_after) == ("building", 5)
    await asyncio.gather(*hurried._building.values())
    assert (await get(stand, hurried)).length > 0
    await hurried.close()


async def test_a_building_that_is_stopped_leaves_nothing(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await stand.publish(simple(50, 500, 50))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "building"))
    (tmp_path / "building").mkdir()
    before, stopped = stored(stand), Databases(stand.database, stand.artifacts, patience=0)
    with pytest.raises(DatabaseBuilding):
        await get(stand, stopped)
    await stopped.close()
    assert stored(stand) == before
    assert list((tmp_path / "building").iterdir()) == []


async def test_a_failure_is_told_and_tried_again(
    stand: Stand, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stand.publish(simple(5, 5, 5))
    with monkeypatch.context() as broken:
        broken.setattr("tempfile.tempdir", "/nonexistent")
        with pytest.raises(NotReady, match="could not be built"):
            await get(stand, databases)
    assert (await get(stand, databases)).length > 0


async def test_a_lost_database_is_built_again_and_no_version_is_made_for_it(stand: Stand, databases: Databases) -> None:
    version = await stand.publish(simple(5, 5, 5))
    file = await get(stand, databases)
    await stand.artifacts.delete(file.sha256)
    assert await stand.publish() is None
    again = await get(stand, databases)
    assert await fetched(again)
    assert (again.sha256, again.version) == (file.sha256, version)


async def test_another_process_makes_the_same_bytes(stand: Stand, databases: Databases) -> None:
    await stand.publish(simple(50, 60, 70))
    other = Databases(stand.database, stand.artifacts, patience=PATIENCE)
    one, two = await asyncio.gather(get(stand, databases), get(stand, other))
    assert one.sha256 == two.sha256
    assert await named(stand, Role.SQLITE) == [one.sha256]


async def test_databases_live_as_long_as_their_version(stand: Stand, databases: Databases) -> None:
    await stand.publish(simple(5, 5, 5))
    file = await get(stand, databases)
    await sweep(stand.database, stand.artifacts, seconds=-1)
    assert await fetched(file)
    stand.publisher._keep = Keep(versions=1, hours=0, grace_hours=0)
    await stand.publish(simple(6, 6, 6))
    await sweep(stand.database, stand.artifacts, seconds=-1)
    with pytest.raises(NotFound):
        await fetched(file)


async def test_a_manifest_lists_what_is_ready_and_a_pinned_one_never_changes(
    stand: Stand, databases: Databases
) -> None:
    version = await stand.publish(simple(5, 5, 5))
    before = await content(await stand.snapshots.manifest(PROVIDER, version, View.FULL), gzip=False)
    unpinned = await stand.snapshots.manifest(PROVIDER, None, View.FULL)
    assert loads(await content(unpinned, gzip=False))["sqlite"] == []
    file = await get(stand, databases)
    ready = await stand.snapshots.manifest(PROVIDER, None, View.FULL)
    assert loads(await content(ready, gzip=False))["sqlite"] == [
        {"flavor": "fts5", "sha256": file.sha256, "bytes": file.length}
    ]
    assert ready.name != unpinned.name
    assert await content(await stand.snapshots.manifest(PROVIDER, version, View.FULL), gzip=False) == before
    fresh = type(stand.snapshots)(stand.database, stand.artifacts)
    assert await content(await fresh.manifest(PROVIDER, version, View.FULL), gzip=False) == before


async def test_a_database_is_a_blob_in_both_forms(stand: Stand, databases: Databases) -> None:
    await stand.publish(simple(5, 5, 5))
    file, packed = await get(stand, databases), await get(stand, databases, packed=True)
    for name, form in ((file.sha256, file), (f"{file.sha256}.gz", packed), (f"{packed.sha256}.gz", packed)):
        blob = await stand.snapshots.blob(PROVIDER, name)
        assert isinstance(blob, Opaque)
        assert (blob.sha256, blob.length, blob.media_type) == (form.sha256, form.length, form.media_type)


async def test_no_credential_is_in_a_database(stand: Stand, databases: Databases) -> None:
    await stand.publish(simple(5, 5, 5))
    for flavor in Flavor:
        data = await fetched(await get(stand, databases, flavor=flavor))
        assert b"fake-password" not in data
        assert b"sealed" not in data
        assert b"portal.test" not in data
