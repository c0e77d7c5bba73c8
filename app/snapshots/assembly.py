"""A file as a list of pieces: glue that is made now and stretches of parts; one gzip member or plain bytes."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from zlib_ng import zlib_ng

from app.core.ports import ArtifactStore
from app.snapshots.layout import Stretch
from app.snapshots.member import HEADER, RAW_DEFLATE, TRAILER_BYTES, stored, trailer
from app.snapshots.runs import Piece
from app.snapshots.views import COMMA


@dataclass(frozen=True, kw_only=True)
class Assembly:
    """A file that can be read again and again, in either encoding, and is never whole in memory."""

    pieces: Sequence[Piece]

    @cached_property
    def raw_bytes(self) -> int:
        return sum(len(piece) if isinstance(piece, bytes) else piece.raw for piece in self.pieces)

    @cached_property
    def gzip_bytes(self) -> int:
        inside = (len(stored(piece)) if isinstance(piece, bytes) else piece.length for piece in self.pieces)
        return len(HEADER) + sum(inside) + TRAILER_BYTES

    @cached_property
    def crc(self) -> int:
        total = 0
        for piece in self.pieces:
            if isinstance(piece, bytes):
                total = zlib_ng.crc32(piece, total)
            else:
                total = zlib_ng.crc32_combine(total, piece.crc, piece.raw)
        return total

    async def gzip(self, artifacts: ArtifactStore) -> AsyncIterator[bytes]:
        """One member, without compressing anything."""
        glue = HEADER
        for piece in self.pieces:
            if isinstance(piece, bytes):
                glue += stored(piece)
            elif piece.length:
                if glue:
                    yield glue
                glue = b""
                async for chunk in read(artifacts, piece):
                    yield chunk
        yield glue + trailer(self.crc, self.raw_bytes)

    async def plain(self, artifacts: ArtifactStore) -> AsyncIterator[bytes]:
        """The same bytes inflated; a stretch may be a run of segments, its deflate data goes on across them."""
        for piece in self.pieces:
            if isinstance(piece, bytes):
                yield piece
            elif piece.length:
                inflate = zlib_ng.decompressobj(RAW_DEFLATE)
                async for chunk in read(artifacts, piece):
                    yield bytes(inflate.decompress(chunk))


async def read(artifacts: ArtifactStore, stretch: Stretch) -> AsyncIterator[bytes]:
    """The bytes of a stretch, in chunks, with its commas in their places."""
    commas, base, following = stretch.commas, 0, 0
    async for chunk in artifacts.stream(stretch.artifact, stretch.offset, stretch.length):
        end = base + len(chunk)
        if following == len(commas) or commas[following] >= end:
            yield chunk
        else:
            patched = bytearray(chunk)
            while following < len(commas) and commas[following] < end:
                patched[commas[following] - base] = COMMA[0]
                following += 1
            yield bytes(patched)
        base = end
