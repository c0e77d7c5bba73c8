"""Files of a line-up: made when somebody asks, compressed once, kept as long as what they show stays the same."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from zlib_ng import zlib_ng

from app.core.ids import new_id

MOST_BYTES: Final = 64 * 2**20  # of all files that are kept
LARGEST: Final = 16 * 2**20  # of one of them; larger ones are made each time
LEVEL: Final = 3  # a third larger than level 6, made in half the time: somebody waits
GZIP: Final = 31  # wbits
WORTH: Final = 64 * 2**10  # bytes that are compressed in a thread


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """A file in one state. `unchanged` tells after it was made whether that state still is the present one."""

    state: str
    media_type: str
    settled: bool
    make: Callable[[], AsyncIterator[bytes]] = field(repr=False)
    unchanged: Callable[[], Awaitable[bool]] = field(repr=False)
    tag: str = field(init=False)

    def __post_init__(self) -> None:
        # While a sync writes, no two readings need be equal: each has a tag of its own.
        named = self.state if self.settled else f"{self.state}{new_id()}"
        object.__setattr__(self, "tag", sha256(named.encode()).hexdigest()[:32])


class Press:
    """Makes editions, and keeps the last ones compressed, the least used ones going first."""

    def __init__(self, *, most_bytes: int = MOST_BYTES, largest: int = LARGEST) -> None:
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._most_bytes = most_bytes
        self._largest = largest
        self.bytes = 0

    def held(self, edition: Edition) -> bytes | None:
        """The whole file, compressed, where it is kept."""
        found = self._kept.get(edition.tag)
        if found is not None:
            self._kept.move_to_end(edition.tag)
        return found

    async def gzipped(self, edition: Edition) -> AsyncIterator[bytes]:
        """The file compressed, in pieces, each as soon as it is there."""
        async for _, packed in self._made(edition):
            if packed:
                yield packed

    async def plain(self, edition: Edition) -> AsyncIterator[bytes]:
        """The file as it is, in pieces."""
        held = self.held(edition)
        if held is None:
            async for piece, _ in self._made(edition):
                if piece:
                    yield piece
            return
        opened = zlib_ng.decompressobj(wbits=GZIP)
        for start in range(0, len(held), WORTH):
            yield opened.decompress(held[start : start + WORTH])
        yield opened.flush()

    async def _made(self, edition: Edition) -> AsyncIterator[tuple[bytes, bytes]]:
        """Pieces as they are and as they are compressed; kept when all of them were taken."""
        packer = zlib_ng.compressobj(LEVEL, wbits=GZIP)
        parts: list[bytes] | None = [] if edition.settled else None
        size, first = 0, True
        async for piece in edition.make():
            packed = await _packed(packer, piece)
            if first:  # what was said so far is sent at once: a player sees that something comes
                packed, first = packed + packer.flush(zlib_ng.Z_SYNC_FLUSH), False
            size += len(packed)
            if parts is not None:
                parts.append(packed)
                parts = parts if size <= self._largest else None
            yield piece, packed
        rest = packer.flush()
        yield b"", rest
        if parts is not None and size + len(rest) <= self._largest and await edition.unchanged():
            self._keep(edition, b"".join([*parts, rest]))

    def _keep(self, edition: Edition, whole: bytes) -> None:
        self.bytes += len(whole) - len(self._kept.pop(edition.tag, b""))
        self._kept[edition.tag] = whole
        while self.bytes > self._most_bytes:
            _, gone = self._kept.popitem(last=False)
            self.bytes -= len(gone)


async def _packed(packer: zlib_ng._Compress, piece: bytes) -> bytes:
    if len(piece) < WORTH:
        return bytes(packer.compress(piece))
    return bytes(await asyncio.to_thread(packer.compress, piece))
