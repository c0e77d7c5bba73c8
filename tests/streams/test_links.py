import asyncio

import pytest
import structlog
from sqlalchemy import select
from sqlmodel import col

from app.core.errors import NotFound, Rejected
from app.db.tables import Channel, Movie, Series
from app.domain.kinds import Kind
from app.streams import sessions
from tests.streams.conftest import Desk


async def movie_id(desk: Desk) -> str:
    async with desk.database.reader() as reader:
        return str(await reader.scalar(select(col(Movie.id))))


async def test_a_link_is_resolved_each_time_in_one_session(desk: Desk) -> None:
    movie = await movie_id(desk)
    for _ in range(3):
        link = await desk.streams.item(Kind.MOVIE, movie)
        assert link.url == "http://cdn.test/movie?token=fake-token"
        assert link.headers == {"User-Agent": "box"}
    assert desk.provider.calls == ["resolve movie movie"] * 3
    assert (desk.provider.opened, desk.provider.closed) == (1, 0)


async def test_an_episode_plays_once_its_season_was_listed(desk: Desk) -> None:
    async with desk.database.reader() as reader:
        series = str(await reader.scalar(select(col(Series.id))))
    documents, _ = await desk.streams.episodes(series, 2)
    public = documents[1].decode().split('"id":"')[1].split('"')[0]
    assert (await desk.streams.episode(public)).url == "http://cdn.test/2:2?token=fake-token"
    assert desk.provider.calls[-1] == "resolve movie 2:2"
    with pytest.raises(NotFound):
        await desk.streams.episode("nothing")


async def test_a_channels_past_is_asked_of_its_provider(desk: Desk) -> None:
    async with desk.database.reader() as reader:
        channel = str(await reader.scalar(select(col(Channel.id))))
    link = await desk.streams.replay(channel, start_ms=60_000, minutes=30)
    assert link.url == "http://cdn.test/past/channel"
    assert desk.provider.calls == ["replay channel 60000 30"]
    desk.provider.archive = False
    with pytest.raises(NotFound):
        await desk.streams.replay(channel, start_ms=60_000, minutes=30)
    with pytest.raises(NotFound):
        await desk.streams.replay("nothing", start_ms=60_000, minutes=30)


async def test_what_does_not_exist_asks_nobody(desk: Desk) -> None:
    with pytest.raises(NotFound):
        await desk.streams.item(Kind.CHANNEL, await movie_id(desk))
    assert desk.provider.opened == 0


async def test_a_changed_account_gets_a_session_of_its_own(desk: Desk) -> None:
    movie = await movie_id(desk)
    desk.provider.pause = 0.1
    playing = asyncio.create_task(desk.streams.item(Kind.MOVIE, movie))
    await asyncio.sleep(0.05)
    desk.mac[0] = "00:1A:79:00:00:02"
    await desk.streams.item(Kind.MOVIE, movie)
    await playing
    assert (desk.provider.opened, desk.provider.closed) == (2, 1)


async def test_an_idle_session_is_closed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    movie = await movie_id(desk)
    await desk.streams.item(Kind.MOVIE, movie)
    monkeypatch.setattr(sessions, "IDLE_SECONDS", 0.0)
    await asyncio.sleep(0.01)
    await desk.streams.item(Kind.MOVIE, movie)
    assert (desk.provider.opened, desk.provider.closed) == (2, 1)


async def test_the_end_closes_what_is_open(desk: Desk) -> None:
    await desk.streams.item(Kind.MOVIE, await movie_id(desk))
    await desk.streams.close()
    assert (desk.provider.opened, desk.provider.closed) == (1, 1)


async def test_a_refusal_is_told_and_no_link_is_logged(desk: Desk) -> None:
    movie = await movie_id(desk)
    with structlog.testing.capture_logs() as logs:
        link = await desk.streams.item(Kind.MOVIE, movie)
        desk.provider.error = Rejected("The account has expired.")
        with pytest.raises(Rejected):
            await desk.streams.item(Kind.MOVIE, movie)
    assert "fake-token" not in repr(logs)
    assert "fake-token" not in repr(link)
