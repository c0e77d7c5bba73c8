"""Segments become parts: those of the version before are named again, the rest is written, 1–4 MiB of lines each."""

import asyncio
from array import array
from collections.abc import Mapping, Sequence
from hashlib import sha256
from itertools import groupby
from typing import Final

from msgspec import Struct
from zlib_ng.zlib_ng import crc32_combine

from app.core.ports import ArtifactStore
from app.snapshots.layout import Column, Part, packed
from app.snapshots.member import HEADER, inflated, trailer
from app.snapshots.runs import blocks
from app.snapshots.segment import NEWLINE_CRC, SEPARATOR, Segment
from app.snapshots.views import NEWLINE

MIB: Final = 1 << 20
SMALLEST: Final = MIB
USUAL: Final = 2 * MIB
HELD: Final = 6 * MIB  # of lines that wait for their part, at most


class Piece(Struct, frozen=True):
    """A segment on its way into a part: `made` anew, or number `old` of the version before; `raw` = its length."""

    items: int
    raw: int
    made: Segment | None = None
    old: int = -1


class Parts:
    """Collects the segments of one kind and view, in order."""

    def __init__(self, artifacts: ArtifactStore, before: Column, version: int) -> None:
        self._artifacts = artifacts
        self._before = before
        self._version = version
        self._columns = _Columns()
        self._waiting: list[Piece] = []
        self._size = 0
        self._again: list[Piece] = []  # the first segments of an old part, while they come as they lay in it
        self._first = {start: number for number, start in enumerate(before.part_starts[:-1])}

    async def add(self, piece: Piece) -> None:
        """Takes the next segment."""
        if self._again and (self._whole or piece.old != self._again[-1].old + 1):
            self._wait(self._again)
            self._again = []
        if self._again or piece.old in self._first:
            self._again.append(piece)
            if self._whole and self._part.bytes >= SMALLEST:
                await self._name()
        else:
            self._wait([piece])
        while self._size > HELD:
            await self._write(USUAL)

    async def column(self) -> Column:
        """All that was added, written."""
        if self._again and self._whole:
            await self._name()
        self._wait(self._again)
        await self._write_waiting()
        return self._columns.column()

    @property
    def _part(self) -> Part:
        """The old part whose segments come again."""
        return self._before.parts[self._first[self._again[0].old]]

    @property
    def _whole(self) -> bool:
        return len(self._again) == self._part.segments

    def _wait(self, pieces: Sequence[Piece]) -> None:
        self._waiting += pieces
        self._size += sum(piece.raw + 1 for piece in pieces)

    async def _name(self) -> None:
        """An old part comes again as a whole: its file is named, unless what waits is too little for a part."""
        if 0 < self._size < SMALLEST:
            self._wait(self._again)
        else:
            await self._write_waiting()
            for piece in self._again:
                self._columns.add(_old(self._before, piece.old))
            self._columns.parts.append(self._part)
        self._again = []

    async def _write_waiting(self) -> None:
        parts = max(1, round(self._size / USUAL))
        for left in range(parts, 0, -1):
            if self._waiting:
                await self._write(self._size / left)

    async def _write(self, size: float) -> None:
        """Writes a part of about so many bytes from what waits."""
        chosen, taken = 0, 0
        while chosen < len(self._waiting) and taken < size:
            taken += self._waiting[chosen].raw + 1
            chosen += 1
        pieces, self._waiting = self._waiting[:chosen], self._waiting[chosen:]
        self._size -= taken
        found = await self._blocks(pieces)
        file = await asyncio.to_thread(_file, found)
        async with self._artifacts.create() as writer:
            await writer.write(file.data)
            stored = await writer.commit()
        for block in found:
            self._columns.add(block.line)
        items, name = sum(piece.items for piece in pieces), stored.sha256
        part = Part(file.sha256, taken, name, stored.bytes, items, len(pieces), self._version)
        self._columns.parts.append(part)

    async def _blocks(self, pieces: Sequence[Piece]) -> "list[_Block]":
        """The segments with their bytes; those of one old part are read together, with what lies between them."""
        old = [piece.old for piece in pieces if piece.made is None]
        read: dict[int, tuple[int, bytes]] = {}
        for number, members in groupby(old, self._before.part_of):
            chosen = list(members)
            stretch = blocks(self._before, chosen[0], chosen[-1] + 1)
            data = await self._artifacts.read(stretch.artifact, stretch.offset, stretch.length)
            read[number] = stretch.offset, data
        return [_made(piece.made) if piece.made else self._again_from(read, piece.old) for piece in pieces]

    def _again_from(self, read: Mapping[int, tuple[int, bytes]], number: int) -> "_Block":
        offset, data = read[self._before.part_of(number)]
        start = self._before.offsets[number] - offset
        return _Block(_old(self._before, number), data[start : start + self._before.lengths[number]], None)


class _Line(Struct, frozen=True):
    """A segment in its column."""

    length: int
    raw: int
    crc_lines: int
    crc_list: int
    cuts: Sequence[int]


class _Block(Struct, frozen=True):
    """A segment with its bytes; `raw` where it is at hand."""

    line: _Line
    data: bytes
    raw: bytes | None


class _File(Struct, frozen=True):
    data: bytes
    sha256: str


def _made(made: Segment) -> _Block:
    line = _Line(len(made.data), len(made.raw), made.crc_lines, made.crc_list, made.cuts)
    return _Block(line, made.data, made.raw)


def _old(column: Column, number: int) -> _Line:
    return _Line(
        column.lengths[number],
        column.raws[number],
        column.crc_lines[number],
        column.crc_lists[number],
        column.cuts(number),
    )


def _file(found: Sequence[_Block]) -> _File:
    """One gzip member of all lines, and what it holds."""
    digest, crc, size = sha256(), 0, 0
    data = [HEADER]
    for block in found:
        digest.update(inflated(block.data) if block.raw is None else block.raw)
        digest.update(NEWLINE)
        crc = crc32_combine(crc32_combine(crc, block.line.crc_lines, block.line.raw), NEWLINE_CRC, 1)
        size += block.line.raw + 1
        data += [block.data, SEPARATOR]
    return _File(b"".join([*data, trailer(crc, size)]), digest.hexdigest())


class _Columns:
    """A column while it grows."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self._lengths, self._raws, self._crc_lines, self._crc_lists = (array("I") for _ in range(4))
        self._cut_counts, self._cuts = array("I"), array("I")

    def add(self, line: _Line) -> None:
        self._lengths.append(line.length)
        self._raws.append(line.raw)
        self._crc_lines.append(line.crc_lines)
        self._crc_lists.append(line.crc_list)
        self._cut_counts.append(len(line.cuts))
        self._cuts.extend(line.cuts)

    def column(self) -> Column:
        return Column(
            parts=tuple(self.parts),
            packed_lengths=packed(self._lengths),
            packed_raws=packed(self._raws),
            packed_crc_lines=packed(self._crc_lines),
            packed_crc_lists=packed(self._crc_lists),
            packed_cut_counts=packed(self._cut_counts),
            packed_cuts=packed(self._cuts),
        )
