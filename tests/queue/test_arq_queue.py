import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from arq.connections import ArqRedis
from arq.constants import in_progress_key_prefix, job_key_prefix
from arq.worker import Worker, func

from app.core.errors import Misconfigured, NotReady
from app.queue.arq_queue import HEALTH_PREFIX, ArqQueue
from app.queue.connection import QUEUE_NAME, connect, encode
from app.queue.hints import PREFIX, RedisHints


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[ArqRedis]:
    pool = connect(redis_url)
    yield pool
    await pool.aclose()


@pytest.fixture
def queue(redis: ArqRedis) -> ArqQueue:
    return ArqQueue(redis)


@pytest.fixture
async def nowhere() -> AsyncIterator[ArqRedis]:
    pool = connect("unix:///nowhere/at-all.sock")
    yield pool
    await pool.aclose()


async def waiting(redis: ArqRedis) -> list[str]:
    return [name.decode() for name in await redis.zrange(QUEUE_NAME, 0, -1)]


async def work_through(redis_url: str, ran: list[str]) -> None:
    async def sync(ctx: dict[str, object], job_id: str) -> None:
        ran.append(job_id)

    pool = connect(redis_url)
    worker = Worker(
        functions=[func(sync, name="sync")],
        redis_pool=pool,
        queue_name=QUEUE_NAME,
        burst=True,
        handle_signals=False,
        keep_result=0,
        poll_delay=0.01,
        job_serializer=pool.job_serializer,
        job_deserializer=pool.job_deserializer,
    )
    await worker.async_run()
    await pool.aclose()


async def test_a_job_is_queued_once(queue: ArqQueue, redis: ArqRedis) -> None:
    assert await queue.enqueue("sync", "a", job_id="a")
    assert not await queue.enqueue("sync", "a", job_id="a")
    assert await waiting(redis) == ["a"]


async def test_a_job_can_be_queued_again_right_after_it_ran(queue: ArqQueue, redis_url: str) -> None:
    ran: list[str] = []
    for _ in range(2):
        assert await queue.enqueue("sync", "a", job_id="a")
        await work_through(redis_url, ran)
    assert ran == ["a", "a"]


async def test_a_delayed_job_waits(queue: ArqQueue, redis: ArqRedis) -> None:
    await queue.enqueue("sync", "a", job_id="a", delay_ms=60_000)
    assert await redis.zscore(QUEUE_NAME, "a") > time.time() * 1000 + 50_000


async def test_what_is_queued_is_json(queue: ArqQueue, redis: ArqRedis) -> None:
    await queue.enqueue("sync", "a", job_id="a")
    assert (await redis.get(job_key_prefix + "a")).startswith(b'{"t":null,"f":"sync","a":["a"]')


async def test_of_an_error_only_its_name_is_stored() -> None:
    assert encode({"r": ValueError("mac=00:1A:79:00:00:00")}) == b'{"r":"ValueError"}'


async def test_a_job_that_waits_for_a_time_before_the_clock_was_set_back_is_due_at_once(
    queue: ArqQueue, redis: ArqRedis, redis_url: str
) -> None:
    await queue.enqueue("sync", "a", job_id="a", delay_ms=7_200_000)
    assert not await queue.requeue("sync", "a", job_id="a")
    ran: list[str] = []
    await work_through(redis_url, ran)
    assert ran == ["a"]


async def test_a_job_of_a_killed_worker_runs_when_it_is_queued_again(queue: ArqQueue, redis_url: str) -> None:
    await queue.enqueue("sync", "a", job_id="a")
    await queue.hold("a", 3600)
    assert not await queue.requeue("sync", "a", job_id="a")
    ran: list[str] = []
    await work_through(redis_url, ran)
    assert ran == ["a"]


async def test_a_job_that_the_queue_lost_in_part_is_whole_again(queue: ArqQueue, redis: ArqRedis) -> None:
    await queue.enqueue("sync", "a", job_id="a")
    await redis.zrem(QUEUE_NAME, "a")
    assert await queue.requeue("sync", "a", job_id="a")
    await redis.flushdb()
    assert await queue.requeue("sync", "a", job_id="a")
    assert await waiting(redis) == ["a"]


async def test_a_waiting_job_keeps_its_place_when_it_is_queued_again(queue: ArqQueue, redis: ArqRedis) -> None:
    for job_id in ("a", "b"):
        await queue.enqueue("sync", job_id, job_id=job_id)
        await asyncio.sleep(0.005)
    assert not await queue.requeue("sync", "a", job_id="a")
    assert await waiting(redis) == ["a", "b"]


async def test_a_hold_runs_out_by_itself(queue: ArqQueue, redis: ArqRedis) -> None:
    await queue.hold("a", 1)
    assert 0 < await redis.pttl(in_progress_key_prefix + "a") <= 1000


async def test_workers_are_alive_while_one_reports(queue: ArqQueue, redis: ArqRedis) -> None:
    assert not await queue.workers_alive()
    await redis.set(f"{HEALTH_PREFIX}w1", b"fine", ex=16)
    assert await queue.workers_alive()


async def test_a_queue_that_is_away_is_not_ready(nowhere: ArqRedis) -> None:
    queue = ArqQueue(nowhere)
    calls = (
        queue.ping(),
        queue.enqueue("sync", "a", job_id="a"),
        queue.requeue("sync", "a", job_id="a"),
        queue.hold("a", 1),
        queue.workers_alive(),
    )
    for call in calls:
        with pytest.raises(NotReady) as refused:
            await call
        assert refused.value.code == "queue_unavailable"


@pytest.mark.parametrize("url", ["http://queue.example", "nonsense", "redis://queue.example:port"])
def test_a_url_that_is_none_names_its_variable(url: str) -> None:
    with pytest.raises(Misconfigured, match="LINEUP_REDIS_URL"):
        connect(url)


async def test_hints_are_kept_for_a_while(redis: ArqRedis) -> None:
    hints = RedisHints(redis)
    assert await hints.get("job:a") is None
    await hints.put("job:a", {"progress": 7}, ttl_seconds=60)
    assert await hints.get("job:a") == {"progress": 7}
    assert 0 < await redis.ttl(PREFIX + "job:a") <= 60


async def test_hints_that_are_broken_or_away_are_no_hints(redis: ArqRedis, nowhere: ArqRedis) -> None:
    await redis.set(PREFIX + "job:a", b"{")
    assert await RedisHints(redis).get("job:a") is None
    await RedisHints(nowhere).put("job:a", {}, ttl_seconds=1)
    assert await RedisHints(nowhere).get("job:a") is None
