"""A few items compressed so that they can be read as lines and as the inside of a JSON array.

A newline never occurs within a document, so a match of the compressor covers one only where it copies an earlier
newline. The first newline of a segment is kept out of the compressed blocks: it is a stored byte at a known place, and
all others are copies of it. With a comma put there, the same blocks inflate to documents joined by commas.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct
from zlib_ng import zlib_ng

from app.snapshots.member import LEVEL, RAW_DEFLATE, STORED_BYTES, inflated, stored
from app.snapshots.views import COMMA, NEWLINE

SEPARATOR: Final = stored(NEWLINE)
SEPARATOR_BYTES: Final = STORED_BYTES + 1
COMMA_CRC: Final = zlib_ng.crc32(COMMA)
NEWLINE_CRC: Final = zlib_ng.crc32(NEWLINE)


class Segment(Struct, frozen=True):
    """Documents joined by newlines, none behind the last; `cuts` = places in `data` where a comma may stand instead."""

    data: bytes
    cuts: tuple[int, ...]
    raw: bytes
    crc_lines: int
    crc_list: int


def press(lines: Sequence[bytes]) -> Segment:
    """Compresses documents of one kind."""
    raw = NEWLINE.join(lines)
    listed = raw.replace(NEWLINE, COMMA)
    data, cuts = _deflated([lines[0], NEWLINE.join(lines[1:])] if len(lines) > 1 else lines)
    if inflated(with_commas(data, cuts)) != listed:
        # The compressor wrote a newline out instead of copying it, as between documents longer than its window.
        data, cuts = _deflated(lines)
    return Segment(data, cuts, raw, zlib_ng.crc32(raw), zlib_ng.crc32(listed))


def with_commas(data: bytes, cuts: Iterable[int]) -> bytes:
    """The same blocks, as the inside of a JSON array."""
    patched = bytearray(data)
    for cut in cuts:
        patched[cut : cut + 1] = COMMA
    return bytes(patched)


def _deflated(pieces: Sequence[bytes]) -> tuple[bytes, tuple[int, ...]]:
    """Pieces with stored newlines between them, and where these are."""
    compressor = zlib_ng.compressobj(LEVEL, zlib_ng.DEFLATED, RAW_DEFLATE)
    data, cuts = bytearray(), []
    for place, piece in enumerate(pieces):
        if place:
            # The compressor has to know of the newline; the block that it makes of it is replaced by ours.
            compressor.compress(NEWLINE)
            compressor.flush(zlib_ng.Z_SYNC_FLUSH)
            data += SEPARATOR
            cuts.append(len(data) - 1)
        last = place == len(pieces) - 1
        data += compressor.compress(piece) + compressor.flush(zlib_ng.Z_FULL_FLUSH if last else zlib_ng.Z_SYNC_FLUSH)
    return bytes(data), tuple(cuts)
