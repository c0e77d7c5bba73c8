"""What every active item is a copy of, in arrays by place: 22 bytes an item, worked out once per state of a catalogue.

A group may lie anywhere in a catalogue and across several, and no index brings its members together: names are spelled
in too many ways. Arrays do, and cost less than a column that every sync would have to write.
"""

import asyncio
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from xxhash import xxh3_64_intdigest

from app.browse.catalogues import PENDING_SECONDS, Catalogue
from app.core import jsonio
from app.db import tags as item_tags
from app.db.engine import Reader
from app.db.marks import Marks, fetch
from app.domain.filters import Visibility
from app.domain.kinds import Kind
from app.domain.variants import Variant, channel_variant, title_variant

STRETCH: Final = 5_000  # rows read together
BREATH: Final = 100  # names taken apart in one go: about 2 ms in which the process does nothing else
PATIENCE: Final = 20  # times what a build took: as long it may stay while a sync writes
FILTERED_RANK: Final = 1_000  # behind every copy that is shown
_COLUMNS: Final = {Kind.CHANNEL: "name, epg_id", Kind.MOVIE: "name, year", Kind.SERIES: "name, year"}


State = tuple[str, int, bool, int | None]


@dataclass(slots=True)
class Shelf:
    """By place: `bases` and `places` are numbers of texts, 0 = nothing; `marks` minutes, `ranks` order copies."""

    bases: "array[int]" = field(default_factory=lambda: array("q"))
    places: "array[int]" = field(default_factory=lambda: array("h"))
    marks: "array[int]" = field(default_factory=lambda: array("h"))
    ranks: "array[int]" = field(default_factory=lambda: array("h"))
    sources: "array[int]" = field(default_factory=lambda: array("q"))  # hashes of what each was worked out from
    unsure: dict[int, float] = field(default_factory=dict)  # confidence of marks, by place, where it is not 1

    def reach(self, ordinal: int) -> None:
        """Makes room up to this place."""
        for column in (self.bases, self.places, self.marks, self.ranks, self.sources):
            column.frombytes(bytes((ordinal + 1 - len(column)) * column.itemsize))

    def __len__(self) -> int:
        return len(self.bases)


@dataclass(slots=True)
class _Kept:
    shelf: Shelf
    state: State
    until: float


