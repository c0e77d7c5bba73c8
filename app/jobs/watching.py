"""Watching jobs: one look at a watched job per process, shared by all who watch it, however many they are."""

import asyncio
import contextlib
import time
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final, Self

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.core.errors import NotFound
from app.core.pauses import pause
from app.jobs.history import JobHistory
from app.jobs.views import JobView

LOOK_SECONDS: Final = 0.25
IDLE_SECONDS: Final = 1.0  # while no job of a provider is live
# Four a second are promised: a little more than a quarter, so that they are as few at the end of an uneven line.
SPACE_SECONDS: Final = 0.27
OUTCOMES: Final = 8  # of a provider's last jobs, for watchers who still show one of them

log = structlog.get_logger(__name__)


class Look(ABC):
    """Looks at a job again and again while anybody watches. What it keeps is the newest state, and no queue."""

    def __init__(self, history: JobHistory) -> None:
        self.history = history
        self.newest: JobView | None = None
        self.outcomes: OrderedDict[str, JobView] = OrderedDict()
        self.changed = asyncio.Event()
        self.over = asyncio.Event()
        self.watchers = 0
        self._blind = False

    async def go_on(self) -> None:
        """Until it is over: nobody watches any more, or there is nothing more to see."""
        try:
            while not self.over.is_set():
                await self._try()
                live = self.newest is not None and self.newest.status.live
                await pause(self.over, LOOK_SECONDS if live else IDLE_SECONDS)
        finally:
            self.end()

    def end(self) -> None:
        """Lets every watcher go once it has seen the newest state."""
        self.over.set()
        self.changed.set()

    @abstractmethod
    async def look(self) -> JobView | None:
        """The present state; `NotFound` when there will be none."""

    def show(self, view: JobView | None) -> None:
        """Wakes all who watch when something changed."""
        if view is None or view == self.newest:
            return
        self.newest = view
        woken, self.changed = self.changed, asyncio.Event()
        woken.set()

    async def _try(self) -> None:
        try:
            self.show(await self.look())
            self._blind = False
        except NotFound:
            self.end()
        except (SQLAlchemyError, OSError) as error:  # away for a moment: what was seen stays
            if not self._blind:
                log.warning("job_not_seen", error=type(error).__name__)
            self._blind = True


class JobLook(Look):
    """One job, to its end."""

    def __init__(self, history: JobHistory, job_id: str) -> None:
        super().__init__(history)
        self._job_id = job_id

    async def look(self) -> JobView:
        return await self.history.get(self._job_id)

    def show(self, view: JobView | None) -> None:
        super().show(view)
        if view is not None and not view.status.live:
            self.end()


class ProviderLook(Look):
    """The live or last job of a provider, then the next one."""

    def __init__(self, history: JobHistory, provider_pk: int) -> None:
        super().__init__(history)
        self._provider_pk = provider_pk

    async def look(self) -> JobView | None:
        view, before = await self.history.current(self._provider_pk), self.newest
        if view is None and not await self.history.is_kept(self._provider_pk):
            raise NotFound("There is no such provider.")
        if view is not None and before is not None and before.status.live and before.id != view.id:
            self.outcomes[before.id] = await self.history.get(before.id)
            if len(self.outcomes) > OUTCOMES:
                self.outcomes.popitem(last=False)
        return view


class Watch:
    """What one watcher sees: each state at most once, at most four a second, and always the newest.

    Who comes back late has missed what lies between, but not how a job ended that was shown before.
    """

    def __init__(self, look: Look) -> None:
        self._look = look
        self._seen: JobView | None = None
        self._at = -SPACE_SECONDS

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> JobView:
        while True:
            view = await self.next(IDLE_SECONDS)
            if view is not None:
                return view

    async def next(self, seconds: float) -> JobView | None:
        """A state not seen yet; None when there is none for so long; `StopAsyncIteration` when there will be none."""
        look, changed = self._look, self._look.changed
        if look.newest is self._seen and not look.over.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await changed.wait()
        early = self._at + SPACE_SECONDS - time.monotonic()
        if early > 0 and look.newest is not self._seen and look.newest is not None and look.newest.status.live:
            await pause(look.over, early)
        view = self._unseen()
        if view is None and look.over.is_set():
            raise StopAsyncIteration
        return view

    def _unseen(self) -> JobView | None:
        newest, seen = self._look.newest, self._seen
        if newest is None or newest is seen:
            return None
        if seen is not None and seen.status.live and seen.id != newest.id:
            newest = self._look.outcomes.get(seen.id, newest)
        self._seen, self._at = newest, time.monotonic()
        return newest


class JobWatches:
    """Hands out watches, and owns the looks behind them."""

    def __init__(self, history: JobHistory) -> None:
        self._history = history
        self._looks: dict[str | int, Look] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    @contextmanager
    def job(self, job_id: str) -> Iterator[Watch]:
        """The states of one job; the watch ends behind that in which the job has ended, or when it is gone."""
        with self._watch(job_id, partial(JobLook, self._history, job_id)) as watch:
            yield watch

    @contextmanager
    def provider(self, provider_pk: int) -> Iterator[Watch]:
        """The states of a provider's live or last job, then of the next ones; the watch ends with the provider."""
        with self._watch(provider_pk, partial(ProviderLook, self._history, provider_pk)) as watch:
            yield watch

    def end(self) -> None:
        """Lets every watcher go, those to come too: the process ends."""
        self._closed = True
        for look in self._looks.values():
            look.end()

    async def close(self) -> None:
        """The same, and waits until nothing is looked at any more."""
        self.end()
        if self._tasks:
            await asyncio.wait(self._tasks)

    @contextmanager
    def _watch(self, key: str | int, make: Callable[[], Look]) -> Iterator[Watch]:
        look = self._looks.get(key)
        if look is None or look.over.is_set():
            look = self._looks[key] = self._begun(make())
        look.watchers += 1
        try:
            yield Watch(look)
        finally:
            look.watchers -= 1
            if not look.watchers:
                look.end()
                if self._looks.get(key) is look:
                    del self._looks[key]

    def _begun(self, look: Look) -> Look:
        if self._closed:
            look.end()
        else:
            task = asyncio.create_task(look.go_on())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return look
