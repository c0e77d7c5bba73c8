"""Limits that processes share."""

from collections.abc import AsyncIterator

import pytest
from arq.connections import ArqRedis

from app.queue.connection import connect
from app.queue.quotas import RedisQuotas


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[ArqRedis]:
    found = connect(redis_url)
    yield found
    await found.aclose()


async def test_processes_count_together(redis: ArqRedis) -> None:
    one, other = RedisQuotas(redis), RedisQuotas(redis)
    assert [await quotas.take("k", per_minute=4) for quotas in (one, other, one, other)] == [0, 0, 0, 0]
    for quotas in (one, other):
        assert 14 < await quotas.take("k", per_minute=4) <= 15
        assert await quotas.take("another", per_minute=4) == 0


async def test_nothing_is_left_when_the_minute_is_over(redis: ArqRedis) -> None:
    quotas = RedisQuotas(redis)
    await quotas.take("k", per_minute=2)
    assert 0 < await redis.pttl("lineup:rate:k") <= 30_000


async def test_each_counts_for_itself_while_the_server_is_away() -> None:
    away = connect("redis://127.0.0.1:1/0")
    quotas = RedisQuotas(away)
    assert [await quotas.take("k", per_minute=2) for _ in range(2)] == [0, 0]
    assert await quotas.take("k", per_minute=2) > 0
    await away.aclose()
