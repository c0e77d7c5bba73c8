"""How many pages are under way: as many as keep this process busy, since a crash has them all fetched again."""

import asyncio
import time

from app.domain.kinds import Kind, StepName
from app.providers.base import Page, Scope
from app.sync.fetch import LEAST_DEPTH, WalkState, walk
from tests.support.scripted import ScriptedProvider, record

SCOPE = Scope(step=StepName.MOVIES, name="movie", kinds=frozenset({Kind.MOVIE}), paged=True)
WINDOW = 150


class Watched(ScriptedProvider):
    """Counts the pages that are under way or wait to be taken."""

    taken = 0
    most = 0
    seconds = 0.0

    async def page(self, scope: Scope, number: int) -> Page:
        self.most = max(self.most, len(self.asked) + 1 - self.taken)
        page = await super().page(scope, number)
        await asyncio.sleep(self.seconds)
        return page


async def walked(*, latency: float, work: float) -> Watched:
    records = [record(Kind.MOVIE, number) for number in range(6_000)]
    provider = Watched(lists={Kind.MOVIE: records}, parallel=WINDOW)
    provider.seconds = latency
    async for _ in walk(provider, WalkState(scope=SCOPE)):
        provider.taken += 1
        until = time.thread_time() + work
        while time.thread_time() < until:
            pass
    return provider


async def test_a_busy_process_has_few_pages_under_way() -> None:
    assert (await walked(latency=0, work=0.001)).most <= 2 * LEAST_DEPTH


async def test_a_process_that_waits_has_as_many_under_way_as_the_window_allows() -> None:
    assert (await walked(latency=0.05, work=0)).most >= WINDOW
