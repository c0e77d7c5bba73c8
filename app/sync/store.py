"""Stores batches: rows and the checkpoint of their pages in one transaction. Only what changed is written."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.core.clock import now_ms
from app.core.pace import Pace
from app.db import categories, items, progress, tags
from app.db.engine import Reader, Writer
from app.db.items import ItemWrite, Stored
from app.domain.documents import decode
from app.domain.kinds import ITEM_STEPS, Kind
from app.domain.ordinals import OrdinalSet
from app.domain.records import RejectedRecord
from app.domain.stretches import Given
from app.providers.base import StoredItem
from app.sync.diff import Change, Diff
from app.sync.drafts import Draft, row
from app.sync.ledger import ItemChange, Ledger, Shelf
from app.sync.missing import describe


@dataclass(slots=True, kw_only=True)
class Batch:
    """Some pages of one scope, normalised."""

    scope: str
    pages: list[int] = field(default_factory=list)
    drafts: dict[Kind, list[Draft]] = field(default_factory=dict)
    rejected: list[RejectedRecord] = field(default_factory=list)
    size: int = 0


class Store:
    """Writes the items that a job brings."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._job = ledger.job

    async def put(self, batch: Batch) -> dict[Kind, OrdinalSet]:
        """Stores one batch and returns the places of its items."""
        job = self._job
        async with self._ledger.transaction() as writer:
            seen = {kind: await self._put_kind(writer, kind, drafts) for kind, drafts in batch.drafts.items()}
            await progress.quarantine(writer, job_id=job.job_id, provider_pk=job.provider_pk, records=batch.rejected)
            for rejected in batch.rejected:
                job.note(ITEM_STEPS[rejected.kind], rejected=1)
            if batch.pages:
                await progress.add_checkpoint(
                    writer, job_id=job.job_id, scope=batch.scope, pages=batch.pages, seen=seen
                )
        return seen

    def is_news(self, seen: Mapping[Kind, OrdinalSet]) -> bool:
        """Whether this job added or changed any of these items."""
        return any(len(places & self._ledger.shelves[kind].changed) for kind, places in seen.items())

    async def quiet_pages(self, scope: str) -> dict[int, bool | None]:
        """The pages of a scope that an earlier attempt stored: True = nothing new, None = nothing of these kinds."""
        async with self._ledger.database.reader() as reader:
            stored = await progress.batches(reader, self._job.job_id, scope)
        return {page: not self.is_news(seen) if seen else None for pages, seen in stored for page in pages}

    async def earlier(self, kind: Kind, seen: OrdinalSet) -> Sequence[StoredItem]:
        """Items of censored categories among these places, which an earlier attempt of the job stored."""
        async with self._ledger.database.reader() as reader:
            censored = await categories.censored_places(reader, kind, self._job.provider_pk)
        return (await describe(self._ledger, kind, seen & censored)).missing.items

    def forget(self, kind: Kind) -> None:
        """Ends walks that did not see everything: what was held back may still be in its other categories."""
        self._ledger.shelves[kind].narrowed.clear()

    async def settle(self, kind: Kind) -> None:
        """Ends a kind's walks: items that really left a category are written now."""
        shelf = self._ledger.shelves[kind]
        held, shelf.narrowed = shelf.narrowed, {}
        if not held:
            return
        async with self._ledger.transaction() as writer:
            old = await self._old_categories(writer, kind, list(held))
            changes = [Change(ordinal=place, draft=made, before=old[place]) for place, made in held.items()]
            await self._write(writer, shelf, changes)
            self._job.note(ITEM_STEPS[kind], updated=len(changes), unchanged=-len(changes))

    async def _put_kind(self, writer: Writer, kind: Kind, drafts: Sequence[Draft]) -> OrdinalSet:
        shelf = self._ledger.shelves[kind]
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
        rows, given = await self._marked(writer, shelf, changes, now)
        fresh = [one for one, change in zip(rows, changes, strict=True) if change.before is None]
        known = [one for one, change in zip(rows, changes, strict=True) if change.before is not None]
        await items.insert(writer, shelf.kind, provider_pk, fresh)
        await items.rewrite(writer, shelf.kind, provider_pk, known)
        await _move(writer, changes)
        unknown = {one.ordinal for one in fresh}
        await tags.add(writer, shelf.kind, provider_pk, [one for one in given if one.ordinal in unknown], now)
        await tags.put(writer, shelf.kind, provider_pk, [one for one in given if one.ordinal not in unknown], now)
        log = [
            ItemChange(one.ordinal, one.id, _op(change), one.document)
            for one, change in zip(rows, changes, strict=True)
        ]
        await self._ledger.log_items(writer, shelf.kind, log, logged=shelf.logged)

    async def _marked(
        self, writer: Writer, shelf: Shelf, changes: Sequence[Change], now: int
    ) -> tuple[list[ItemWrite], list[Given]]:
        """The rows to write and their tags, as the provider's rules and filters have them."""
        marker = await self._ledger.marker(writer, shelf.kind)
        own = await tags.set_by_people(writer, [change.draft.id for change in changes])
        rows, given, pace = [], [], Pace()
        for change in changes:
            if pace.due():
                await asyncio.sleep(0)
            made, mine = change.draft, own.get(change.draft.id, ())
            marking = marker.mark(
                made.document.name, made.document.category_ids, censored=made.record.censored, own=mine
            )
            rows.append(row(made, change.ordinal, now, marking))
            given.append(Given(change.ordinal, marking.tags, mine))
        await self._ledger.log_marks(writer, shelf, marker, now)
        return rows, given

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
