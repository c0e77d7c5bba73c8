"""A file as a list of pieces: glue that is made now and stretches of a pack; one gzip member or plain bytes."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from zlib_ng import zlib_ng

from app.core.ports import ArtifactStore
from app.snapshots.layout import Stretch
from app.snapshots.member import HEADER, RAW_DEFLATE, stored, trailer

Piece = bytes | Stretch


@dataclass(frozen=True, kw_only=True)
class Assembly:
    """A file that can be read again and again, in either encoding, and is never whole in memory."""

    artifact: str
    pieces: Sequence[Piece]

    @cached_property
    def raw_bytes(self) -> int:
        return sum(len(piece) if isinstance(piece, bytes) else piece.raw for piece in self.pieces)

    @cached_property
    def gzip_bytes(self) -> int:
        inside = (len(stored(piece)) if isinstance(piece, bytes) else piece.length for piece in self.pieces)
        return len(HEADER) + sum(inside) + len(trailer(0, 0))

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
                yield glue
                glue = b""
                async for chunk in artifacts.stream(self.artifact, piece.offset, piece.length):
                    yield chunk
        yield glue + trailer(self.crc, self.raw_bytes)

    async def plain(self, artifacts: ArtifactStore) -> AsyncIterator[bytes]:
        """The same bytes inflated; a stretch may be a run of segments, its deflate data goes on across them."""
        for piece in self.pieces:
            if isinstance(piece, bytes):
                yield piece
            elif piece.length:
                inflate = zlib_ng.decompressobj(RAW_DEFLATE)
                async for chunk in artifacts.stream(self.artifact, piece.offset, piece.length):
                    yield bytes(inflate.decompress(chunk))
