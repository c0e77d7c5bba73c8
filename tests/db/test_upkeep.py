"""What a night does to the database."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.db import upkeep
from app.db.engine import Database, DatabaseAway


async def fill_and_empty(url: str) -> None:
    """Leaves some 400 kB unused."""
    database = Database(url)
    async with database.writer() as writer:
        await writer.execute(text("CREATE TABLE heap (x text)"))
        await writer.execute(text("INSERT INTO heap VALUES (:x)"), [{"x": "x" * 4000}] * 100)
    async with database.writer() as writer:
        await writer.execute(text("DELETE FROM heap"))
    await database.close()


async def test_unused_space_is_given_back_when_nobody_works(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    await fill_and_empty(sqlite_url)
    size = file.stat().st_size
    assert not await upkeep.keep_in_shape(sqlite_url, quiet=True)  # not worth it
    monkeypatch.setattr(upkeep, "WORTH_BYTES", 100_000)
    monkeypatch.setattr(upkeep, "HOLLOW", 0.01)
    assert not await upkeep.keep_in_shape(sqlite_url, quiet=False)
    assert file.stat().st_size == size
    assert await upkeep.keep_in_shape(sqlite_url, quiet=True)
    assert file.stat().st_size < size - 100_000
    assert not await upkeep.keep_in_shape(sqlite_url, quiet=True)


async def test_statistics_are_renewed(database_url: str) -> None:
    database = Database(database_url)
    async with database.writer() as writer:
        await writer.execute(text("CREATE TABLE heap (x integer PRIMARY KEY)"))
        await writer.execute(text("INSERT INTO heap VALUES (:x)"), [{"x": number} for number in range(100)])
    assert not await upkeep.keep_in_shape(database_url, quiet=False)
    asked = "SELECT count(*) FROM " + ("sqlite_stat1" if database.sqlite else "pg_stats WHERE schemaname = 'public'")
    async with database.reader() as reader:
        assert await reader.scalar(text(asked)) > 0
    await database.close()


async def test_what_is_in_the_way_is_told_and_costs_nothing(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(_: str) -> None:
        raise OperationalError("VACUUM", {}, Exception("database or disk is full"))

    monkeypatch.setattr(upkeep, "analyze", full)
    with pytest.raises(DatabaseAway, match="disk is full"):
        await upkeep.keep_in_shape(sqlite_url, quiet=True)
