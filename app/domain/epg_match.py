"""Which guide channel a channel shows: pure, and able to say how sure it is.

By id first (as it is written, then trimmed and in any case), then by name: as it is written, then without what tells
only how the channel is sent or where (`UK: BBC One FHD` is `BBC 1`). What is not found so is left without a guide: the
wrong one is worse than none.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, NamedTuple

from app.domain.values import number as as_number
from app.domain.variants import Variant, channel_variant

HOUR_MS: Final = 3_600_000
MINUTE_MS: Final = 60_000
MAX_SHIFT_HOURS: Final = 24
SURE: Final = 0.9  # that a name speaks of a time shift, where an id says otherwise
UNSURE: Final = 0.8  # times, where several guide channels are meant equally well
WEAKEST: Final = 0.5  # what is less sure is no match
ELSEWHERE: Final = 0.4  # the same name in another country


class Method(StrEnum):
    """How a match was found."""

    PIN = "pin"  # a person said so
    PROVIDER = "provider"  # the provider's own guide, which knows the channel itself
    ID = "id"
    NAME = "name"


class GuideEntry(NamedTuple):
    """A channel of a guide; `guide` is the guide's place among those of the provider, the best first."""

    guide_pk: int
    guide: int
    number: int
    channel_id: str
    names: Sequence[str]
    programmes: int
    own: bool = False  # of the provider's own guide: `channel_id` is the provider's id of the channel


class Wanted(NamedTuple):
    """A channel that looks for its guide."""

    external_id: str
    name: str
    epg_id: str | None
    shift_hours: float | None = None  # as the provider told it
    guide_name: str | None = None  # what a list calls it for its guide alone (`tvg-name`)


class Match(NamedTuple):
    """A guide channel, and by how much its times are shifted (ms)."""

    entry: GuideEntry
    method: Method
    score: float
    shift_ms: int


@lru_cache(maxsize=65_536)
def read_name(name: str, channel_id: str | None = None) -> Variant:
    """What a name comes to; the id of a guide channel tells its country."""
    return channel_variant(name, epg_id=channel_id)


@dataclass(slots=True)
class GuideIndex:
    """The channels of all guides of a provider, found by whatever a channel may be known by."""

    _own: dict[str, list[GuideEntry]] = field(default_factory=dict)
    _ids: dict[str, list[GuideEntry]] = field(default_factory=dict)
    _folded_ids: dict[str, list[GuideEntry]] = field(default_factory=dict)
    _names: dict[str, list[tuple[GuideEntry, Variant]]] = field(default_factory=dict)
    _bases: dict[str, list[tuple[GuideEntry, Variant]]] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Iterable[GuideEntry]) -> "GuideIndex":
        index = cls()
        for entry in entries:
            index.add(entry)
        return index

    def add(self, entry: GuideEntry) -> None:
        if entry.own:
            self._own.setdefault(entry.channel_id, []).append(entry)
        else:
            self._ids.setdefault(entry.channel_id, []).append(entry)
            self._folded_ids.setdefault(_folded(entry.channel_id), []).append(entry)
        for name in entry.names:
            read = read_name(name, entry.channel_id)
            self._names.setdefault(_folded(name), []).append((entry, read))
            if read.base:
                self._bases.setdefault(read.base, []).append((entry, read))

    def find(self, wanted: Wanted, *, hours: float = 0) -> Match | None:
        """The best guide channel; `hours` are added to the times of whatever is found.

        One without programmes is taken only where nothing else is found.
        """
        names = dict.fromkeys((wanted.guide_name or wanted.name, wanted.name))
        best = [max((*self._by_id(wanted), *self._by_name(wanted, name)), key=_worth, default=None) for name in names]
        found = max(filter(None, best), key=_sure, default=None)  # of two that are as good, that of the guide's name
        return found and found._replace(shift_ms=found.shift_ms + round(hours * HOUR_MS))

    def _by_id(self, wanted: Wanted) -> Iterator[Match]:
        for entry in self._own.get(wanted.external_id, ()):
            yield Match(entry, Method.PROVIDER, 1.0, _told_ms(wanted))
        if wanted.epg_id is None:
            return
        for entry in self._ids.get(wanted.epg_id, ()):
            yield Match(entry, Method.ID, 1.0, _id_shift(wanted, entry))
        for entry in self._folded_ids.get(_folded(wanted.epg_id), ()):
            yield Match(entry, Method.ID, 0.98, _id_shift(wanted, entry))

    def _by_name(self, wanted: Wanted, name: str) -> Iterator[Match]:
        read = read_name(name, wanted.epg_id)
        exact = [(entry, other, 0.95) for entry, other in self._names.get(_folded(name), ())]
        alike = [(entry, other, _likeness(read, other)) for entry, other in self._bases.get(read.base, ())]
        for scored in (exact, alike):
            best = max((score for _, _, score in scored), default=0.0)
            # Namesakes, and nothing that tells which: within one guide, since others repeat its channels.
            rivals = {(entry.guide_pk, entry.number) for entry, _, score in scored if score == best}
            doubt = UNSURE if len(rivals) > len({guide for guide, _ in rivals}) else 1.0
            for entry, other, score in scored:
                if (sure := round(score * doubt, 3)) >= WEAKEST:
                    minutes = max(read.mark, 0) - max(other.mark, 0)
                    shift = _told_ms(wanted) if wanted.shift_hours is not None else minutes * MINUTE_MS
                    yield Match(entry, Method.NAME, sure, shift)


def shift_hours(extra: Mapping[str, Any], options: Mapping[str, Any]) -> tuple[float | None, float]:
    """The shift that the provider told of one channel, and the one that a person set for all of them (hours)."""
    told, chosen = as_number(extra.get("tvgShift")), as_number(options.get("epgShiftHours"))
    return told if told is None or abs(told) <= MAX_SHIFT_HOURS else None, chosen or 0


def _sure(match: Match) -> tuple[bool, float]:
    return bool(match.entry.programmes), match.score


def _worth(match: Match) -> tuple[bool, float, int, int]:
    return *_sure(match), -match.entry.guide, -match.entry.number


def _likeness(one: Variant, other: Variant) -> float:
    if one.place and other.place and one.place != other.place:
        return ELSEWHERE
    score = 0.9 if one.place == other.place else 0.8
    return score - (0.1 if max(one.mark, 0) != max(other.mark, 0) else 0)


def _told_ms(wanted: Wanted) -> int:
    return round((wanted.shift_hours or 0) * HOUR_MS)


def _id_shift(wanted: Wanted, entry: GuideEntry) -> int:
    """`ITV1 +1` under the id of `ITV1`, `HBO West` under that of `HBO`: the guide is that of the channel it repeats."""
    if wanted.shift_hours is not None or not entry.names:
        return _told_ms(wanted)
    read = read_name(wanted.name, wanted.epg_id)
    if read.mark <= 0 or read.confidence < SURE:
        return 0
    known = any(read_name(name, entry.channel_id).mark > 0 for name in entry.names)
    known = known or "plus" in _folded(entry.channel_id)
    return 0 if known else read.mark * MINUTE_MS


def _folded(text: str) -> str:
    return " ".join(text.replace("_", " ").split()).casefold()
