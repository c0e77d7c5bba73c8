"""Groups of copies over any number of shelves: which there are, who is in them, and which send the same later."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from app.browse.shelves import FILTERED_RANK, Shelf
from app.domain.variants import EAST_MARK, link_confidence

_UNSURE_PLACE: Final = -1
_ORDINAL_BITS: Final = 32
_RANK_SHIFT: Final = 64  # a copy is one number: a tuple for each would be three times as large


class Key(NamedTuple):
    """What all copies in a group share, by number: name, country, minutes of time shift."""

    base: int
    place: int
    mark: int


class Copy(NamedTuple):
    """A member of a group; copies in order are the best first."""

    rank: int
    provider_pk: int
    ordinal: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Another group with the same programmes, `minutes` after this one's (before, when negative)."""

    key: Key
    minutes: int
    confidence: float


Shelved = Sequence[tuple[int, Shelf]]  # provider_pk, shelf


class Groups:
    """`listed` are the keys with more than one copy, in order of first appearance. Made in a thread: half a second."""

    def __init__(self, shelves: Shelved) -> None:
        self._shelves = dict(shelves)
        self._places = settled(pair for _, shelf in shelves for pair in zip(shelf.bases, shelf.places, strict=True))
        self._members = self._gathered()
        self._marks: dict[tuple[int, int], list[int]] = {}
        for key in self._members:
            if key.mark:
                self._marks.setdefault(key[:2], []).append(key.mark)
        self.listed = [key for key, members in self._members.items() if len(members) > 1]
        for members in self._members.values():
            members.sort()

    def of(self, provider_pk: int, ordinal: int) -> Key | None:
        """The group of an item, or what it would be in; None when its name says nothing."""
        shelf = self._shelves.get(provider_pk)
        if shelf is None or ordinal >= len(shelf) or not shelf.bases[ordinal]:
            return None
        return self._key(shelf, ordinal)

    def rank(self, provider_pk: int, ordinal: int) -> int:
        """Where an item stands among copies; its quality is part of it."""
        shelf = self._shelves.get(provider_pk)
        return shelf.ranks[ordinal] if shelf is not None and ordinal < len(shelf) else 0

    def members(self, key: Key) -> Sequence[Copy]:
        """The copies of a group that is listed or linked, the best first."""
        return [_copy(packed) for packed in self._members.get(key, ())]

    def links(self, key: Key) -> Iterator[Link]:
        """Groups of the same base at other times, the earliest first."""
        marks = self._marks.get(key[:2], ())
        for mark in sorted({0, *marks}):
            other = Key(key.base, key.place, mark)
            if mark != key.mark and {mark, key.mark} != {0, EAST_MARK} and self._members.get(other):
                minutes = max(0, mark) - max(0, key.mark)
                sure = min(self._confidence(one, marks) for one in (key, other))
                yield Link(key=other, minutes=minutes, confidence=round(sure, 2))

    def _key(self, shelf: Shelf, ordinal: int) -> Key:
        base, place = shelf.bases[ordinal], shelf.places[ordinal]
        return Key(base, place or self._places.get(base, 0), shelf.marks[ordinal])

    def _gathered(self) -> dict[Key, list[int]]:
        counts: Counter[int] = Counter()
        for shelf in self._shelves.values():
            counts.update(shelf.bases)
        found: dict[Key, list[int]] = {}
        for provider_pk, shelf in self._shelves.items():
            ranks, front = shelf.ranks, provider_pk << _ORDINAL_BITS
            for ordinal, base in enumerate(shelf.bases):
                if base and counts[base] > 1 and ranks[ordinal] < FILTERED_RANK:
                    packed = ranks[ordinal] << _RANK_SHIFT | front | ordinal
                    found.setdefault(self._key(shelf, ordinal), []).append(packed)
        return found

    def _confidence(self, key: Key, marks: Iterable[int]) -> float:
        """How sure a group's mark is: as sure as its surest copy."""
        found = [self._shelves[copy.provider_pk].unsure.get(copy.ordinal, 1.0) for copy in self.members(key)]
        return link_confidence(key.mark, max(found, default=1.0), marks)


def settled(known: Iterable[tuple[int, int]]) -> dict[int, int]:
    """By base the only place that is known of it, from pairs of both: a copy without a place belongs there."""
    found: dict[int, int] = {}
    for base, place in known:
        if place and found.setdefault(base, place) != place:
            found[base] = _UNSURE_PLACE
    return {base: place for base, place in found.items() if place != _UNSURE_PLACE}


def _copy(packed: int) -> Copy:
    low = (1 << _ORDINAL_BITS) - 1
    return Copy(packed >> _RANK_SHIFT, packed >> _ORDINAL_BITS & low, packed & low)
