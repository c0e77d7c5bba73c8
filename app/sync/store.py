"""Stores batches: rows and the checkpoint of their pages in one transaction. Only what changed is written."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from app.core.clock import now_ms
from app.db import items, progress
from app.db.engine import Database, Reader, Writer
from app.db.items import Stored
from app.db.progress import WalkedBefore
from app.domain.documents import decode
from app.domain.kinds import ITEM_STEPS, Kind
from app.domain.ordinals import OrdinalSet
from app.domain.records import RejectedRecord
from app.jobs import lease
from app.jobs.tracker import JobTracker
from app.sync.diff import Change, Diff, Shelf
from app.sync.normalise import Draft, row


@dataclass(slots=True, kw_only=True)
class Batch:
    """Some pages of one scope, normalised."""

    scope: str
    pages: list[int] = field(default_factory=list)
    drafts: dict[Kind, list[Draft]] = field(default_factory=dict)
    rejected: list[RejectedRecord] = field(default_factory=list)
    size: int = 0


class Store:
    """Writes what a job brings; one per job, and the only one who writes this catalogue while its lease lives."""

    def __init__(self, database: Database, job: JobTracker) -> None:
        self.database = database
        self._job = job
        self._version = 0
        self.shelves: dict[Kind, Shelf] = {}
        self.wrote = False

    async def open(self) -> dict[str, WalkedBefore]:
        """Prepares for all kinds; returns what an earlier attempt of this job stored, by scope."""
        async with self.database.reader() as reader:
            walked = await progress.checkpoints(reader, self._job.job_id)
            for kind in Kind:
                place = await items.next_ordinal(reader, kind, self._job.provider_pk)
                self.shelves[kind] = Shelf(kind=kind, next_ordinal=place, logged=place > 0)
        for before in walked.values():
            for kind, seen in before.seen.items():
                self.shelves[kind].seen.update(seen)
        await self.refresh_version()
        return walked

    async def refresh_version(self) -> None:
        """Learns which version the next changes belong to; to be called after a publish."""
        async with self.database.reader() as reader:
            self._version = await progress.published_version(reader, self._job.provider_pk) + 1

    def take_wrote(self) -> bool:
        """Whether rows were written since this was last asked."""
        wrote, self.wrote = self.wrote, False
        return wrote

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Writer]:
        """A write transaction of this job: refused when the lease is lost, and carrying the job's counters."""
        async with self.database.writer() as writer:
            await lease.require(writer, provider_pk=self._job.provider_pk, fence=self._job.fence)
            yield writer
            await self._job.save(writer)

    async def put(self, batch: Batch) -> dict[Kind, OrdinalSet]:
        """Stores one batch and returns the places of its items."""
        job = self._job
        async with self.transaction() as writer:
            seen = {kind: await self._put_kind(writer, kind, drafts) for kind, drafts in batch.drafts.items()}
            await progress.quarantine(writer, job_id=job.job_id, provider_pk=job.provider_pk, records=batch.rejected)
            for rejected in batch.rejected:
                job.note(ITEM_STEPS[rejected.kind], rejected=1)
            if batch.pages:
                await progress.add_checkpoint(
                    writer, job_id=job.job_id, scope=batch.scope, pages=batch.pages, seen=seen
                )
        return seen

    async def settle(self, kind: Kind) -> None:
        """Ends a kind's walks: items that really left a category are written now."""
        shelf = self.shelves[kind]
        held, shelf.narrowed = shelf.narrowed, {}
        if not held:
            return
        async with self.transaction() as writer:
            old = await self._old_categories(writer, kind, list(held))
            changes = [Change(ordinal=place, draft=made, before=old[place]) for place, made in held.items()]
            await self._write(writer, shelf, changes)
            self._job.note(ITEM_STEPS[kind], updated=len(changes), unchanged=-len(changes))

    async def log(self, writer: Writer, kind: str, changes: Sequence[progress.ChangeRow], *, logged: bool) -> None:
        """Tells the change log and the head that rows were written."""
        job = self._job
        if logged:
            await progress.log_changes(
                writer,
                provider_pk=job.provider_pk,
                version=self._version,
                job_id=job.job_id,
                kind=kind,
                changes=changes,
            )
        await progress.mark_pending(writer, job.provider_pk, floor=None if logged else self._version)
        self.wrote = True

    async def _put_kind(self, writer: Writer, kind: Kind, drafts: Sequence[Draft]) -> OrdinalSet:
        shelf = self.shelves[kind]
        stored = await items.find(writer, kind, [one.id for one in drafts])
        differing = _differing(drafts, stored)
        diff = Diff(shelf, stored, await self._old_categories(writer, kind, differing))
        for made in drafts:
            diff.take(made)
        await self._write(writer, shelf, list(diff.writes.values()))
        self._job.note(
            ITEM_STEPS[kind],
            fetched=diff.fetched,
            added=diff.added,
            updated=diff.updated,
            unchanged=diff.unchanged,
        )
        return diff.seen

    async def _write(self, writer: Writer, shelf: Shelf, changes: Sequence[Change]) -> None:
        if not changes:
            return
        now, provider_pk = now_ms(), self._job.provider_pk
        rows = [row(change.draft, change.ordinal, now) for change in changes]
        fresh = [one for one, change in zip(rows, changes, strict=True) if change.before is None]
        known = [one for one, change in zip(rows, changes, strict=True) if change.before is not None]
        await items.insert(writer, shelf.kind, provider_pk, fresh)
        await items.rewrite(writer, shelf.kind, provider_pk, known)
        await _move(writer, changes)
        for change in changes:
            shelf.changed.add(change.ordinal)
        log = [(one.id, _op(change), one.document) for one, change in zip(rows, changes, strict=True)]
        await self.log(writer, shelf.kind.value, log, logged=shelf.logged)

    async def _old_categories(self, reader: Reader, kind: Kind, places: Sequence[int]) -> dict[int, tuple[str, ...]]:
        bodies = await items.documents(reader, kind, self._job.provider_pk, places)
        return {place: decode(kind, body).category_ids for place, body in bodies.items()}


def _differing(drafts: Sequence[Draft], stored: Mapping[str, Stored]) -> list[int]:
    found = ((stored.get(one.id), one) for one in drafts)
    places = (row.ordinal for row, one in found if row and (row.fingerprint != one.fingerprint or not row.is_active))
    return list(dict.fromkeys(places))


async def _move(writer: Writer, changes: Sequence[Change]) -> None:
    """Memberships of known items: only the difference is written."""
    leave: list[tuple[str, int]] = []
    join: list[tuple[str, int]] = []
    for change in changes:
        if change.before is None:
            continue
        before, after = set(change.before), set(change.draft.document.category_ids)
        leave.extend((category, change.ordinal) for category in before - after)
        join.extend((category, change.ordinal) for category in after - before)
    await items.leave_categories(writer, leave)
    await items.join_categories(writer, join)


def _op(change: Change) -> str:
    return "added" if change.before is None or change.revived else "updated"
