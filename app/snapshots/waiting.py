"""Waiting for the next version: one look at all heads per process, shared by all who wait, however many they are."""

import asyncio
import contextlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col

from app.core.jsonio import dumps
from app.core.ports import Notices
from app.db.engine import Database
from app.db.tables import CatalogueHead
from app.snapshots.read import Snapshots
from app.snapshots.versions import Version

TOPIC: Final = "published"
LOOK_SECONDS: Final = 0.5  # where calls between processes do not come through, this is how late a version is seen
HELD_SECONDS: Final = 5.0  # how old the state of a sync may be; clients may keep a head as long

log = structlog.get_logger(__name__)


class Told(NamedTuple):
    """A head as bytes; `version` None before the first."""

    version: str | None
    body: bytes


class Watch:
    """A provider that somebody watches; `newest` = its version when it was last looked at, None before that."""

    def __init__(self) -> None:
        self.newest: Version | None = None
        self.watchers = 0
        self.over = False
        self._waiting: set[asyncio.Future[None]] = set()

    async def next(
        self, known: Version | None, seconds: float, leaving: "asyncio.Future[Any] | None" = None
    ) -> Version | None:
        """A published version that is not `known`; None when there is none for so long, or who waits is `leaving`."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not self.over and self._news(known) is None and loop.time() < end:
            if leaving is not None and leaving.done():
                return None
            await self._woken(loop.create_future(), end, leaving)
        return self._news(known)

    def show(self, newest: Version | None) -> None:
        """Wakes all who wait when there is another version."""
        if newest != self.newest:
            self.newest = newest
            self.wake()

    def wake(self) -> None:
        """Lets all who wait look again."""
        for waiting in self._waiting:
            _wake(waiting)

    def _news(self, known: Version | None) -> Version | None:
        newest = self.newest
        return newest if newest is not None and newest.number and newest != known else None

    async def _woken(self, waiting: "asyncio.Future[None]", end: float, leaving: "asyncio.Future[Any] | None") -> None:
        def left(_: object) -> None:
            _wake(waiting)

        # A future and a timer: thousands wait, and a task for each would be most of the work of waking them.
        timer = asyncio.get_running_loop().call_at(end, _wake, waiting)
        self._waiting.add(waiting)
        if leaving is not None:
            leaving.add_done_callback(left)
        try:
            await waiting
        finally:
            self._waiting.discard(waiting)
            timer.cancel()
            if leaving is not None:
                leaving.remove_done_callback(left)


class VersionWatches:
    """Hands out watches, looks at what is watched, and tells other processes what was published here."""

    def __init__(self, database: Database, snapshots: Snapshots, notices: Notices) -> None:
        self._database = database
        self._snapshots = snapshots
        self._notices = notices
        self._watches: dict[int, Watch] = {}
        self._nudge = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._held: dict[str, tuple[float, Version, Told]] = {}
        self._telling: dict[tuple[str, Version], asyncio.Task[Told]] = {}

    async def head(
        self, provider_id: str, after: Version | None, seconds: float, leaving: "asyncio.Future[Any] | None" = None
    ) -> Told:
        """The head: at once when the current version is not `after`, else when it is not any more, or in the end.

        A new epoch without a version is nothing to come for. All who are told of one version are told the same bytes.
        """
        head = await self._snapshots.current(provider_id)
        newest = head.current
        if newest == after or not newest.number:
            with self.watch(head.provider_pk) as watch:
                newest = await watch.next(after, seconds, leaving) or newest
        until, version, told = self._held.get(provider_id, (0.0, None, None))
        if told is not None and version == newest and time.monotonic() < until:
            return told
        key = provider_id, newest
        task = self._telling.get(key)
        if task is None:
            task = self._telling[key] = asyncio.create_task(self._tell(provider_id, newest))
            task.add_done_callback(lambda _: self._telling.pop(key, None))
        return await asyncio.shield(task)

    @contextmanager
    def watch(self, provider_pk: int) -> Iterator[Watch]:
        """A watch that is over when the process ends."""
        watch = self._watches.get(provider_pk)
        if watch is None:
            watch = self._watches[provider_pk] = Watch()
            watch.over = self._closed
            self._look_soon()
        watch.watchers += 1
        try:
            yield watch
        finally:
            watch.watchers -= 1
            if not watch.watchers and self._watches.get(provider_pk) is watch:
                del self._watches[provider_pk]

    @property
    def waiting(self) -> int:
        """How many watch or wait."""
        return sum(watch.watchers for watch in self._watches.values())

    def published(self, provider_pk: int) -> None:
        """This process published a version: all processes look."""
        self._snapshots.forget(provider_pk)
        self._nudge.set()
        self._begin(self._notices.call(TOPIC))

    def end(self) -> None:
        """Lets all go who wait, those to come too: the process ends."""
        self._closed = True
        self._nudge.set()
        for watch in self._watches.values():
            watch.over = True
            watch.wake()

    async def close(self) -> None:
        """The same, and waits until nothing is looked at any more."""
        self.end()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _tell(self, provider_id: str, newest: Version) -> Told:
        until = time.monotonic() + HELD_SECONDS
        head = await self._snapshots.head(provider_id)
        told = Told(head["version"], dumps(head))
        self._held[provider_id] = until, newest, told
        return told

    def _look_soon(self) -> None:
        self._nudge.set()
        if self._looking is None and not self._closed:
            self._looking = self._begin(self._look())

    def _begin(self, work: Any) -> "asyncio.Task[None]":
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _look(self) -> None:
        """While anybody watches."""
        listening = asyncio.create_task(self._notices.listen(TOPIC, self._nudge.set))
        blind = False
        try:
            while self._watches and not self._closed:
                self._nudge.clear()
                try:
                    await self._show()
                    blind = False
                except (SQLAlchemyError, OSError) as error:  # away for a moment: what was seen stays
                    if not blind:
                        log.warning("versions_not_seen", error=type(error).__name__)
                    blind = True
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._nudge.wait()
        finally:
            self._looking = None
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _show(self) -> None:
        watched = dict(self._watches)
        query = select(CatalogueHead.provider_pk, CatalogueHead.epoch, CatalogueHead.version).where(  # type: ignore[call-overload]
            col(CatalogueHead.provider_pk).in_(watched)
        )
        async with self._database.reader() as reader:
            rows = await reader.rows(query)
        newest = {row.provider_pk: Version(row.epoch, row.version) for row in rows}
        for provider_pk, watch in watched.items():
            found = newest.get(provider_pk)
            if found != watch.newest:
                self._snapshots.forget(provider_pk)
            if found is None:  # the provider is gone
                watch.over = True
                watch.wake()
            watch.show(found)


def _wake(waiting: "asyncio.Future[None]") -> None:
    if not waiting.done():
        waiting.set_result(None)
