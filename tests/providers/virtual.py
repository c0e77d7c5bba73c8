"""Hosts that take no real time: an event loop whose clock jumps, so that minutes of requests are tested in moments."""

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from app.providers.window import Window
from app.simulator.limiter import Limiter

T = TypeVar("T")
RETRY_SECONDS = 0.5


class _Selector(selectors.DefaultSelector):
    now = 1000.0

    def select(self, timeout: float | None = None) -> list[Any]:
        self.now += timeout or 0.0
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Nobody waits: the clock goes on to whatever comes next."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now


def virtual(work: Callable[[], Awaitable[T]]) -> T:
    """Runs `work` in virtual time."""

    async def main() -> T:
        return await work()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main())


def now() -> float:
    """The virtual time."""
    return asyncio.get_running_loop().time()


@dataclass(kw_only=True)
class FakeHost:
    """Answers after `latency`, refuses as nginx does, and serves `workers` at a time."""

    latency: float = 0.05
    jitter: float = 0.1
    rate: float | None = None
    burst: int = 0
    delay: bool = False
    workers: int | None = None
    accident: Callable[[int], bool] = field(default=lambda _: False)
    seed: int = 1

    def __post_init__(self) -> None:
        self._random = Random(self.seed)
        self._limiter = self._limit(self.rate)
        self._places = asyncio.Semaphore(self.workers or 10_000)
        self.asked = 0
        self.refused = 0

    def _limit(self, rate: float | None) -> Limiter | None:
        return Limiter(rate=rate, burst=self.burst, delay=self.delay, clock=now) if rate else None

    def become(self, rate: float | None) -> None:
        self._limiter = self._limit(rate)

    async def ask(self) -> bool:
        """Whether it answered."""
        self.asked += 1
        wait = self._limiter.admit("client") if self._limiter else 0.0
        if wait is None or self.accident(self.asked):
            self.refused += 1
            await asyncio.sleep(0.001)
            return False
        async with self._places:
            await asyncio.sleep(wait + self.latency * (1 + self.jitter * self._random.random()))
        return True


@dataclass(kw_only=True)
class Walked:
    """What became of a walk."""

    pages: int
    seconds: float
    steady: float  # pages a second in the second half of the time
    refused: float  # share of all requests


async def walk(window: Window, host: FakeHost, pages: int, *, workers: int = 200) -> Walked:
    """Fetches so many pages, in parallel inside the window; what is refused is asked again a little later."""
    left = iter(range(pages))
    done: list[float] = []
    began, asked, refused = now(), host.asked, host.refused
    await asyncio.gather(*(_work(window, host, left, done) for _ in range(workers)))
    seconds = now() - began
    half = sum(at > began + seconds / 2 for at in done)
    share = (host.refused - refused) / (host.asked - asked)
    return Walked(pages=pages, seconds=seconds, steady=half / (seconds / 2), refused=share)


async def _work(window: Window, host: FakeHost, left: Iterator[int], done: list[float]) -> None:
    for _ in left:
        await _whole(window, host)
        done.append(now())


async def _whole(window: Window, host: FakeHost) -> None:
    if not await once(window, host):
        await asyncio.sleep(RETRY_SECONDS)
        await _whole(window, host)


async def once(window: Window, host: FakeHost) -> bool:
    """One request as the transport makes it."""
    async with window:
        asked = now()
        whole = await host.ask()
        if whole:
            window.good(now() - asked)
        else:
            window.bad(asked, refused=True)
    return whole


def new_window(ceiling: int = 150) -> Window:
    return Window(ceiling, clock=now)
