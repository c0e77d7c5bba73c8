"""What a change of rules or filters would do to what is stored. Nothing is written."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from app.core.pace import Pace
from app.db import policies, tags
from app.db.engine import Database
from app.domain.kinds import Kind
from app.domain.marking import Marker, Marking, Policy
from app.domain.stretches import Dressed, StoredItem, dressed
from app.tags.processing import STRETCH
from app.tags.views import Look, Sample, TagChange, Trial, Trouble, visibility_word

Tried = tuple[int, str, Policy]  # a provider's pk and public id, and what would apply to it


class Tally:
    """Counts how active items are marked, and how they would be; keeps the first samples."""

    def __init__(self, samples: int) -> None:
        self._most = samples
        self._trial = Trial()
        self._tags = Counter[str](), Counter[str]()
        self._seen = Counter[str](), Counter[str]()
        self._troubles: dict[str, str] = {}

    def take(self, provider_id: str, kind: Kind, item: StoredItem, was: Dressed, marking: Marking) -> None:
        """One item."""
        trial, removed, added = self._trial, set(was.tags) - set(marking.tags), set(marking.tags) - set(was.tags)
        before = Look(tags=was.tags, cleaned_name=was.cleaned_name, visibility=visibility_word(item.visibility))
        after = Look(
            tags=marking.tags, cleaned_name=marking.cleaned_name, visibility=visibility_word(marking.visibility)
        )
        for tally, look in zip(self._tags, (before, after), strict=True):
            tally.update(look.tags)
        for tally, look in zip(self._seen, (before, after), strict=True):
            tally[look.visibility] += 1
        trial.items += 1
        trial.tags_added += len(added)
        trial.tags_removed += len(removed)
        trial.renamed += was.cleaned_name != marking.cleaned_name
        if before != after:
            trial.changed += 1
            if len(trial.samples) < self._most:
                sample = Sample(
                    id=item.id, provider_id=provider_id, kind=kind, name=was.name, before=before, after=after
                )
                trial.samples.append(sample)

    def trouble(self, troubles: Mapping[str, str]) -> None:
        """What a marker found out about its rules."""
        self._troubles.update(troubles)

    def result(self) -> Trial:
        """All of it."""
        before, after = self._tags
        names = sorted(before.keys() | after.keys())
        words = sorted(self._seen[0].keys() | self._seen[1].keys())
        self._trial.tags = [TagChange(name=one, before=before[one], after=after[one]) for one in names]
        self._trial.visibility = [
            TagChange(name=one, before=self._seen[0][one], after=self._seen[1][one]) for one in words
        ]
        self._trial.troubles = [Trouble(id=public, message=reason) for public, reason in self._troubles.items()]
        return self._trial


async def tried(database: Database, providers: Sequence[Tried], *, kinds: Collection[Kind], samples: int) -> Trial:
    """Compares the marks of these providers' items with those that other rules and filters would make."""
    tally = Tally(samples)
    for provider_pk, provider_id, policy in providers:
        for kind in (one for one in Kind if one in kinds):
            async with database.reader() as reader:
                marker = await policies.load_marker(reader, kind, provider_pk, policy)
            await _kind(database, tally, (marker, kind), provider_pk, provider_id)
            tally.trouble(marker.troubles)
    return tally.result()


async def _kind(
    database: Database, tally: Tally, marking: tuple[Marker, Kind], provider_pk: int, provider_id: str
) -> None:
    (marker, kind), last, pace = marking, -1, Pace()
    while True:
        async with database.reader() as reader:
            found = await tags.stretch(reader, kind, provider_pk, after=last, limit=STRETCH)
            own = await tags.set_by_people(reader, [item.id for item in found])
        if not found:
            return
        last = found[-1].ordinal
        for item in found:
            if pace.due():
                await asyncio.sleep(0)
            if item.is_active:
                was = dressed(item.body)
                mine = own.get(item.id, ())
                made = marker.mark(was.name, was.category_ids, censored=item.censored, own=mine)
                tally.take(provider_id, kind, item, was, made)
