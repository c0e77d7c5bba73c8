"""Writing a pack: compressed in threads a little ahead of the disk, in order, a few segments in memory."""

import asyncio
import sys
from array import array
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from typing import Final, TypeVar

from msgspec import Struct
from xxhash import xxh3_128_digest
from zlib_ng import zlib_ng

from app.core.errors import NotFound
from app.core.ports import ArtifactStore, ArtifactWriter
from app.snapshots.layout import Layout, Segment, Stretch
from app.snapshots.member import COMMA, deflated, stored

LENGTH_BYTES: Final = 4
AHEAD: Final = 3  # segments in threads: keeps two cores busy while the disk is waited for; 2 MB each

Source = TypeVar("Source")
Result = TypeVar("Result")


class Part(Struct, frozen=True):
    """A segment on its way to the pack; `data` is None when the last version holds the same bytes."""

    digest: bytes
    crc: int
    raw: int
    items: int
    data: bytes | None


class Previous(Struct, frozen=True):
    """The version before: what did not change is copied from its pack, not compressed again."""

    artifact: str = ""
    known: Mapping[bytes, Segment] = {}


async def previous(artifacts: ArtifactStore, artifact: str, layout: Layout) -> Previous:
    """What can be copied; nothing when the pack is lost."""
    try:
        await artifacts.read(artifact, 0, 0)
    except NotFound:
        return Previous()
    return Previous(artifact, {one.digest: one for one in layout.segments()})


class Pack:
    """Appends to an artifact and says where everything went."""

    def __init__(self, artifacts: ArtifactStore, writer: ArtifactWriter, before: Previous) -> None:
        self._artifacts = artifacts
        self._writer = writer
        self._before = before
        self._offset = 0

    async def append(self, part: Part, *, comma: bool = False) -> Segment:
        """A segment; with `comma`, a comma in front of it that does not belong to it."""
        data = await self._copied(part.digest) if part.data is None else part.data
        glue = stored(COMMA) if comma else b""
        offset = await self.write(glue + data) + len(glue)
        return Segment(Stretch(offset, len(data), part.raw, part.crc), part.items, part.digest)

    async def write(self, data: bytes) -> int:
        """Bytes as they are; returns where they lie."""
        offset = self._offset
        await self._writer.write(data)
        self._offset += len(data)
        return offset

    async def _copied(self, digest: bytes) -> bytes:
        old = self._before.known[digest].stretch
        return await self._artifacts.read(self._before.artifact, old.offset, old.length)


def press_items(bodies: list[bytes], known: Mapping[bytes, Segment]) -> Part:
    """Items joined by commas, compressed unless the same bytes are known."""
    raw = COMMA.join(bodies)
    digest, crc = xxh3_128_digest(raw), zlib_ng.crc32(raw)
    old = known.get(digest)
    same = old is not None and (old.stretch.crc, old.stretch.raw, old.items) == (crc, len(raw), len(bodies))
    return Part(digest, crc, len(raw), len(bodies), None if same else deflated(raw))


def press_text(raw: bytes) -> Part:
    """Anything else."""
    return Part(b"", zlib_ng.crc32(raw), len(raw), 0, deflated(raw))


async def ahead(source: AsyncIterator[Source], work: Callable[[Source], Result]) -> AsyncGenerator[Result, None]:
    """Runs `work` on all that comes, in threads, a few at once; results keep the order."""
    running: deque[asyncio.Task[Result]] = deque()
    try:
        async for one in source:
            running.append(asyncio.create_task(asyncio.to_thread(work, one)))
            if len(running) == AHEAD:
                yield await running.popleft()
        while running:
            yield await running.popleft()
    finally:
        for task in running:
            task.cancel()


def lengths_out(lengths: "array[int]") -> bytes:
    """Lengths as they lie in a pack."""
    if sys.byteorder == "big":
        lengths.byteswap()
    return lengths.tobytes()


def lengths_in(data: bytes) -> "array[int]":
    """What `lengths_out` wrote."""
    lengths = array("I", data)
    if sys.byteorder == "big":
        lengths.byteswap()
    return lengths
