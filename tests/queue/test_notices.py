import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from arq.connections import ArqRedis

from app.queue import notices
from app.queue.connection import connect
from app.queue.embedded import EmbeddedValkey
from app.queue.notices import RedisNotices

SECONDS = 10.0


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[ArqRedis]:
    pool = connect(redis_url)
    yield pool
    await pool.aclose()


async def heard_again(heard: asyncio.Event) -> None:
    async with asyncio.timeout(SECONDS):
        await heard.wait()
    heard.clear()


async def test_all_who_listen_to_a_topic_hear_a_call_and_no_others(redis: ArqRedis, redis_url: str) -> None:
    other = connect(redis_url)
    events = [asyncio.Event() for _ in range(3)]
    listening = [
        asyncio.create_task(RedisNotices(pool).listen(topic, event.set))
        for pool, topic, event in zip((redis, other, other), ("a", "a", "b"), events, strict=True)
    ]
    for event in events:
        await heard_again(event)  # the pause before anybody listened
    await RedisNotices(redis).call("a")
    await heard_again(events[0])
    await heard_again(events[1])
    assert not events[2].is_set()
    for task in listening:
        task.cancel()
    await asyncio.gather(*listening, return_exceptions=True)
    await other.aclose()


async def test_a_server_that_is_away_costs_the_call_and_is_listened_to_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "AGAIN_SECONDS", 0.05)
    server = EmbeddedValkey(tmp_path)
    await asyncio.to_thread(server.start)
    redis = connect(server.url)
    heard = asyncio.Event()
    listening = asyncio.create_task(RedisNotices(redis).listen("a", heard.set))
    await heard_again(heard)
    await asyncio.to_thread(server.stop)
    await RedisNotices(redis).call("a")
    await asyncio.to_thread(server.start)
    await heard_again(heard)
    await RedisNotices(redis).call("a")
    await heard_again(heard)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await redis.aclose()
    await asyncio.to_thread(server.stop)
