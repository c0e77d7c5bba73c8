"""Backups of one state, and what comes back of them; on both databases."""

import asyncio
import sqlite3
import stat
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from zipfile import ZipFile

import pytest
from sqlalchemy import func, select, text, update
from sqlmodel import col

from app.access.keys import Keys
from app.core.errors import Conflict, Invalid, LineupError
from app.db import copies, migrate
from app.db.engine import Database
from app.db.tables import CatalogueHead, Change, Playlist, Provider, metadata
from app.domain.access import KeyScope
from app.registry.backups import back_up, restore
from tests.snapshots.catalogue import PROVIDER, simple
from tests.snapshots.conftest import Stand, open_stand
from tests.support.postgres import PostgresServer

OLD, NEW = simple(30, 20, 10), simple(31, 19, 12)
MARK = "k7f2.1"


@pytest.fixture
async def stand(database_url: str, tmp_path: Path) -> AsyncIterator[Stand]:
    made = await open_stand(database_url, tmp_path / "artifacts")
    yield made
    await made.database.close()


async def contents(database: Database) -> dict[str, list[str]]:
    """Every row of every table, in no order."""
    async with database.reader() as reader:
        return {
            name: sorted(map(repr, map(tuple, await reader.rows(select(table)))))
            for name, table in metadata.tables.items()
        }


async def renamed(database: Database, name: str) -> None:
    async with database.writer() as writer:
        await writer.execute(update(Provider).values(name=name))


async def test_what_was_backed_up_comes_back(stand: Stand, database_url: str, tmp_path: Path) -> None:
    assert await stand.publish(OLD) == MARK
    _, word = await Keys(stand.database).create("phone", KeyScope.READ)
    file = tmp_path / "lineup.backup"
    made = await back_up(database_url, file)
    assert (made.revision, made.bytes) == (migrate.head_revision(), file.stat().st_size)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = await contents(stand.database)

    await stand.publish(NEW)
    await renamed(stand.database, "since then")
    await stand.database.close()
    assert await restore(database_url, file) == 1

    again = await open_stand(database_url, tmp_path / "artifacts")
    try:
        after = await contents(again.database)
        history = {"catalogue_head", "change", "publication", "snapshot", "snapshot_file"}
        assert {name for name in before if before[name] != after[name]} <= history
        assert after["change"] == after["snapshot"] == after["snapshot_file"] == after["publication"] == []
        version = await again.publish()
        assert version is not None
        assert version.endswith(".1")
        assert not version.startswith("k7f2.")  # phones that know a later k7f2.2 start anew
        keys = Keys(again.database)
        await keys.load()
        assert keys.find(word.encode()) is not None
        await keys.close()
        assert await migrate.check(database_url) == []
    finally:
        await again.database.close()


async def test_the_document_is_the_one_that_was_backed_up(stand: Stand, database_url: str, tmp_path: Path) -> None:
    await stand.publish(OLD)
    wanted = (await stand.document(gzip=False)).partition(b'"provider"')[2]
    await back_up(database_url, tmp_path / "file")
    await stand.publish(NEW)
    await stand.database.close()
    await restore(database_url, tmp_path / "file")
    again = await open_stand(database_url, tmp_path / "artifacts")
    try:
        await again.publish()
        assert (await again.document(gzip=False)).partition(b'"provider"')[2] == wanted
    finally:
        await again.database.close()


async def test_a_backup_is_of_one_state_while_others_write(stand: Stand, database_url: str, tmp_path: Path) -> None:
    over = asyncio.Event()

    async def write() -> None:
        number = 0
        while not over.is_set():
            number += 1
            async with stand.database.writer() as writer:
                await writer.execute(update(Provider).values(name=str(number), updated_at=number))
                await writer.execute(update(CatalogueHead).values(fence=number))
            await asyncio.sleep(0)

    writing = asyncio.create_task(write())
    try:
        for place in range(3):
            await asyncio.sleep(0.05)
            await back_up(database_url, tmp_path / f"{place}")
    finally:
        over.set()
        await writing
    await stand.database.close()
    for place in range(3):
        await restore(database_url, tmp_path / f"{place}")
        database = Database(database_url)
        async with database.reader() as reader:
            name = await reader.scalar(select(col(Provider.name)))
            fence = await reader.scalar(select(col(CatalogueHead.fence)))
        await database.close()
        assert int(name) == fence - 1  # nobody's lease since the restore


async def test_new_rows_get_keys_of_their_own_after_a_restore(stand: Stand, database_url: str, tmp_path: Path) -> None:
    await back_up(database_url, tmp_path / "file")
    await stand.database.close()
    await restore(database_url, tmp_path / "file")
    again = await open_stand(database_url, tmp_path / "artifacts")
    try:
        async with again.database.writer() as writer:
            copied = "name, kind, url, address, credentials, credential_names, options, enabled, created_at, updated_at"
            zero = "breaker_refusals, breaker_trips"
            await writer.execute(
                text(f"INSERT INTO provider (id, {copied}, {zero}) SELECT 'another', {copied}, {zero} FROM provider")
            )
            assert await writer.scalar(select(func.count()).select_from(Provider)) == 2
    finally:
        await again.database.close()


