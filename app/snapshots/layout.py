"""Where everything of a version lies: what the `snapshot` row keeps.

Items of a kind are cut into segments, the same in both views. Segments lie in parts, each behind it a newline (a stored
block, which a comma may replace where a list is wanted). What is known of a segment stands in columns of packed
integers: a million items have 20,000 segments.
"""

import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Final

from msgspec import Struct, msgpack

from app.domain.kinds import Kind
from app.snapshots.member import HEADER
from app.snapshots.segment import SEPARATOR_BYTES
from app.snapshots.views import View

MIXED: Final = (Kind.CHANNEL, Kind.MOVIE, Kind.SERIES)  # the order of items in pages of all kinds
PAGE_ITEMS: Final = 1000  # segments end where pages of this size end


class Stretch(Struct, frozen=True, array_like=True):
    """A range of an artifact that inflates to `raw` bytes with this CRC-32; `commas` = where to put them in it."""

    artifact: str
    offset: int
    length: int
    raw: int
    crc: int
    commas: tuple[int, ...] = ()


class Part(Struct, frozen=True, array_like=True):
    """A file of whole segments: one gzip member. `sha256` and `bytes` are of the lines."""

    sha256: str
    bytes: int
    artifact: str
    artifact_bytes: int
    items: int
    segments: int
    born: int


class Column(Struct, frozen=True, dict=True):
    """One kind in one view. Of each segment: length of its blocks and its text, two checksums, count of cuts."""

    parts: tuple[Part, ...] = ()
    packed_lengths: bytes = b""
    packed_raws: bytes = b""
    packed_crc_lines: bytes = b""
    packed_crc_lists: bytes = b""
    packed_cut_counts: bytes = b""
    packed_cuts: bytes = b""

    @cached_property
    def lengths(self) -> "array[int]":
        return unpacked(self.packed_lengths)

    @cached_property
    def raws(self) -> "array[int]":
        return unpacked(self.packed_raws)

    @cached_property
    def crc_lines(self) -> "array[int]":
        return unpacked(self.packed_crc_lines)

    @cached_property
    def crc_lists(self) -> "array[int]":
        return unpacked(self.packed_crc_lists)

    @cached_property
    def _cut_ends(self) -> "array[int]":
        return array("I", accumulate(unpacked(self.packed_cut_counts), initial=0))

    @cached_property
    def _cuts(self) -> "array[int]":
        return unpacked(self.packed_cuts)

    @cached_property
    def part_starts(self) -> "array[int]":
        """The number of the first segment of each part, and the number of segments."""
        return array("I", accumulate((part.segments for part in self.parts), initial=0))

    @cached_property
    def offsets(self) -> "array[int]":
        """Where each segment begins in its part."""
        found, starts = array("I"), self.part_starts
        for number in range(len(self.parts)):
            offset = len(HEADER)
            for length in self.lengths[starts[number] : starts[number + 1]]:
                found.append(offset)
                offset += length + SEPARATOR_BYTES
        return found

    def cuts(self, segment: int) -> "array[int]":
        """Places within a segment where a comma may stand."""
        return self._cuts[self._cut_ends[segment] : self._cut_ends[segment + 1]]

    def part_of(self, segment: int) -> int:
        """The number of the part that a segment lies in."""
        return bisect_right(self.part_starts, segment) - 1


class ItemList(Struct, frozen=True, dict=True):
    """All active items of one kind in the order of their ordinals; `lasts` = the last ordinal of each segment."""

    packed_lasts: bytes = b""
    packed_counts: bytes = b""
    views: dict[View, Column] = {}

    @cached_property
    def lasts(self) -> "array[int]":
        return unpacked(self.packed_lasts)

    @cached_property
    def counts(self) -> "array[int]":
        return unpacked(self.packed_counts)

    @cached_property
    def starts(self) -> "array[int]":
        """The number of the first item of each segment, and the number of items behind the last."""
        return array("I", accumulate(self.counts, initial=0))

    @property
    def total(self) -> int:
        return self.starts[-1]

    def overlapping(self, first: int, end: int) -> tuple[int, int]:
        """The segments (from, to) that hold items first … end - 1."""
        if first >= end:
            return 0, 0
        return bisect_right(self.starts, first) - 1, bisect_left(self.starts, end)

    def starts_at(self, item: int) -> bool:
        """Whether a segment begins with this item, or the last one ends in front of it."""
        place = bisect_left(self.starts, item)
        return place < len(self.starts) and self.starts[place] == item


class Layout(Struct, frozen=True, kw_only=True):
    """A version: who it belongs to as it was then, and where everything lies."""

    provider: dict[str, str]
    items: dict[Kind, ItemList]
    categories: Stretch
    total_categories: int
    by_category: dict[Kind, Stretch]

    def stats(self) -> dict[str, int]:
        """Counts as clients know them."""
        return {
            "totalMovies": self.items[Kind.MOVIE].total,
            "totalSeries": self.items[Kind.SERIES].total,
            "totalChannels": self.items[Kind.CHANNEL].total,
            "totalCategories": self.total_categories,
        }

    @property
    def total(self) -> int:
        """All items."""
        return sum(one.total for one in self.items.values())

    def parts(self) -> Iterable[tuple[View, Kind, int, Part]]:
        """All parts with the numbers they have in their lists."""
        for kind in MIXED:
            for view, column in self.items[kind].views.items():
                for number, part in enumerate(column.parts):
                    yield view, kind, number, part

    @property
    def size(self) -> int:
        """Roughly the bytes that it takes in memory."""
        lists = self.items.values()
        return 16_384 + sum(8 * len(items.packed_lasts) * (2 + 8 * len(items.views)) // 4 for items in lists)


_decoder: Final = msgpack.Decoder(Layout)
encode = msgpack.encode
decode = _decoder.decode


def packed(values: Sequence[int]) -> bytes:
    """Numbers below 2³², little endian."""
    made = array("I", values)
    if sys.byteorder == "big":
        made.byteswap()
    return made.tobytes()


def unpacked(data: bytes) -> "array[int]":
    """What `packed` wrote."""
    made = array("I", data)
    if sys.byteorder == "big":
        made.byteswap()
    return made
