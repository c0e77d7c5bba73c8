"""Who runs a job: a worker that is there, or this process."""

import asyncio
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Final

from arq.worker import Retry

from app.cli.output import complain
from app.context import ProcessContext
from app.core.errors import NotReady
from app.core.pauses import beside, pause
from workers.tasks.sync import sync

BUSY_SECONDS: Final = 1.0
MIND_SECONDS: Final = 3.0


async def worker_alive(context: ProcessContext) -> bool:
    """Whether somebody else will run what is queued."""
    server = context.queue_server
    if server is not None and server.pid is not None:
        return False  # the queue is ours alone; a mark in it is of a worker that was killed
    return await context.queue.workers_alive()


def minded(context: ProcessContext) -> AbstractAsyncContextManager[None]:
    """Says when nobody is left to run what the block waits for, and when somebody is there again."""
    return beside(partial(_mind, context))


async def _mind(context: ProcessContext, over: asyncio.Event) -> None:
    alive = True
    while not over.is_set():
        before, alive = alive, await _alive(context)
        if before is not alive:
            complain("a worker is running again" if alive else "no worker is running; the sync waits")
        await pause(over, MIND_SECONDS)


async def _alive(context: ProcessContext) -> bool:
    try:
        return await context.queue.workers_alive()
    except NotReady:  # the queue went with the server that it was embedded in
        return False


async def run_here(context: ProcessContext, job_id: str) -> None:
    """Runs a job in this process, as a worker would; what becomes of it stands in the database."""
    while True:
        try:
            await sync({"context": context, "job_id": job_id}, job_id)
        except Retry:  # the lease of a worker that was lost runs out within half a minute
            await asyncio.sleep(BUSY_SECONDS)
        else:
            return
