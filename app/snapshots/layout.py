"""Where the pieces of a version lie in its pack: what the `snapshot` row keeps.

A pack holds raw deflate data that needs nothing before it: lists of items cut into segments, with the comma between
two neighbours stored as a block of its own, so that any run of segments is one range of bytes. Behind them lie the
lengths of all items (uint32, little endian), for limits that cut through a segment.
"""

from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from typing import Final

from msgspec import Struct, field, msgpack
from zlib_ng.zlib_ng import crc32_combine

from app.domain.kinds import Kind
from app.snapshots.member import COMMA_CRC, STORED_BYTES

MIXED: Final = (Kind.CHANNEL, Kind.MOVIE, Kind.SERIES)  # the order of items in pages of all kinds
PAGE_ITEMS: Final = 1000  # segments end where pages of this size end


class Stretch(Struct, frozen=True, array_like=True):
    """A range of the pack that inflates to `raw` bytes with this CRC-32."""

    offset: int
    length: int
    raw: int
    crc: int


class Segment(Struct, frozen=True, array_like=True):
    """A stretch that holds whole items; `digest` of the raw bytes finds it again in the next version."""

    stretch: Stretch
    items: int
    digest: bytes


class ItemList(Struct, frozen=True, dict=True):
    """All active items of one kind, in the order of their ordinals; `lengths` = where their lengths lie."""

    segments: tuple[Segment, ...] = ()
    lengths: int = 0

    @cached_property
    def starts(self) -> Sequence[int]:
        """The number of the first item of each segment, and the number of items behind the last."""
        return tuple(accumulate((segment.items for segment in self.segments), initial=0))

    @property
    def total(self) -> int:
        return self.starts[-1]

    def overlapping(self, first: int, end: int) -> tuple[int, int]:
        """The segments (from, to) that hold items first … end - 1."""
        if first >= end:
            return 0, 0
        return bisect_right(self.starts, first) - 1, bisect_right(self.starts, end - 1)


class Layout(Struct, frozen=True, kw_only=True):
    """A version: who it belongs to as it was then, and where everything lies."""

    provider: dict[str, str]
    items: dict[Kind, ItemList]
    categories: Stretch
    total_categories: int
    by_category: dict[Kind, Stretch]
    digest: bytes = field(default=b"")  # SHA-256 of the gzipped document

    def segments(self) -> list[Segment]:
        """The segments of all kinds."""
        return [segment for kind in MIXED for segment in self.items[kind].segments]

    def stats(self) -> dict[str, int]:
        """Counts as clients know them."""
        return {
            "totalMovies": self.items[Kind.MOVIE].total,
            "totalSeries": self.items[Kind.SERIES].total,
            "totalChannels": self.items[Kind.CHANNEL].total,
            "totalCategories": self.total_categories,
        }


_decoder: Final = msgpack.Decoder(Layout)
encode = msgpack.encode
decode = _decoder.decode


def joined(segments: Sequence[Segment], *, comma: bool = True) -> Stretch:
    """Neighbours in the pack as one stretch; between items stands a comma."""
    if not segments:
        return Stretch(0, 0, 0, 0)
    first = segments[0].stretch
    length, raw, crc = first.length, first.raw, first.crc
    for segment in segments[1:]:
        if comma:
            length, raw, crc = length + STORED_BYTES + 1, raw + 1, crc32_combine(crc, COMMA_CRC, 1)
        part = segment.stretch
        length, raw, crc = length + part.length, raw + part.raw, crc32_combine(crc, part.crc, part.raw)
    return Stretch(first.offset, length, raw, crc)
