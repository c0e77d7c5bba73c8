"""Goes through what is stored and marks it by the rules, filters and categories of now. Only what differs is written.

Whoever calls holds the catalogue's lease and publishes afterwards. A stretch of items is one transaction: a crash in
between leaves items marked by either set of rules, and `tag_state` says that it has to be done again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from msgspec import Struct, json

from app.core.clock import now_ms, rfc3339
from app.core.pace import Pace
from app.db import items, policies, progress, search, tags
from app.db.engine import Database, Writer
from app.db.progress import ChangeRow
from app.db.tags import Counts, Given, StoredItem
from app.domain.documents import restamped
from app.domain.kinds import Kind
from app.domain.marking import Marker, Marking
from app.domain.ordinals import OrdinalSet
from app.domain.titles import search_words, sort_key
from app.jobs import lease

STRETCH: Final = 5_000  # items in one transaction: 7 MB of documents
REFRESH_ALL: Final = 5_000  # renamed items from which on the word index is compared as a whole
NO_JOB: Final = "tags"  # in the change log
NONE: Final = Counts()


class Dressed(Struct, rename="camel", gc=False):
    """What a marking needs of a stored document, and what it may change."""

    name: str
    cleaned_name: str
    category_ids: tuple[str, ...]
    tags: tuple[str, ...]
    original_name: str | None = None
    updated_at: str | None = None


dressed: Final = json.Decoder(Dressed).decode


@dataclass(slots=True, kw_only=True)
class Run:
    """One processing of one provider: under whose lease, since when (ms), by which job, and what came of it."""

    provider_pk: int
    fence: int
    job_id: str | None = None
    started: int = field(default_factory=now_ms)
    rounds: int = 0  # that this processing went through the kind before
    version: int = 0
    counts: Counts = NONE
    changed: int = 0


class Difference(Struct, frozen=True, kw_only=True, gc=False):
    """An item that is marked otherwise than it was."""

    item: StoredItem
    was: Dressed
    marking: Marking
    own: tuple[str, ...]

    @property
    def told(self) -> bool:
        """Whether clients hear of it; who is shown is not theirs to know."""
        return (self.was.tags, self.was.cleaned_name) != (self.marking.tags, self.marking.cleaned_name)


class Processing:
    """Marks what is stored; nothing here asks a provider."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def settle(self, provider_pk: int, fence: int, job_id: str) -> bool:
        """After a sync: marks again the kinds whose rules, filters or categories changed, and what people tagged.

        Returns whether there is something to publish. Costs a few queries when nothing changed.
        """
        run = await self._begin(Run(provider_pk=provider_pk, fence=fence, job_id=job_id))
        for kind in Kind:
            marker, due, places = await self._due(run, kind)
            if due:
                await self._kind(run, kind)
            elif places:
                await self._part(run, kind, marker, places)
        return run.changed > 0

    async def whole(self, provider_pk: int, fence: int) -> Run:
        """Marks everything again, whether anything changed or not."""
        run = await self._begin(Run(provider_pk=provider_pk, fence=fence))
        for kind in Kind:
            await self._kind(run, kind)
        return run

    async def places(self, provider_pk: int, fence: int, kind: Kind, places: Sequence[int]) -> None:
        """Marks these items again."""
        run = await self._begin(Run(provider_pk=provider_pk, fence=fence))
        async with self._database.reader() as reader:
            marker = await policies.load_marker(reader, kind, provider_pk)
        await self._part(run, kind, marker, places)

    async def _begin(self, run: Run) -> Run:
        async with self._database.reader() as reader:
            run.version = await progress.published_version(reader, run.provider_pk) + 1
        return run

    async def _due(self, run: Run, kind: Kind) -> tuple[Marker, bool, list[int]]:
        async with self._database.reader() as reader:
            marker = await policies.load_marker(reader, kind, run.provider_pk)
            state = await tags.state(reader, kind, run.provider_pk)
            places = await tags.unsettled(reader, kind, run.provider_pk)
        due = state is None or marker.differs(*state)
        if state is not None and not due and marker.categories.keys() != state[1].keys():
            async with self._database.writer() as writer:
                await lease.require(writer, provider_pk=run.provider_pk, fence=run.fence)
                await tags.save_state(writer, kind, run.provider_pk, marker, run.started)
        return marker, due, places

    async def _kind(self, run: Run, kind: Kind) -> None:
        """All items of a kind; once more when a rule proved to be unusable, without it."""
        before, run.rounds = run.counts, 0
        while True:
            given = run.counts.created - before.created  # by rounds before this one
            async with self._database.reader() as reader:
                marker = await policies.load_marker(reader, kind, run.provider_pk)
            known = set(marker.troubles)
            await self._walk(run, kind, marker)
            async with self._database.writer() as writer:
                await lease.require(writer, provider_pk=run.provider_pk, fence=run.fence)
                await policies.report(writer, marker.troubles)
                if set(marker.troubles) <= known:
                    await tags.save_state(writer, kind, run.provider_pk, marker, run.started)
                    run.counts = run.counts._replace(kept=max(before.kept, run.counts.kept - given))
                    return
            run.counts, run.rounds = run.counts._replace(kept=before.kept), run.rounds + 1

    async def _walk(self, run: Run, kind: Kind, marker: Marker) -> None:
        renamed, last = OrdinalSet(), -1
        while True:
            async with self._database.reader() as reader:
                found = await tags.stretch(reader, kind, run.provider_pk, after=last, limit=STRETCH)
            if not found:
                break
            last = found[-1].ordinal
            await self._stretch(run, kind, marker, found, renamed)
        await self._index(run, kind, renamed)

    async def _part(self, run: Run, kind: Kind, marker: Marker, places: Sequence[int]) -> None:
        renamed = OrdinalSet()
        for start in range(0, len(places), STRETCH):
            async with self._database.reader() as reader:
                chosen = places[start : start + STRETCH]
                found = await tags.stretch(reader, kind, run.provider_pk, places=chosen)
            await self._stretch(run, kind, marker, found, renamed, every=True)
        await self._index(run, kind, renamed)

    async def _stretch(
        self,
        run: Run,
        kind: Kind,
        marker: Marker,
        found: Sequence[StoredItem],
        renamed: OrdinalSet,
        *,
        every: bool = False,
    ) -> None:
        async with self._database.reader() as reader:
            own = await tags.set_by_people(reader, [item.id for item in found])
        different, kept = await _compare(marker, found, own, every=every)
        run.counts = run.counts.plus(Counts(kept=kept))
        if not different:
            return
        async with self._database.writer() as writer:
            await lease.require(writer, provider_pk=run.provider_pk, fence=run.fence)
            await self._write(writer, run, kind, different)
        for one in different:
            if one.was.cleaned_name != one.marking.cleaned_name:
                renamed.add(one.item.ordinal)
        run.changed += sum(one.told and one.item.is_active for one in different)

    async def _write(self, writer: Writer, run: Run, kind: Kind, different: Sequence[Difference]) -> None:
        given = [Given(one.item.ordinal, one.marking.tags, one.own) for one in different]
        older = run.started + (run.rounds > 0)  # what a round of this processing gave may be wrong too
        put = await tags.put(writer, kind, run.provider_pk, given, run.started, before=older)
        run.counts = run.counts.plus(put)
        changed = [one for one in different if one.told]
        hidden = [(int(one.marking.visibility), one.item.ordinal) for one in different if not one.told]
        await tags.show(writer, kind, run.provider_pk, hidden)
        now = now_ms()
        dated = rfc3339(now)
        rows, bodies, log = [], [], list[ChangeRow]()
        for one in changed:
            row, body = _rewritten(one, now, dated)
            rows.append(row)
            bodies.append((one.item.ordinal, body))
            if one.item.is_active:
                log.append((one.item.id, "updated", body))
        await tags.remark(writer, kind, run.provider_pk, rows)
        await items.rewrite_documents(writer, kind, run.provider_pk, bodies)
        await self._log(writer, run, kind, log, OrdinalSet(one.item.ordinal for one in changed))

    async def _log(self, writer: Writer, run: Run, kind: Kind, log: list[ChangeRow], places: OrdinalSet) -> None:
        if not log:
            return
        first = run.version == 1  # told by its snapshot, not by a delta
        await progress.log_changes(
            writer,
            provider_pk=run.provider_pk,
            version=run.version,
            job_id=run.job_id or NO_JOB,
            kind=kind.value,
            changes=[] if first else log,
        )
        if run.job_id is not None:
            await progress.record_changes(
                writer, job_id=run.job_id, provider_pk=run.provider_pk, kind=kind, places={"updated": places}
            )
        await progress.mark_pending(writer, run.provider_pk, floor=1 if first else None)

    async def _index(self, run: Run, kind: Kind, renamed: OrdinalSet) -> None:
        if not len(renamed):
            return
        places = None if len(renamed) > REFRESH_ALL else list(renamed)
        async with self._database.writer() as writer:
            await lease.require(writer, provider_pk=run.provider_pk, fence=run.fence)
            await search.refresh(writer, provider_pk=run.provider_pk, kind=kind, ordinals=places)


