"""What all steps of a job write through: its lease, its counters, its change log, and what it knows of each kind."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from app.db import items, policies, progress, tags
from app.db.engine import Database, Reader, Writer
from app.db.progress import WalkedBefore
from app.domain.kinds import Kind
from app.domain.marking import Marker
from app.domain.ordinals import OrdinalSet
from app.jobs import lease
from app.jobs.tracker import JobTracker
from app.sync.drafts import Draft


@dataclass(slots=True, kw_only=True)
class Shelf:
    """What a job knows of one kind: places seen and changed, the next free place, drafts held back."""

    kind: Kind
    next_ordinal: int
    logged: bool  # whether changes go to the log: a first load is told by a snapshot, not by a delta
    seen: OrdinalSet = field(default_factory=OrdinalSet)
    changed: OrdinalSet = field(default_factory=OrdinalSet)
    narrowed: dict[int, Draft] = field(default_factory=dict)
    marked: bool = False  # whether it is known by which rules all items of a first load are marked
    derived: int = 0  # how many changed places the counts and the search index already know


class ItemChange(NamedTuple):
    """A line for the log: a place, the public id there, what happened to it, its document now (None when removed)."""

    place: int
    id: str
    op: str
    document: bytes | None


class Ledger:
    """One per job, and the only one who writes this catalogue while its lease lives."""

    def __init__(self, database: Database, job: JobTracker, provider_id: str) -> None:
        self.database = database
        self.job = job
        self.provider_id = provider_id
        self.shelves: dict[Kind, Shelf] = {}
        self._markers: dict[Kind, Marker] = {}
        self._version = 0
        self._wrote = False

    async def open(self) -> dict[str, WalkedBefore]:
        """Prepares for all kinds; returns what an earlier attempt of this job stored, by scope."""
        async with self.database.reader() as reader:
            walked = await progress.checkpoints(reader, self.job.job_id)
            changed = await progress.changed_before(reader, self.job.job_id)
            for kind in Kind:
                place = await items.next_ordinal(reader, kind, self.job.provider_pk)
                self.shelves[kind] = Shelf(kind=kind, next_ordinal=place, logged=place > 0, changed=changed[kind])
        for before in walked.values():
            for kind, seen in before.seen.items():
                self.shelves[kind].seen.update(seen)
        await self.refresh_version()
        return walked

    async def refresh_version(self) -> None:
        """Learns which version the next changes belong to; to be called after a publish."""
        async with self.database.reader() as reader:
            self._version = await progress.published_version(reader, self.job.provider_pk) + 1

    async def ensure_version(self) -> None:
        """An empty catalogue is a catalogue too: its first version waits to be published like any other."""
        if self._version == 1:
            async with self.transaction() as writer:
                await progress.mark_pending(writer, self.job.provider_pk)

    def take_wrote(self) -> bool:
        """Whether rows were written since this was last asked."""
        wrote, self._wrote = self._wrote, False
        return wrote

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Writer]:
        """A write transaction of this job: refused when the lease is lost, and carrying the job's counters."""
        async with self.database.writer() as writer:
            await lease.require(writer, provider_pk=self.job.provider_pk, fence=self.job.fence)
            yield writer
            await self.job.save(writer)
        self.job.tell()

    async def log_items(
        self, writer: Writer, kind: Kind, changes: Sequence[ItemChange], *, logged: bool = True
    ) -> None:
        """Tells the job's history, the change log and the head that rows were written."""
        job, places = self.job, dict[str, OrdinalSet]()
        for change in changes:
            places.setdefault(change.op, OrdinalSet()).add(change.place)
            self.shelves[kind].changed.add(change.place)
        await progress.record_changes(writer, job_id=job.job_id, provider_pk=job.provider_pk, kind=kind, places=places)
        if changes:
            told = [change[1:] for change in changes] if logged else []
            await self._log(writer, kind.value, told, floor=None if logged else self._version)

    async def marker(self, reader: Reader, kind: Kind) -> Marker:
        """What marks this kind's items, by the rules, filters and categories that are stored now."""
        if kind not in self._markers:
            self._markers[kind] = await policies.load_marker(reader, kind, self.job.provider_pk)
        return self._markers[kind]

    async def log_marks(self, writer: Writer, shelf: Shelf, marker: Marker, now: int) -> None:
        """Tells what the marker found out about its rules; and, with a first load, by which rules all is marked."""
        if marker.troubles:
            await policies.report(writer, marker.troubles)
        if not shelf.logged and not shelf.marked:
            await tags.save_state(writer, shelf.kind, self.job.provider_pk, marker, now)
            shelf.marked = True

    async def log_categories(self, writer: Writer, changes: Sequence[progress.ChangeRow]) -> None:
        """The same for categories; they are few, so that a first load is told too."""
        if changes:
            self._markers.clear()
            await self._log(writer, "category", changes)

    async def _log(
        self, writer: Writer, kind: str, changes: Sequence[progress.ChangeRow], *, floor: int | None = None
    ) -> None:
        job = self.job
        await progress.log_changes(
            writer, provider_pk=job.provider_pk, version=self._version, job_id=job.job_id, kind=kind, changes=changes
        )
        await progress.mark_pending(writer, job.provider_pk, floor=floor)
        self._wrote = True
