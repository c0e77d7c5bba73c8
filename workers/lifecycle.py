"""A worker's life: inside another process or as its own."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Final

import structlog
from arq.connections import ArqRedis
from arq.worker import Worker

from app.config import Settings
from app.context import ProcessContext, open_context
from app.core.errors import NotReady
from app.core.memory import calm_collector
from app.core.pauses import pause
from app.jobs.reaper import Reaper
from app.queue.connection import AWAY, connect
from workers.runtime import supervised
from workers.settings import build_worker

CANCEL_SECONDS: Final = 0.5
CLOCK_SECONDS: Final = 1.0
JUMP_SECONDS: Final = 5.0  # less is no more than a clock that is kept right
REPAIR_SECONDS: Final = 10.0

log = structlog.get_logger(__name__)


def repairs(context: ProcessContext) -> AbstractAsyncContextManager[None]:
    """What a server does beside the block whose workers are elsewhere: jobs do not wait for a worker to be given up."""
    return supervised(partial(_repair, context))


async def _repair(context: ProcessContext, over: asyncio.Event) -> None:
    reaper = Reaper(context.database, context.queue)
    while not await pause(over, REPAIR_SECONDS):
        try:
            await reaper.tick()
        except NotReady as error:
            log.warning("repairs_missed", reason=error.detail)


def embedded_worker(context: ProcessContext) -> AbstractAsyncContextManager[None]:
    """Runs a worker beside the block. When the block ends, running jobs go back to the queue within moments."""
    calm_collector()
    return supervised(partial(_work, context))


async def run_worker(settings: Settings) -> None:
    """A worker process, until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    async with open_context(settings) as context, embedded_worker(context):
        await stop.wait()


async def _work(context: ProcessContext, over: asyncio.Event) -> None:
    if context.queue_server is not None:
        await asyncio.to_thread(context.queue_server.start)  # it may have died, or been another process's
    pool = connect(context.redis_url)
    worker = build_worker(context, pool)
    polling, stopped = asyncio.create_task(worker.main()), asyncio.create_task(over.wait())
    watching = asyncio.create_task(_watch_clock(worker))
    log.info("working")
    try:
        await asyncio.wait([polling, stopped], return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
        watching.cancel()
        await _close(worker, polling, pool)
    if not polling.cancelled():
        polling.result()


async def _watch_clock(worker: Worker) -> None:
    """The library plans its ticks by the time of day: when that is set, they are planned anew."""
    offset = time.time() - time.monotonic()
    while True:
        await asyncio.sleep(CLOCK_SECONDS)
        now = time.time() - time.monotonic()
        if abs(now - offset) > JUMP_SECONDS:
            log.warning("clock_was_set", seconds=round(now - offset))
            offset = now
            worker._last_health_check = 0  # noqa: SLF001 - or it would report no health until the old time is reached
            for job in worker.cron_jobs:
                job.next_run = None


async def _close(worker: Worker, polling: asyncio.Task[None], pool: ArqRedis) -> None:
    """The library's own `close` is written for a worker that owns the process."""
    worker.allow_pick_jobs = False
    await _end([polling])
    await _end(list(worker.tasks.values()))
    with contextlib.suppress(*AWAY):
        await pool.delete(worker.health_check_key)
    with contextlib.suppress(*AWAY):
        await pool.aclose()


async def _end(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancels until it is heard: libraries in between swallow a cancellation now and then."""
    while tasks:
        for one in tasks:
            one.cancel()
        _, tasks = await asyncio.wait(tasks, timeout=CANCEL_SECONDS)