async def _compare(
    marker: Marker, found: Sequence[StoredItem], own: dict[str, tuple[str, ...]], *, every: bool
) -> tuple[list[Difference], int]:
    """What differs, or is to be written whatever it is; and how many tags the other items have."""
    different, kept, pace = list[Difference](), 0, Pace()
    for item in found:
        if pace.due():
            await asyncio.sleep(0)
        was, mine = dressed(item.body), own.get(item.id, ())
        marking = marker.mark(was.name, was.category_ids, censored=item.censored, own=mine)
        same = (marking.tags, marking.cleaned_name) == (was.tags, was.cleaned_name)
        if same and marking.visibility == item.visibility and not mine and not every:
            kept += len(was.tags)
        else:
            different.append(Difference(item=item, was=was, marking=marking, own=mine))
    return different, kept


def _rewritten(one: Difference, now: int, dated: str | None) -> tuple[tuple[Any, ...], bytes]:
    was, marking = one.was, one.marking
    tidy = marking.cleaned_name if marking.cleaned_name != was.name else None
    words = search_words(was.name, tidy, was.original_name)
    row = (sort_key(marking.cleaned_name), words, int(marking.visibility), now, one.item.ordinal)
    renamed, stamps = (was.cleaned_name, marking.cleaned_name), (was.updated_at, dated)
    return row, restamped(one.item.body, tags=(was.tags, marking.tags), renamed=renamed, updated_at=stamps)
