"""Waiting that ends early when there is nothing left to wait for."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")


async def pause(over: asyncio.Event, seconds: float) -> bool:
    """Waits `seconds`, or until it is over; whether it is.

    What works beside something else ends by this and not by being cancelled: a cancellation in the middle of a
    call may cost a connection, and some libraries swallow it.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await over.wait()
    return over.is_set()


@asynccontextmanager
async def beside(work: Callable[[asyncio.Event], Awaitable[None]]) -> AsyncIterator[None]:
    """Does `work` beside the block. When the block ends, its event says so, and it is waited for."""

    async def does() -> None:
        await work(over)

    over = asyncio.Event()
    task = asyncio.create_task(does())
    try:
        yield
    finally:
        over.set()
        await asyncio.wait([task])


@asynccontextmanager
async def together() -> AsyncIterator[asyncio.TaskGroup]:
    """Tasks that end together: the first that fails ends the others, and its error is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None


async def undisturbed(work: Coroutine[Any, Any, T]) -> T:
    """Waits for `work` to its end although the task is cancelled meanwhile; the cancellation is raised then."""
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError from task.exception()
    return task.result()