async def test_a_key_that_was_revoked_since_stays_revoked(stand: Stand, database_url: str, tmp_path: Path) -> None:
    keys = Keys(stand.database)
    _, lost = await keys.create("lost", KeyScope.ADMIN)
    await back_up(database_url, tmp_path / "file")
    await keys.revoke("lost")
    await keys.close()
    await stand.database.close()
    await restore(database_url, tmp_path / "file")
    database = Database(database_url)
    again = Keys(database)
    await again.load()
    assert again.find(lost.encode()) is None
    assert again.needed
    await again.close()
    await database.close()


async def test_a_backup_of_an_older_release_is_upgraded(stand: Stand, database_url: str, tmp_path: Path) -> None:
    await stand.publish(OLD)
    await stand.database.close()
    await migrate.downgrade(database_url, "0009")
    await back_up(database_url, tmp_path / "file")
    await migrate.upgrade(database_url)
    await restore(database_url, tmp_path / "file")
    assert await migrate.check(database_url) == []
    database = Database(database_url)
    async with database.reader() as reader:
        assert await reader.scalar(select(col(Provider.id))) == PROVIDER
    await database.close()


async def test_a_restore_that_fails_changes_nothing(
    stand: Stand, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stand.publish(OLD)
    await back_up(database_url, tmp_path / "file")
    await renamed(stand.database, "since then")
    before = await contents(stand.database)
    await stand.database.close()

    async def fails(*_: object) -> int:
        raise LineupError("no space left on device")

    monkeypatch.setattr("app.registry.backups.begin_again", fails)
    with pytest.raises(LineupError, match="no space"):
        await restore(database_url, tmp_path / "file")
    database = Database(database_url)
    assert await contents(database) == before
    await database.close()
    assert not [one for one in tmp_path.iterdir() if one.name.startswith(".")]


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04nonsense", copies.HEADER + b"nonsense" * 100])
async def test_what_is_no_backup_is_refused(stand: Stand, database_url: str, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    before = await contents(stand.database)
    with pytest.raises(Invalid, match="FILE"):
        await restore(database_url, file)
    assert await contents(stand.database) == before


async def test_a_backup_of_a_newer_release_is_refused(stand: Stand, database_url: str, tmp_path: Path) -> None:
    async with stand.database.writer() as writer:
        await writer.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await back_up(database_url, tmp_path / "file")
    with pytest.raises(Invalid, match="newer release"):
        await restore(database_url, tmp_path / "file", force=True)


async def test_a_backup_that_fails_leaves_the_one_before(
    stand: Stand, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"the one before")

    def full(*_: object) -> None:
        raise LineupError("no space left on device")

    monkeypatch.setattr(copies, "copy", full)
    monkeypatch.setattr("app.db.dumps.manifest_of", full)
    with pytest.raises(LineupError, match="no space"):
        await back_up(database_url, file)
    assert file.read_bytes() == b"the one before"
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []


async def test_a_dump_that_was_damaged_changes_nothing(postgres_url: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    await back_up(postgres_url, file)
    with ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for broken in (parts["provider.copy"][:-9], b"", b"nonsense"):
        with ZipFile(file, "w") as archive:
            for name, content in (parts | {"provider.copy": broken}).items():
                archive.writestr(name, content)
        with pytest.raises(LineupError, match="damaged"):
            await restore(postgres_url, file)
    assert await migrate.check(postgres_url) == []


async def test_the_database_is_no_place_for_its_backup(sqlite_url: str) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    with pytest.raises(Invalid, match="the database itself"):
        await back_up(sqlite_url, file)


async def test_a_damaged_copy_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "damaged.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.executemany("INSERT INTO t VALUES (?)", [("x" * 500,)] * 500)
        connection.commit()
    with file.open("r+b") as opened:
        opened.seek(40_960)
        opened.write(b"\xff" * 8_192)
    with pytest.raises(LineupError, match="damaged|no database"):
        copies.settle(file)


async def test_nothing_is_replaced_under_those_who_use_it(
    postgres_server: PostgresServer, postgres_url: str, tmp_path: Path
) -> None:
    await back_up(postgres_url, tmp_path / "file")
    database = Database(postgres_url)
    async with database.reader() as reader:
        await reader.scalar(text("SELECT 1"))
        with pytest.raises(Conflict, match="1 other connections"):
            await restore(postgres_url, tmp_path / "file")
    await database.close()


async def test_kinds_of_databases_are_not_mixed(sqlite_url: str, postgres_url: str, tmp_path: Path) -> None:
    await back_up(sqlite_url, tmp_path / "file")
    with pytest.raises(Invalid, match="SQLite"):
        await restore(postgres_url, tmp_path / "file")
    await back_up(postgres_url, tmp_path / "dump")
    with pytest.raises(Invalid, match="Postgres"):
        await restore(sqlite_url, tmp_path / "dump")


def test_history_is_what_tells_of_versions() -> None:
    told = {name for name, table in metadata.tables.items() if {"epoch", "version"} <= set(table.columns.keys())}
    assert told == {"catalogue_head", "publication", "snapshot", "snapshot_file"}
    assert "version" in Change.model_fields
    assert "epoch" not in Playlist.model_fields
