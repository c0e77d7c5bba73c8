"""Goes through what is stored and marks it by the rules, filters and categories of now. Only what differs is written.

Whoever calls holds the catalogue's lease and publishes afterwards. A stretch of items is one transaction: a crash in
between leaves items marked by either set of rules, and `tag_state` says that it has to be done again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from app.core.clock import now_ms
from app.db import items, policies, progress, search, tags
from app.db.engine import Database, Writer
from app.db.progress import ChangeRow
from app.db.tags import Counts
from app.domain.kinds import Kind
from app.domain.marking import Marker
from app.domain.ordinals import OrdinalSet
from app.domain.stretches import Found, Marked, Rewritten
from app.jobs import lease
from app.tags.hands import hand

STRETCH: Final = 5_000  # items in one transaction: 7 MB of documents
REFRESH_ALL: Final = 5_000  # renamed items from which on the word index is compared as a whole
NO_JOB: Final = "tags"  # in the change log
NONE: Final = Counts()


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
            troubles = await self._walk(run, kind, marker)
            async with self._database.writer() as writer:
                await lease.require(writer, provider_pk=run.provider_pk, fence=run.fence)
                await policies.report(writer, troubles)
                if set(troubles) <= known:
                    await tags.save_state(writer, kind, run.provider_pk, marker, run.started)
                    run.counts = run.counts._replace(kept=max(before.kept, run.counts.kept - given))
                    return
            run.counts, run.rounds = run.counts._replace(kept=before.kept), run.rounds + 1

    async def _walk(self, run: Run, kind: Kind, marker: Marker) -> dict[str, str]:
        """Marks all of a kind; returns the rules and filters that were left out, and why."""
        renamed = OrdinalSet()
        async with self._database.reader() as reader:
            size = await items.next_ordinal(reader, kind, run.provider_pk)
        async with hand(marker, size) as marking:
            found = await self._read(run, kind, after=-1)
            await marking.give(found)
            while found.items:
                following = await self._read(run, kind, after=found.items[-1].ordinal)
                marked = await marking.take()
                await marking.give(following)  # to be marked while this one is stored
                await self._store(run, kind, marked, renamed)
                found = following
        await self._index(run, kind, renamed)
        return marking.troubles

    async def _part(self, run: Run, kind: Kind, marker: Marker, places: Sequence[int]) -> None:
        renamed = OrdinalSet()
        async with hand(marker, len(places)) as marking:
            for start in range(0, len(places), STRETCH):
                await marking.give(await self._read(run, kind, places=places[start : start + STRETCH]))
                await self._store(run, kind, await marking.take(), renamed)
        await self._index(run, kind, renamed)

    async def _read(self, run: Run, kind: Kind, *, after: int = -1, places: Sequence[int] = ()) -> Found:
        """The stretch behind a place, or these places, which are written whatever they are."""
        async with self._database.reader() as reader:
            stored = await tags.stretch(reader, kind, run.provider_pk, after=after, limit=STRETCH, places=places)
            own = await tags.set_by_people(reader, [item.id for item in stored])
        return Found(stored, own, every=bool(places))

    async def _store(self, run: Run, kind: Kind, marked: Marked, renamed: OrdinalSet) -> None:
        run.counts = run.counts.plus(Counts(kept=marked.kept))
        if not marked.given:
            return
        async with self._database.writer() as writer:
            await lease.require(writer, provider_pk=run.provider_pk, fence=run.fence)
            await self._write(writer, run, kind, marked)
        renamed.update(OrdinalSet(marked.renamed))
        run.changed += sum(one.told_as is not None for one in marked.documents)

    async def _write(self, writer: Writer, run: Run, kind: Kind, marked: Marked) -> None:
        older = run.started + (run.rounds > 0)  # what a round of this processing gave may be wrong too
        put = await tags.put(writer, kind, run.provider_pk, marked.given, run.started, before=older)
        run.counts = run.counts.plus(put)
        await tags.show(writer, kind, run.provider_pk, marked.shown)
        await tags.remark(writer, kind, run.provider_pk, marked.rows)
        bodies = [(one.ordinal, one.body) for one in marked.documents]
        await items.rewrite_documents(writer, kind, run.provider_pk, bodies)
        await self._log(writer, run, kind, marked.documents)

    async def _log(self, writer: Writer, run: Run, kind: Kind, written: Sequence[Rewritten]) -> None:
        log: list[ChangeRow] = [(one.told_as, "updated", one.body) for one in written if one.told_as is not None]
        if not log:
            return
        places = OrdinalSet(one.ordinal for one in written)
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
                writer,
                job_id=run.job_id,
                provider_pk=run.provider_pk,
                kind=kind,
                places={"updated": places},
            )
        await progress.mark_pending(writer, run.provider_pk, floor=1 if first else None)

    async def _index(self, run: Run, kind: Kind, renamed: OrdinalSet) -> None:
        if not len(renamed):
            return
        places = None if len(renamed) > REFRESH_ALL else list(renamed)
        async with self._database.writer() as writer:
            await lease.require(writer, provider_pk=run.provider_pk, fence=run.fence)
            await search.refresh(writer, provider_pk=run.provider_pk, kind=kind, ordinals=places)
