"""Brings the bytes of files: small ones are kept in memory, large ones streamed from the store."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Final

import zstandard
from zlib_ng import zlib_ng

from app.core.errors import NotFound
from app.core.ports import ArtifactStore
from app.db.engine import Database
from app.snapshots import shelf
from app.snapshots.assembly import Assembly
from app.snapshots.cache import Cache
from app.snapshots.errors import Building
from app.snapshots.files import Edition, Encoding, File, Loaded
from app.snapshots.makers import Role, VersionFile
from app.snapshots.member import member

KEPT_BYTES: Final = 64 << 20  # the gzipped pages of two catalogues of 95,182 items
WHOLE_BYTES: Final = 4 << 20  # what inflates to no more is held as a whole
DIGESTS_BYTES: Final = 1 << 20
ZSTD_LEVEL: Final = 6  # as small as gzip 6 at half its time
GZIP_MEMBER: Final = 31  # zlib's window bits for it
CHUNK_BYTES: Final = 1 << 20  # compressed by one hop into a thread

Make = Callable[[], Awaitable[bytes]]


class Loading:
    """The caches of a process; its methods make the `open` of a `File`."""

    def __init__(self, database: Database, artifacts: ArtifactStore) -> None:
        self._database = database
        self._artifacts = artifacts
        self._bodies = Cache[Loaded](KEPT_BYTES, lambda loaded: loaded.length)
        self._digests = Cache[bytes](DIGESTS_BYTES, len)
        self._zstd = Cache[VersionFile](DIGESTS_BYTES, lambda _: 0)

    async def assembled(self, make: Callable[[], Assembly], edition: Edition, file: File, encoding: Encoding) -> Loaded:
        """A file put together from parts."""
        found = self._bodies.find(file.tag(encoding))
        if found is not None:
            return found
        assembly = make()
        if assembly.raw_bytes > WHOLE_BYTES:
            return await self._large(assembly, edition, file, encoding)
        plain, gzip = partial(self._read, assembly, Encoding.IDENTITY), partial(self._read, assembly, Encoding.GZIP)
        return await self.whole(plain, gzip, file, encoding)

    async def whole(self, plain: Make, gzip: Make | None, file: File, encoding: Encoding) -> Loaded:
        """A file that fits into memory; `gzip` makes it compressed, where that is not to be done now."""
        try:
            return await self._bodies.get(file.tag(encoding), partial(self._make, plain, gzip, encoding))
        except NotFound:
            raise Building from None  # its artifact is lost: the next publish brings it back

    async def artifact(self, name: str, length: int) -> Loaded:
        """A small stored file as it lies; `NotFound` when it is gone."""

        async def make() -> Loaded:
            body = await self._artifacts.read(name, 0, length)
            return Loaded(length=length, sha256=bytes.fromhex(name), body=body)

        return await self._bodies.get(f"artifact {name}", make)

    async def _make(self, plain: Make, gzip: Make | None, encoding: Encoding) -> Loaded:
        if encoding is Encoding.GZIP and gzip is not None:
            body = await gzip()
        else:
            body = await plain()
        if encoding is Encoding.GZIP and gzip is None:
            body = await asyncio.to_thread(member, body)
        elif encoding is Encoding.ZSTD:
            body = await asyncio.to_thread(compressed, body)
        return Loaded(length=len(body), sha256=hashlib.sha256(body).digest(), body=body)

    async def _read(self, assembly: Assembly, encoding: Encoding) -> bytes:
        chunks = assembly.gzip(self._artifacts) if encoding is Encoding.GZIP else assembly.plain(self._artifacts)
        return b"".join([chunk async for chunk in chunks])

    async def _large(self, assembly: Assembly, edition: Edition, file: File, encoding: Encoding) -> Loaded:
        try:
            if encoding is Encoding.ZSTD:
                return await self._zstd_file(assembly, edition, file)
            gzip = encoding is Encoding.GZIP
            stream = partial(assembly.gzip if gzip else assembly.plain, self._artifacts)
            digest = await self._digests.get(file.tag(encoding), partial(_digest, stream))
        except NotFound:
            raise Building from None
        return Loaded(length=assembly.gzip_bytes if gzip else assembly.raw_bytes, sha256=digest, stream=stream)

    async def _zstd_file(self, assembly: Assembly, edition: Edition, file: File) -> Loaded:
        """Compressed when it is first asked for, and a file of its version from then on."""
        key = file.tag(Encoding.ZSTD)
        kept = await self._zstd.get(key, partial(self._zstd_kept, assembly, edition, key))
        stream = partial(self._artifacts.stream, kept.artifact, 0, kept.artifact_bytes)
        return Loaded(length=kept.artifact_bytes, sha256=bytes.fromhex(kept.artifact), stream=stream)

    async def _zstd_kept(self, assembly: Assembly, edition: Edition, key: str) -> VersionFile:
        found = await shelf.file_of(self._database, edition.provider_pk, edition.version, Role.ZSTD, key)
        if found is not None and await self._there(found.artifact):
            return found
        content = hashlib.sha256()
        async with self._artifacts.create() as writer:
            async for data in _zstd_chunks(assembly.plain(self._artifacts), assembly.raw_bytes, content.update):
                await writer.write(data)
            stored = await writer.commit()
        made = VersionFile(
            role=Role.ZSTD,
            key=key,
            sha256=content.hexdigest(),
            bytes=assembly.raw_bytes,
            artifact=stored.sha256,
            artifact_bytes=stored.bytes,
            gzip=False,
        )
        await shelf.add_file(self._database, edition.provider_pk, edition.version, made)
        return made

    async def _there(self, name: str) -> bool:
        try:
            await self._artifacts.read(name, 0, 0)
        except NotFound:
            return False
        return True


async def inflate_stream(artifacts: ArtifactStore, name: str, length: int) -> AsyncIterator[bytes]:
    """What a stored gzip member holds."""
    inflate = zlib_ng.decompressobj(GZIP_MEMBER)
    async for chunk in artifacts.stream(name, 0, length):
        yield await asyncio.to_thread(inflate.decompress, chunk)


def compressed(raw: bytes) -> bytes:
    """One zstd frame."""
    return zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(raw)


async def _zstd_chunks(source: AsyncIterator[bytes], size: int, seen: Callable[[bytes], None]) -> AsyncIterator[bytes]:
    """One frame of all that comes."""
    frame = zstandard.ZstdCompressor(level=ZSTD_LEVEL).compressobj(size=size)

    def add(raw: bytes) -> bytes:
        seen(raw)
        return frame.compress(raw)

    waiting: list[bytes] = []
    length = 0
    async for chunk in source:
        waiting.append(chunk)
        length += len(chunk)
        if length >= CHUNK_BYTES:
            yield await asyncio.to_thread(add, b"".join(waiting))
            waiting, length = [], 0
    yield await asyncio.to_thread(add, b"".join(waiting)) + frame.flush()


async def _digest(stream: Callable[[], AsyncIterator[bytes]]) -> bytes:
    digest = hashlib.sha256()
    async for chunk in stream():
        await asyncio.to_thread(digest.update, chunk)
    return digest.digest()
