"""A worker's life: inside another process or as its own."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from arq.connections import ArqRedis
from arq.worker import Worker

from app.config import Settings
from app.context import ProcessContext, open_context
from app.core.memory import calm_collector
from app.queue.connection import AWAY, connect
from workers.runtime import supervised
from workers.settings import build_worker

CANCEL_SECONDS: Final = 0.5


@asynccontextmanager
async def embedded_worker(context: ProcessContext) -> AsyncIterator[None]:
    """Runs a worker beside the block. When the block ends, running jobs go back to the queue within moments."""
    calm_collector()
    over = asyncio.Event()
    worker = asyncio.create_task(supervised(partial(_work, context), over))
    try:
        yield
    finally:
        over.set()
        await asyncio.wait([worker])


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
    try:
        await asyncio.wait([polling, stopped], return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
        await _close(worker, polling, pool)
    if not polling.cancelled():
        polling.result()


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
