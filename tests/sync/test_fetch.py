"""How many pages are under way: as many as keep this process busy, since a crash has them all fetched again."""

import pytest

from app.domain.kinds import Kind, StepName
from app.providers.base import Page, Scope
from app.sync import fetch
from app.sync.fetch import LEAST_DEPTH, WalkState, walk
from tests.support.scripted import ScriptedProvider, record

SCOPE = Scope(step=StepName.MOVIES, name="movie", kinds=frozenset({Kind.MOVIE}), paged=True)
WINDOW = 150


class Clocks:
    """The wall's clock and the processor's, moved by hand: how busy this machine is otherwise is no matter here."""

    def __init__(self) -> None:
        self.wall = self.work = 0.0

    def monotonic(self) -> float:
        return self.wall

    def process_time(self) -> float:
        return self.work


class Watched(ScriptedProvider):
    """Counts the pages that are under way or wait to be taken."""

    clocks: Clocks
    latency: float
    taken = 0
    most = 0

    async def page(self, scope: Scope, number: int) -> Page:
        self.most = max(self.most, len(self.asked) + 1 - self.taken)
        self.clocks.wall += self.latency
        return await super().page(scope, number)


async def walked(monkeypatch: pytest.MonkeyPatch, *, latency: float, work: float) -> Watched:
    records = [record(Kind.MOVIE, number) for number in range(6_000)]
    provider = Watched(lists={Kind.MOVIE: records}, parallel=WINDOW)
    provider.clocks, provider.latency = Clocks(), latency
    monkeypatch.setattr(fetch, "time", provider.clocks)
    async for _ in walk(provider, WalkState(scope=SCOPE)):
        provider.taken += 1
        provider.clocks.wall += work
        provider.clocks.work += work
    return provider


async def test_a_busy_process_has_few_pages_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await walked(monkeypatch, latency=0, work=0.01)).most <= LEAST_DEPTH + 1


async def test_a_process_that_waits_has_as_many_under_way_as_the_window_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await walked(monkeypatch, latency=0.05, work=0)).most >= WINDOW
