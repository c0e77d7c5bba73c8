"""Waiting that ends early when there is nothing left to wait for."""

import asyncio
import contextlib


async def pause(over: asyncio.Event, seconds: float) -> bool:
    """Waits `seconds`, or until it is over; whether it is.

    What works beside something else ends by this and not by being cancelled: a cancellation in the middle of a
    call may cost a connection, and some libraries swallow it.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await over.wait()
    return over.is_set()
