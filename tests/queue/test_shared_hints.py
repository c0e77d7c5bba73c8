import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from arq.connections import ArqRedis

from app.queue.connection import connect
from app.queue.hints import PREFIX, RedisHints


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[ArqRedis]:
    pool = connect(redis_url)
    yield pool
    await pool.aclose()


async def test_members_see_what_all_of_them_told(redis: ArqRedis, redis_url: str) -> None:
    other = connect(redis_url)
    one, two = RedisHints(redis), RedisHints(other)
    assert await one.share("host:a", "one", {"wants": 1}, ttl_seconds=5) == {"one": {"wants": 1}}
    assert await two.share("host:a", "two", {"wants": 2.5}, ttl_seconds=5) == {
        "one": {"wants": 1},
        "two": {"wants": 2.5},
    }
    assert await one.share("host:b", "one", {}, ttl_seconds=5) == {"one": {}}
    assert set(await one.share("host:a", "one", {"wants": 3}, ttl_seconds=5)) == {"one", "two"}
    await other.aclose()


async def test_each_member_goes_after_its_own_time_and_is_cleared_away(redis: ArqRedis) -> None:
    hints = RedisHints(redis)
    await hints.share("host:a", "brief", {}, ttl_seconds=0.05)
    await hints.share("host:a", "long", {}, ttl_seconds=60)
    found = await hints.share("host:a", "me", {}, ttl_seconds=60)
    deadline = time.monotonic() + 5
    while "brief" in found and time.monotonic() < deadline:
        await asyncio.sleep(0.02)
        found = await hints.share("host:a", "me", {}, ttl_seconds=1)
    assert set(found) == {"long", "me"}
    assert set(await redis.hkeys(PREFIX + "host:a")) == {b"long", b"me"}  # type: ignore[misc] # the client's own type
    assert 59_000 < await redis.pttl(PREFIX + "host:a") <= 60_000


async def test_what_is_broken_or_away_is_no_hint(redis: ArqRedis) -> None:
    await redis.hset(PREFIX + "host:a", mapping={"odd": "9999999999999 {", "none": "x", "list": "9999999999999 []"})  # type: ignore[misc] # the client's own type
    assert await RedisHints(redis).share("host:a", "me", {"b": 1}, ttl_seconds=5) == {"me": {"b": 1}}
    nowhere = connect("unix:///nowhere/at-all.sock")
    assert await RedisHints(nowhere).share("host:a", "me", {}, ttl_seconds=5) == {}
    await nowhere.aclose()
