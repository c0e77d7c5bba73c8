"""What every task needs and none should repeat: its place in the queue, its log, and what an error means."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial, wraps
from typing import Any, Concatenate, Final, ParamSpec, cast

import structlog
from arq.typing import WorkerCoroutine
from arq.worker import Retry

from app.context import ProcessContext
from app.core.errors import Conflict, LeaseLost, NotReady
from app.core.pauses import beside, pause
from app.jobs.errors import NothingToRun
from app.queue.arq_queue import ArqQueue
from app.queue.connection import AWAY

HOLD_SECONDS: Final = 30
RENEW_SECONDS: Final = 10.0
BUSY_SECONDS: Final = 2  # another worker holds the catalogue, or the lease of a dead one has not run out
RESTART_SECONDS: Final = 1.0

Arguments = ParamSpec("Arguments")

log = structlog.get_logger(__name__)


def task(body: Callable[Concatenate[ProcessContext, Arguments], Awaitable[None]]) -> WorkerCoroutine:
    """Makes a task of a story. Whatever it raises is logged here and ends here: outcomes stand in the database."""
    name = getattr(body, "__name__", "task")

    @wraps(body)
    async def run(ctx: dict[Any, Any], *args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        context: ProcessContext = ctx["context"]
        with structlog.contextvars.bound_contextvars(task=name, job_id=ctx["job_id"], provider_id=None):
            async with _held(context.queue, ctx["job_id"]):
                await _told(body(context, *args, **kwargs))

    return cast(WorkerCoroutine, run)


def supervised(work: Callable[[asyncio.Event], Awaitable[None]]) -> AbstractAsyncContextManager[None]:
    """Does `work` beside the block, and again whenever it ends by itself."""
    return beside(partial(_again, work))


async def _again(work: Callable[[asyncio.Event], Awaitable[None]], over: asyncio.Event) -> None:
    while not over.is_set():
        try:
            await work(over)
        except Exception as error:
            log.warning("worker_fell_over", error=type(error).__name__, exc_info=not isinstance(error, AWAY))
        await pause(over, RESTART_SECONDS)


async def _told(work: Awaitable[None]) -> None:
    try:
        await work
    except NothingToRun:
        log.debug("nothing_to_run")
    except Conflict as error:
        log.info("job_waits", reason=error.detail)
        raise Retry(defer=BUSY_SECONDS) from None
    except LeaseLost as error:
        log.warning("lease_lost", reason=error.detail)
    except NotReady as error:
        log.warning("task_not_ready", reason=error.detail)
    except asyncio.CancelledError as error:
        # The cause is what went wrong meanwhile, if anything did: then the reaper finds the job.
        log.info("task_stopped", trouble=type(error.__cause__).__name__ if error.__cause__ else None)
        raise
    except Exception:
        log.exception("task_failed")


def _held(queue: ArqQueue, job_id: str) -> AbstractAsyncContextManager[None]:
    """The library marks a job as running for as long as it may last; the mark of a killed worker must go sooner."""
    return beside(partial(_hold, queue, job_id))


async def _hold(queue: ArqQueue, job_id: str, over: asyncio.Event) -> None:
    while True:
        try:
            await queue.hold(job_id, HOLD_SECONDS)
        except NotReady as error:
            log.warning("job_not_held", reason=error.detail)
        if await pause(over, RENEW_SECONDS):
            return
