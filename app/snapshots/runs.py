"""Runs of segments as stretches of files: the pieces that pages, documents and lines are put together from."""

from array import array
from collections.abc import Iterator
from typing import Final

from zlib_ng.zlib_ng import crc32_combine

from app.snapshots.layout import Column, Stretch
from app.snapshots.member import HEADER, TRAILER_BYTES
from app.snapshots.segment import COMMA_CRC, NEWLINE_CRC, SEPARATOR_BYTES
from app.snapshots.views import COMMA

Piece = bytes | Stretch
COMMA_PLACE: Final = SEPARATOR_BYTES - 1


def listed(column: Column, first: int, end: int) -> list[Piece]:
    """Segments first … end - 1 as the inside of a JSON array."""
    pieces: list[Piece] = []
    for start, stop in _by_part(column, first, end):
        pieces += [COMMA] if pieces else []
        pieces.append(_list_stretch(column, start, stop))
    return pieces


def lines(column: Column, first: int = 0, end: int | None = None) -> list[Piece]:
    """Segments as lines, each ended by a newline; all of them when no end is named."""
    stop = len(column.lengths) if end is None else end
    return [_line_stretch(column, one, other) for one, other in _by_part(column, first, stop)]


def blocks(column: Column, first: int, end: int) -> Stretch:
    """Segments of one part as they lie there, without the newline behind the last; its checksum is not known."""
    _, _, stretch = _place(column, first, end)
    return stretch


def _by_part(column: Column, first: int, end: int) -> Iterator[tuple[int, int]]:
    while first < end:
        stop = min(end, column.part_starts[column.part_of(first) + 1])
        yield first, stop
        first = stop


def _place(column: Column, first: int, end: int) -> tuple[int, int, Stretch]:
    offset, last = column.offsets[first], end - 1
    length = column.offsets[last] + column.lengths[last] - offset
    raw = sum(column.raws[first:end]) + end - first - 1
    return offset, length, Stretch(column.parts[column.part_of(first)].artifact, offset, length, raw, 0)


def _list_stretch(column: Column, first: int, end: int) -> Stretch:
    offset, length, stretch = _place(column, first, end)
    commas = array("I")
    for segment in range(first, end):
        start = column.offsets[segment] - offset
        commas.extend(start + cut for cut in column.cuts(segment))
        if segment < end - 1:
            commas.append(start + column.lengths[segment] + COMMA_PLACE)
    crc = _combined(column.crc_lists, column.raws, first, end, COMMA_CRC)
    return Stretch(stretch.artifact, offset, length, stretch.raw, crc, tuple(commas))


def _line_stretch(column: Column, first: int, end: int) -> Stretch:
    offset, length, stretch = _place(column, first, end)
    crc = crc32_combine(_combined(column.crc_lines, column.raws, first, end, NEWLINE_CRC), NEWLINE_CRC, 1)
    return Stretch(stretch.artifact, offset, length + SEPARATOR_BYTES, stretch.raw + 1, crc)


def _combined(crcs: "array[int]", raws: "array[int]", first: int, end: int, between: int) -> int:
    total = crcs[first]
    for segment in range(first + 1, end):
        total = crc32_combine(crc32_combine(total, between, 1), crcs[segment], raws[segment])
    return int(total)


WRAPPING_BYTES: Final = len(HEADER) + TRAILER_BYTES