class Shelves:
    """One shelf per provider and kind, renewed when its catalogue changed."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, Kind], _Kept] = {}
        self._turn = asyncio.Lock()
        self._places: dict[str, int] = {"": 0}

    async def of(self, reader: Reader, catalogue: Catalogue, kind: Kind) -> Shelf:
        """The shelf of one catalogue; while a sync writes it may be a little old."""
        key = (catalogue.provider_pk, kind)
        filtered = await item_tags.state(reader, kind, catalogue.provider_pk)  # filters hide without a version
        state = (catalogue.epoch, catalogue.version, catalogue.pending, filtered and filtered[0])
        if (kept := self._fresh(key, state)) is None:
            async with self._turn:  # whoever waited for the same one finds it done
                kept = self._fresh(key, state) or await self._renew(reader, key, state)
        return kept.shelf

    def forget_others(self, provider_pks: Sequence[int]) -> None:
        """Drops the shelves of providers that are gone; these are all there are."""
        for key in [key for key in self._kept if key[0] not in provider_pks]:
            del self._kept[key]

    def numbered(self, place: str) -> int:
        """The number of a place in all shelves."""
        return self._places.setdefault(place, len(self._places))

    def place_of(self, number: int) -> str:
        """The place that a number stands for."""
        return next(place for place, known in self._places.items() if known == number)

    def _fresh(self, key: tuple[int, Kind], state: State) -> _Kept | None:
        kept = self._kept.get(key)
        pending = state[2]
        return kept if kept and kept.state == state and (not pending or time.monotonic() < kept.until) else None

    async def _renew(self, reader: Reader, key: tuple[int, Kind], state: State) -> _Kept:
        began, old = time.monotonic(), self._kept.get(key)
        shelf = await self._build(reader, *key, old.shelf if old else Shelf())
        taken = time.monotonic() - began
        kept = self._kept[key] = _Kept(shelf, state, time.monotonic() + max(PENDING_SECONDS, PATIENCE * taken))
        return kept

    async def _build(self, reader: Reader, provider_pk: int, kind: Kind, old: Shelf) -> Shelf:
        shelf, last = Shelf(), -1
        while rows := await _rows(reader, provider_pk, kind, last):
            tags = await _tags(reader, provider_pk, kind, last, rows[-1][0])
            shelf.reach(rows[-1][0])
            for start in range(0, len(rows), BREATH):
                for row in rows[start : start + BREATH]:
                    self._put(shelf, old, kind, row, tags.get(row[0], ()))
                await asyncio.sleep(0)
            last = rows[-1][0]
        return shelf

    def _put(self, shelf: Shelf, old: Shelf, kind: Kind, row: Any, tags: Sequence[str]) -> None:
        ordinal, name, told, visibility = row
        source = _signed(f"{name}\x1f{told}\x1f{visibility}\x1f{','.join(tags)}")
        if ordinal < len(old) and old.sources[ordinal] == source:
            _copy(shelf, old, ordinal)
            return
        found = variant_of(kind, name, tags, told)
        shelf.sources[ordinal] = source
        shelf.bases[ordinal] = numbered_base(found)
        shelf.places[ordinal] = self.numbered(found.place)
        shelf.marks[ordinal] = found.mark
        shelf.ranks[ordinal] = found.rank + (FILTERED_RANK if visibility == Visibility.FILTERED else 0)
        if found.confidence < 1:
            shelf.unsure[ordinal] = found.confidence


def variant_of(kind: Kind, name: str, tags: Sequence[str], told: Any) -> Variant:
    """The variant of an item; `told` is a channel's EPG id, a title's year."""
    return channel_variant(name, tags, epg_id=told) if kind is Kind.CHANNEL else title_variant(name, tags, year=told)


def numbered_base(variant: Variant) -> int:
    """The number of a base, the same in every process."""
    return _signed(variant.base) if variant.base else 0


def _signed(text: str) -> int:
    # One in 10⁷ catalogues of a million items would hold a pair by chance.
    return xxh3_64_intdigest(text.encode()) - (1 << 63)


def _copy(shelf: Shelf, old: Shelf, ordinal: int) -> None:
    shelf.sources[ordinal] = old.sources[ordinal]
    shelf.bases[ordinal] = old.bases[ordinal]
    shelf.places[ordinal] = old.places[ordinal]
    shelf.marks[ordinal] = old.marks[ordinal]
    shelf.ranks[ordinal] = old.ranks[ordinal]
    if ordinal in old.unsure:
        shelf.unsure[ordinal] = old.unsure[ordinal]


async def _rows(reader: Reader, provider_pk: int, kind: Kind, last: int) -> Sequence[Any]:
    statement = (
        f"SELECT ordinal, {_COLUMNS[kind]}, visibility FROM {kind.value} "  # noqa: S608 - our names and numbers
        f"WHERE provider_pk = {provider_pk:d} AND ordinal > {last:d} AND is_active ORDER BY ordinal LIMIT {STRETCH:d}"
    )
    return await fetch(reader, statement, Marks(sqlite=reader.sqlite))


async def _tags(reader: Reader, provider_pk: int, kind: Kind, after: int, upto: int) -> dict[int, list[str]]:
    joined = "json_group_array(tag)" if reader.sqlite else "array_agg(tag)"
    statement = (
        f"SELECT ordinal, {joined} FROM item_tag WHERE provider_pk = {provider_pk:d} AND kind = {kind.number} "  # noqa: S608
        f"AND ordinal > {after:d} AND ordinal <= {upto:d} GROUP BY ordinal"
    )
    rows = await fetch(reader, statement, Marks(sqlite=reader.sqlite))
    return {row[0]: sorted(jsonio.loads(row[1]) if reader.sqlite else row[1]) for row in rows}
