"""Who runs a job: a worker that is there, or this process."""

import asyncio
from typing import Final

from arq.worker import Retry

from app.context import ProcessContext
from workers.tasks.sync import sync

BUSY_SECONDS: Final = 1.0


async def worker_alive(context: ProcessContext) -> bool:
    """Whether somebody else will run what is queued."""
    server = context.queue_server
    if server is not None and server.pid is not None:
        return False  # the queue is ours alone; a mark in it is of a worker that was killed
    return await context.queue.workers_alive()


async def run_here(context: ProcessContext, job_id: str) -> None:
    """Runs a job in this process, as a worker would; what becomes of it stands in the database."""
    while True:
        try:
            await sync({"context": context, "job_id": job_id}, job_id)
        except Retry:  # the lease of a worker that was lost runs out within half a minute
            await asyncio.sleep(BUSY_SECONDS)
        else:
            return
