"""Walks: pages are fetched in parallel inside the host's window and handed on in order.

Order matters: an item's place is by first appearance. What waits for an earlier page is bounded by `AHEAD`, so memory
is bounded by the window and never by the catalogue.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from dataclasses import dataclass, field

from app.core.errors import Unavailable
from app.providers.base import Page, Provider, Scope

AHEAD = 2  # times the window: how many pages may wait for a slow one before them
LEAST_DEPTH = 32  # pages under way or waiting, however busy this process is
DEEPER = 2  # times, whenever the next page had to be waited for with nothing else to do
SHALLOWER = 0.998  # times, whenever this process was what the page waited for, and had been for `BUSY_SECONDS`
BUSY_SECONDS = 1.0
LEAST_IDLE = 0.001  # seconds
MOST_DEPTH = 10_000
MAX_PAGES = 200_000  # a portal that never ends: 2.8 million items at 14 a page
MAX_LOST = 5  # pages that may stay unanswered before a walk is given up


@dataclass(slots=True, kw_only=True)
class WalkState:
    """What a walk has seen so far of one scope; `lost` pages stayed unanswered after all retries."""

    scope: Scope
    total: int | None = None
    size: int | None = None
    ended: bool = False  # the end was proven
    doubtful: bool = False
    pages: int = 0
    lost: list[int] = field(default_factory=list)
    error: str | None = None
    depth: float = LEAST_DEPTH  # how many pages are worth having under way
    idle_at: float = 0.0  # when this process last had nothing to do but wait for a page
    room: int | None = None  # how many pages may be under way, where fewer than the window allows

    @property
    def complete(self) -> bool:
        """Every page answered, whole, up to a proven end."""
        return self.ended and not self.doubtful and not self.lost

    @property
    def expected_pages(self) -> int | None:
        """How many pages the provider's claim makes; None when it claims nothing."""
        return -(-self.total // self.size) if self.total is not None and self.size else None

    def take(self, page: Page) -> None:
        """Learns from a page: the newest claim counts, since catalogues change while we walk."""
        self.pages += 1
        self.total = page.total if page.total is not None else self.total
        self.size = self.size or page.size
        self.ended = self.ended or page.last
        self.doubtful = self.doubtful or page.doubtful


async def walk(provider: Provider, state: WalkState, done: Collection[int] = ()) -> AsyncGenerator[Page, None]:
    """Yields the pages of a scope in order, without those that are `done` already.

    A bulk answer is read anew as a whole: its pages are cut by us, and what stands in them moves with every row.
    """
    if state.scope.pages:
        pages = _chosen(provider, state)
    else:
        pages = _paged(provider, state, done) if state.scope.paged else provider.stream(state.scope)
    async with aclosing(pages) as source:
        async for page in source:
            if not state.scope.paged:
                state.take(page)
            if not state.scope.paged or state.scope.pages or page.number not in done:
                yield page


async def _paged(provider: Provider, state: WalkState, done: Collection[int]) -> AsyncGenerator[Page, None]:
    first = await provider.page(state.scope, 1)
    state.take(first)
    yield first
    if state.ended:
        return
    waiting: deque[tuple[int, asyncio.Task[Page]]] = deque()
    upcoming = 2
    try:
        while upcoming <= MAX_PAGES:
            upcoming = _fill(provider, state, done, waiting, upcoming)
            page = await _next(state, waiting)
            if page is None:
                continue
            if page.records and page.ids == first.ids:
                # The portal ignores the page number: what it holds beyond its first page cannot be walked.
                state.doubtful = True
                return
            state.take(page)
            yield page
            if page.last:
                return
    finally:
        await _drop(waiting)


async def _chosen(provider: Provider, state: WalkState) -> AsyncGenerator[Page, None]:
    """The pages that a scope names, and nothing else: what they hold is complete when each of them answered."""
    left = deque(state.scope.pages)
    waiting: deque[tuple[int, asyncio.Task[Page]]] = deque()
    try:
        while left or waiting:
            while left and len(waiting) < _width(provider, state):
                number = left.popleft()
                waiting.append((number, asyncio.create_task(provider.page(state.scope, number))))
            page = await _next(state, waiting)
            if page is not None:
                state.take(page)
                yield page
        state.ended = True
    finally:
        await _drop(waiting)


async def _drop(waiting: deque[tuple[int, asyncio.Task[Page]]]) -> None:
    for _, task in waiting:
        task.cancel()
    await asyncio.gather(*(task for _, task in waiting), return_exceptions=True)


def _fill(
    provider: Provider,
    state: WalkState,
    done: Collection[int],
    waiting: deque[tuple[int, asyncio.Task[Page]]],
    upcoming: int,
) -> int:
    """Starts requests up to the window; behind the claimed end only one page at a time is asked for."""
    expected = state.expected_pages
    while len(waiting) < _width(provider, state):
        if waiting and expected is not None and upcoming > expected + 1:
            break
        if upcoming not in done or (expected is not None and upcoming > expected):
            waiting.append((upcoming, asyncio.create_task(provider.page(state.scope, upcoming))))
        upcoming += 1
    return upcoming


def _width(provider: Provider, state: WalkState) -> int:
    window = min(max(1, provider.parallel) * AHEAD, int(state.depth))
    return window if state.room is None else min(window, state.room)


async def _idle(state: WalkState, task: asyncio.Task[Page]) -> None:
    """Waits for a page, and learns whether more under way would have helped: a crash has them all fetched again."""
    began, worked = time.monotonic(), time.process_time()  # also that of the database's thread
    if not task.done():
        await asyncio.wait([task])
    waited = time.monotonic() - began
    if waited > 2 * (time.process_time() - worked) + LEAST_IDLE:
        state.idle_at = began + waited
        state.depth = min(state.depth * DEEPER, MOST_DEPTH)
    elif began - state.idle_at > BUSY_SECONDS:
        state.depth = max(state.depth * SHALLOWER, LEAST_DEPTH)


async def _next(state: WalkState, waiting: deque[tuple[int, asyncio.Task[Page]]]) -> Page | None:
    number, task = waiting[0]
    try:
        await _idle(state, task)
        return await task
    except Unavailable as error:
        state.lost.append(number)
        state.error = error.detail
        if len(state.lost) > MAX_LOST or state.expected_pages is None:
            raise
        return None
    finally:
        waiting.popleft()
