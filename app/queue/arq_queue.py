"""The queue of job ids, on arq."""

from datetime import timedelta
from typing import Final

from arq.connections import ArqRedis
from arq.constants import in_progress_key_prefix, retry_key_prefix

from app.core.clock import now_ms
from app.queue.connection import QUEUE_NAME, reachable

HEALTH_PREFIX: Final = f"{QUEUE_NAME}:health:"
SCAN_COUNT: Final = 1000


class ArqQueue:
    """`JobQueue` on a pool from `connect`; whoever made the pool closes it."""

    def __init__(self, redis: ArqRedis) -> None:
        self._redis = redis

    async def enqueue(self, task: str, *args: str | int, job_id: str, delay_ms: int = 0) -> bool:
        """False when this `job_id` is already queued or running."""
        with reachable():
            return await self._add(task, *args, job_id=job_id, delay_ms=delay_ms)

    async def requeue(self, task: str, *args: str | int, job_id: str) -> bool:
        """Queues a job that no worker runs; one that waits keeps its place and is answered with False.

        Should a worker run it after all, the lease of the catalogue turns the second one away.
        """
        with reachable():
            await self._redis.delete(in_progress_key_prefix + job_id, retry_key_prefix + job_id)
            if await self._add(task, *args, job_id=job_id):
                return True
            # A place in the future is one that was given before the clock was set back: nobody would come to it.
            return bool(await self._redis.zadd(QUEUE_NAME, {job_id: now_ms()}, lt=True))

    async def hold(self, job_id: str, seconds: int) -> None:
        """Says that a worker runs the job for so long: a worker that is killed says it no more."""
        with reachable():
            await self._redis.psetex(in_progress_key_prefix + job_id, seconds * 1000, b"1")

    async def ping(self) -> None:
        """Raises `NotReady` when the queue cannot be reached."""
        with reachable():
            await self._redis.ping()

    async def workers_alive(self) -> bool:
        """Whether any worker reported its health lately."""
        with reachable():
            async for _ in self._redis.scan_iter(match=f"{HEALTH_PREFIX}*", count=SCAN_COUNT):
                return True
        return False

    async def workers(self) -> int:
        """How many workers reported their health lately."""
        with reachable():
            marks = self._redis.scan_iter(match=f"{HEALTH_PREFIX}*", count=SCAN_COUNT)
            return len({mark async for mark in marks})

    async def depth(self) -> int:
        """How many tasks wait or run; those that run stay in the queue until they end."""
        with reachable():
            return int(await self._redis.zcard(QUEUE_NAME))

    async def _add(self, task: str, *args: str | int, job_id: str, delay_ms: int = 0) -> bool:
        later = timedelta(milliseconds=delay_ms) if delay_ms else None
        return await self._redis.enqueue_job(task, *args, _job_id=job_id, _defer_by=later) is not None
