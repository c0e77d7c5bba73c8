"""Goes through what is stored and marks it by the rules, filters and categories of now. Only what differs is written.

Whoever calls holds the catalogue's lease and publishes afterwards. A stretch of items is one transaction: a crash in
between leaves items marked by either set of rules, and `tag_state` says that it has to be done again.
"""

import asyncio
from collections.abc import Mapping, Sequence
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
NOBODY: Final[Mapping[str, tuple[str, ...]]] = {}


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


class Found(Struct, frozen=True, gc=False):
    """A stretch of items in order, and the tags that people set, by public id."""

    items: Sequence[StoredItem] = ()
    own: Mapping[str, tuple[str, ...]] = NOBODY


@dataclass(slots=True)
class Marked:
    """What a stretch's marking is to write, as rows; `kept` counts the tags of the items that stay as they are."""

    given: list[Given] = field(default_factory=list)
    shown: list[tuple[int, int]] = field(default_factory=list)
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    bodies: list[tuple[int, bytes]] = field(default_factory=list)
    log: list[ChangeRow] = field(default_factory=list)
    renamed: list[int] = field(default_factory=list)
    kept: int = 0

    def rewrite(self, item: StoredItem, was: Dressed, marking: Marking, now: int, dated: str | None) -> None:
        """The rows of an item whose change clients are told of."""
        name = marking.cleaned_name
        words = search_words(was.name, name if name != was.name else None, was.original_name)
        self.rows.append((sort_key(name), words, int(marking.visibility), now, item.ordinal))
        renamed, stamps = (was.cleaned_name, name), (was.updated_at, dated)
        body = restamped(item.body, tags=(was.tags, marking.tags), renamed=renamed, updated_at=stamps)
        self.bodies.append((item.ordinal, body))
        if item.is_active:
            self.log.append((item.id, "updated", body))
        if was.cleaned_name != name:
            self.renamed.append(item.ordinal)


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
        renamed = OrdinalSet()
        found = await self._read(run, kind, after=-1)
        while found.items:
            await self._store(run, kind, await _marked(marker, found), renamed)
            found = await self._read(run, kind, after=found.items[-1].ordinal)
        await self._index(run, kind, renamed)

    async def _part(self, run: Run, kind: Kind, marker: Marker, places: Sequence[int]) -> None:
        renamed = OrdinalSet()
        for start in range(0, len(places), STRETCH):
            found = await self._read(run, kind, places=places[start : start + STRETCH])
            await self._store(run, kind, await _marked(marker, found, every=True), renamed)
        await self._index(run, kind, renamed)

    async def _read(self, run: Run, kind: Kind, *, after: int = -1, places: Sequence[int] = ()) -> Found:
        """The stretch behind a place, or these places."""
        async with self._database.reader() as reader:
            items = await tags.stretch(reader, kind, run.provider_pk, after=after, limit=STRETCH, places=places)
            return Found(items, await tags.set_by_people(reader, [item.id for item in items]))

    async def _store(self, run: Run, kind: Kind, marked: Marked, renamed: OrdinalSet) -> None:
        run.counts = run.counts.plus(Counts(kept=marked.kept))
        if not marked.given:
            return
        async with self._database.writer() as writer:
            await lease.require(writer, provider_pk=run.provider_pk, fence=run.fence)
            await self._write(writer, run, kind, marked)
        renamed.update(OrdinalSet(marked.renamed))
        run.changed += len(marked.log)

    async def _write(self, writer: Writer, run: Run, kind: Kind, marked: Marked) -> None:
        older = run.started + (run.rounds > 0)  # what a round of this processing gave may be wrong too
        put = await tags.put(writer, kind, run.provider_pk, marked.given, run.started, before=older)
        run.counts = run.counts.plus(put)
        await tags.show(writer, kind, run.provider_pk, marked.shown)
        await tags.remark(writer, kind, run.provider_pk, marked.rows)
        await items.rewrite_documents(writer, kind, run.provider_pk, marked.bodies)
        places = OrdinalSet(ordinal for ordinal, _ in marked.bodies)
        await self._log(writer, run, kind, marked.log, places)

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


async def _marked(marker: Marker, found: Found, *, every: bool = False) -> Marked:
    """What differs, or is to be written whatever it is."""
    made, pace, now = Marked(), Pace(), now_ms()
    dated = rfc3339(now)
    for item in found.items:
        if pace.due():
            await asyncio.sleep(0)
        was, own = dressed(item.body), found.own.get(item.id, ())
        marking = marker.mark(was.name, was.category_ids, censored=item.censored, own=own)
        told = (marking.tags, marking.cleaned_name) != (was.tags, was.cleaned_name)
        if not told and marking.visibility == item.visibility and not own and not every:
            made.kept += len(was.tags)
            continue
        made.given.append(Given(item.ordinal, marking.tags, own))
        if told:
            made.rewrite(item, was, marking, now, dated)
        else:  # who is shown it is not theirs to know
            made.shown.append((int(marking.visibility), item.ordinal))
    return made
