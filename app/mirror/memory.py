"""Answers of a moment ago: as many as fit, none older than its time, none of a table that changed since."""

import time
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

TTL_SECONDS: Final = 300.0
MOST_ENTRIES: Final = 1_000
MOST_BYTES: Final = 32 * 1024 * 1024
LARGEST_SHARE: Final = 4  # one answer takes at most this part of the room
Stamp = tuple[tuple[str, int], ...]  # the version of each table that an answer was made of; () = the portal's


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An answer: names of columns, rows, and what it weighs in bytes of JSON."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    tables: frozenset[str]
    stamp: Stamp
    weight: int
    truncated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryView:
    """What is kept of a provider's answers now, and how often this process looked for one since its start."""

    entries: int
    weight: int
    hits: int
    misses: int

    @property
    def rate(self) -> float | None:
        """The share of looks that found an answer; None before the first."""
        looks = self.hits + self.misses
        return round(self.hits / looks, 4) if looks else None


Key = tuple[str, str, str, int]  # provider, statement, mode, row limit


class Memory:
    """Of one process. `ttl` in seconds; `room` in bytes."""

    def __init__(self, *, ttl: float = TTL_SECONDS, entries: int = MOST_ENTRIES, room: int = MOST_BYTES) -> None:
        self._ttl = ttl
        self._entries = entries
        self._room = room
        self._kept: OrderedDict[Key, tuple[float, Kept]] = OrderedDict()
        self._weight = 0
        self._looks: Counter[tuple[str, bool]] = Counter()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def weight(self) -> int:
        """Bytes of all that is kept."""
        return self._weight

    def get(self, key: Key) -> Kept | None:
        """What is kept; whoever asks has to compare its stamp."""
        found = self._kept.get(key)
        if found is None:
            return None
        if found[0] <= time.monotonic():
            self.drop(key)
            return None
        self._kept.move_to_end(key)
        return found[1]

    def looked(self, provider_id: str, *, hit: bool) -> None:
        """Counts a look: whoever looked knows whether what it found was still true."""
        self._looks[provider_id, hit] += 1

    def view(self, provider_id: str) -> MemoryView:
        weights = [kept.weight for key, (_, kept) in self._kept.items() if key[0] == provider_id]
        hits, misses = (self._looks[provider_id, hit] for hit in (True, False))
        return MemoryView(entries=len(weights), weight=sum(weights), hits=hits, misses=misses)

    def put(self, key: Key, kept: Kept) -> None:
        """Keeps an answer, at the cost of those that nobody asked for longest."""
        self.drop(key)
        if self._ttl <= 0 or kept.weight * LARGEST_SHARE > self._room:
            return
        self._kept[key] = (time.monotonic() + self._ttl, kept)
        self._weight += kept.weight
        while len(self._kept) > self._entries or self._weight > self._room:
            self.drop(next(iter(self._kept)))

    def drop(self, key: Key) -> None:
        found = self._kept.pop(key, None)
        if found is not None:
            self._weight -= found[1].weight

    def forget(self, provider_id: str, table: str | None = None) -> int:
        """Drops what was made of a table, or of all of a provider's; how many answers that were."""
        gone = [
            key
            for key, (_, kept) in self._kept.items()
            if key[0] == provider_id and (table is None or table in kept.tables)
        ]
        for key in gone:
            self.drop(key)
        return len(gone)
