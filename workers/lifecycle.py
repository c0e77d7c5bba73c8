"""A worker's life: inside another process or as its own."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from arq.connections import ArqRedis
from arq.worker import Worker

from app.config import Settings
from app.context import ProcessContext, open_context
from app.core.memory import calm_collector
from app.queue.connection import AWAY, connect
from workers.runtime import supervised
from workers.settings import build_worker


@asynccontextmanager
async def embedded_worker(context: ProcessContext) -> AsyncIterator[None]:
    """Runs a worker beside the block. When the block ends, running jobs go back to the queue within moments."""
    calm_collector()
    worker = asyncio.create_task(supervised(partial(_work, context)))
    try:
        yield
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


async def run_worker(settings: Settings) -> None:
    """A worker process, until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    async with open_context(settings) as context, embedded_worker(context):
        await stop.wait()


async def _work(context: ProcessContext) -> None:
    if context.queue_server is not None:
        await asyncio.to_thread(context.queue_server.start)  # it may have died, or been another process's
    pool = connect(context.redis_url)
    worker = build_worker(context, pool)
    try:
        await worker.async_run()
    finally:
        await _close(worker, pool)


async def _close(worker: Worker, pool: ArqRedis) -> None:
    """The library's own `close` is written for a worker that owns the process."""
    worker.allow_pick_jobs = False
    running = list(worker.tasks.values())
    for job in running:
        job.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    with contextlib.suppress(*AWAY):
        await pool.delete(worker.health_check_key)
    with contextlib.suppress(*AWAY):
        await pool.aclose()
