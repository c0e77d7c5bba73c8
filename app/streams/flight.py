"""Work that many ask for at once and that is done once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable


class Flights:
    """Runs one task per key; whoever comes meanwhile waits for the same one. A caller who leaves does not end it."""

    def __init__(self) -> None:
        self._tasks: dict[Hashable, asyncio.Task[None]] = {}

    async def join(self, key: Hashable, work: Callable[[], Awaitable[None]]) -> None:
        """Does the work, or waits for who does it; raises what it raises."""
        await asyncio.shield(self.launch(key, work))

    def launch(self, key: Hashable, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        """Begins the work unless it is on its way, without waiting."""
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(self._run(work))
            task.add_done_callback(lambda done: self._landed(key, done))
        return task

    async def close(self) -> None:
        """Cancels what is on its way."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, work: Callable[[], Awaitable[None]]) -> None:
        await work()

    def _landed(self, key: Hashable, task: asyncio.Task[None]) -> None:
        self._tasks.pop(key, None)
        if not task.cancelled():
            task.exception()  # looked at, so that a refresh nobody waits for leaves no warning behind
