"""Work in threads a little ahead of who needs it: in order, a few pieces at once."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Final, TypeVar

AHEAD: Final = 3  # pieces in threads: keeps two cores busy while database and disk are waited for; 3 MB each

Source = TypeVar("Source")
Result = TypeVar("Result")


async def ahead(source: AsyncIterator[Source], work: Callable[[Source], Result]) -> AsyncGenerator[Result, None]:
    """Runs `work` on all that comes, in threads, a few at once; results keep the order."""
    running: deque[asyncio.Task[Result]] = deque()
    try:
        async for one in source:
            running.append(asyncio.create_task(asyncio.to_thread(work, one)))
            if len(running) == AHEAD:
                yield await running.popleft()
        while running:
            yield await running.popleft()
    finally:
        for task in running:
            task.cancel()
