import asyncio

import orjson
import pytest
from sqlalchemy import select, update
from sqlmodel import col

from app.core.clock import now_ms
from app.core.errors import NotFound, Unavailable
from app.db.tables import Episode, Season, Series
from app.domain.identity import episode_id
from tests.streams.conftest import Desk

DAY = 24 * 3_600_000


async def series_id(desk: Desk) -> str:
    async with desk.database.reader() as reader:
        return str(await reader.scalar(select(col(Series.id))))


async def age(desk: Desk, milliseconds: int) -> None:
    """Makes what is stored older."""
    then = now_ms() - milliseconds
    async with desk.database.writer() as writer:
        await writer.execute(update(Season).values(fetched_at=then))
        await writer.execute(
            update(Season).where(col(Season.episodes_fetched_at).is_not(None)).values(episodes_fetched_at=then)
        )


async def settled(desk: Desk, calls: int) -> None:
    for _ in range(100):
        if len(desk.provider.calls) >= calls:
            break
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.1)


async def test_seasons_are_asked_for_once(desk: Desk) -> None:
    series = await series_id(desk)
    documents, total = await desk.streams.seasons(series)
    assert (await desk.streams.seasons(series)) == (documents, total)
    assert desk.provider.calls == ["seasons 77"]
    first = orjson.loads(documents[0])
    assert set(first) == {"id", "seriesId", "number", "name", "description", "poster", "airDate", "episodeCount"}
    assert (first["number"], first["name"], first["seriesId"], total) == (1, "Season 1", series, 2)


async def test_episodes_have_ids_that_are_computed(desk: Desk) -> None:
    series = await series_id(desk)
    documents, total = await desk.streams.episodes(series, 2)
    assert desk.provider.calls == ["seasons 77", "episodes 77 s2"]
    first = orjson.loads(documents[0])
    assert first == {
        "id": episode_id(series, "2", "e1"),
        "seriesId": series,
        "season": 2,
        "number": 1,
        "name": "Episode 1",
        "description": None,
        "poster": None,
        "duration": None,
        "rating": None,
        "addedAt": "2024-05-02T08:11:12Z",
        "airDate": None,
        "stream": f"/api/episodes/{first['id']}/stream",
    }
    assert total == 3
    page, total = await desk.streams.episodes(series, 2, page=2, limit=2)
    assert (page, total) == (documents[2:], 3)
    assert len(desk.provider.calls) == 2


async def test_many_who_ask_at_once_make_one_call(desk: Desk) -> None:
    series = await series_id(desk)
    desk.provider.pause = 0.05
    answers = await asyncio.gather(*(desk.streams.episodes(series, 1) for _ in range(20)))
    assert all(answer == answers[0] for answer in answers)
    assert desk.provider.calls == ["seasons 77", "episodes 77 s1"]
    assert desk.provider.opened == 1


async def test_who_stops_waiting_stops_nobody_else(desk: Desk) -> None:
    series = await series_id(desk)
    desk.provider.pause = 0.1
    impatient = asyncio.create_task(desk.streams.seasons(series))
    patient = asyncio.create_task(desk.streams.seasons(series))
    await asyncio.sleep(0.03)
    impatient.cancel()
    assert (await patient)[1] == 2
    assert desk.provider.calls == ["seasons 77"]


async def test_an_old_copy_is_served_at_once_and_renewed_behind(desk: Desk) -> None:
    series = await series_id(desk)
    before, _ = await desk.streams.episodes(series, 1)
    await age(desk, DAY - 60_000)
    await desk.streams.episodes(series, 1)
    assert len(desk.provider.calls) == 2
    await age(desk, DAY + 60_000)
    desk.provider.title, desk.provider.pause = "Renamed", 0.1
    assert (await desk.streams.episodes(series, 1))[0] == before
    await settled(desk, 3)
    await asyncio.sleep(0.2)
    after, _ = await desk.streams.episodes(series, 1)
    assert orjson.loads(after[0])["name"] == "Renamed 1"
    assert orjson.loads(after[0])["id"] == orjson.loads(before[0])["id"]
    assert desk.provider.calls == ["seasons 77", "episodes 77 s1", "episodes 77 s1"]


async def test_an_old_copy_outlives_the_provider(desk: Desk) -> None:
    series = await series_id(desk)
    before = await desk.streams.seasons(series)
    await age(desk, 3 * DAY)
    desk.provider.error = Unavailable("The portal is away.")
    assert await desk.streams.seasons(series) == before
    await settled(desk, 2)
    assert await desk.streams.seasons(series) == before


async def test_without_a_copy_trouble_is_told(desk: Desk) -> None:
    series = await series_id(desk)
    desk.provider.error = Unavailable("The portal is away.")
    with pytest.raises(Unavailable):
        await desk.streams.seasons(series)
    desk.provider.error = None
    assert (await desk.streams.seasons(series))[1] == 2


async def test_renewed_seasons_remember_which_episodes_are_known(desk: Desk) -> None:
    series = await series_id(desk)
    await desk.streams.episodes(series, 1)
    await age(desk, 2 * DAY)
    desk.provider.numbers = [1, 3]
    await desk.streams.seasons(series)
    await settled(desk, 3)
    numbers = [orjson.loads(one)["number"] for one in (await desk.streams.seasons(series))[0]]
    assert numbers == [1, 3]
    async with desk.database.reader() as reader:
        rows = await reader.rows(select(col(Season.number), col(Season.episodes_fetched_at)))
        assert {row.number: row.episodes_fetched_at is not None for row in rows} == {1: True, 3: False}
        assert len(await reader.rows(select(col(Episode.id)))) == 3


async def test_a_season_that_does_not_exist_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound, match="season"):
        await desk.streams.episodes(await series_id(desk), 9)
    with pytest.raises(NotFound, match="series"):
        await desk.streams.seasons("nothing")
