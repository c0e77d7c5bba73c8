"""Several walks at once, their pages as one stream: the next ones are on their way while these are stored."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TypeVar

T = TypeVar("T")


async def merged(sources: Sequence[AsyncGenerator[T, None]], *, ahead: int) -> AsyncGenerator[T, None]:
    """What the sources yield, as it comes; the first error ends all. `ahead` = how many wait to be taken at most."""
    waiting: asyncio.Queue[T | None] = asyncio.Queue(ahead)

    async def drain(source: AsyncGenerator[T, None]) -> None:
        async with aclosing(source):
            async for one in source:
                await waiting.put(one)

    async def watch() -> None:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        await waiting.put(None)

    tasks = [asyncio.create_task(drain(source)) for source in sources]
    watcher = asyncio.create_task(watch())
    try:
        while (one := await waiting.get()) is not None:
            yield one
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in (watcher, *tasks):
            task.cancel()
        await asyncio.gather(watcher, *tasks, return_exceptions=True)
