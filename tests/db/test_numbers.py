import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from sqlalchemy import text

from app.db import numbers
from app.db.engine import Database
from app.db.numbers import LARGEST, Numbered


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    found = Database(database_url)
    yield found
    await found.close()


async def given(database: Database, kind: str, ids: Sequence[str], series_id: str | None = None) -> dict[str, int]:
    async with database.writer() as writer:
        await numbers.assign(writer, kind, ids, series_id)
    async with database.reader() as reader:
        return await numbers.known(reader, ids)


async def test_a_number_is_given_once_and_stays(database: Database) -> None:
    first = await given(database, "channel", ["a", "b", "c"])
    again = await given(database, "channel", ["d", "c", "a", "e"])
    assert list(first.values()) == sorted(first.values())
    assert {name: again[name] for name in "ac"} == {name: first[name] for name in "ac"}
    assert len({*first.values(), *again.values()}) == 5
    assert await given(database, "movie", ["a"]) == {"a": first["a"]}


async def test_numbers_of_what_is_new_follow_without_gaps(database: Database) -> None:
    await given(database, "channel", ["a", "b"])
    assert (await given(database, "channel", ["a", "b", "c"]))["c"] == 3


async def test_a_number_tells_what_it_stands_for(database: Database) -> None:
    found = await given(database, "episode", ["e"], "s")
    async with database.reader() as reader:
        assert await numbers.named(reader, found["e"]) == Numbered("e", "episode", "s")
        for nothing in (0, -1, found["e"] + 1, LARGEST + 1, 2**80):
            assert await numbers.named(reader, nothing) is None


async def test_those_who_number_at_once_agree(database: Database) -> None:
    ids = [f"id{place}" for place in range(200)]
    found = await asyncio.gather(*(given(database, "movie", ids[shift:] + ids[:shift]) for shift in range(0, 100, 20)))
    assert all(one == found[0] for one in found)
    assert len(set(found[0].values())) == len(ids)


async def test_no_number_is_larger_than_players_can_hold(database: Database) -> None:
    async with database.writer() as writer:
        statement = "INSERT INTO player_number (number, id, kind) VALUES (:number, 'last', 'movie')"
        await writer.execute(text(statement), {"number": LARGEST})
    async with database.reader() as reader:
        found = await numbers.named(reader, LARGEST)
    assert found == Numbered("last", "movie", None)
