"""Artifacts in a folder: `ab/ab12…` by SHA-256, written beside and renamed into place."""

import asyncio
import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from app.core.errors import NotFound, NotReady
from app.core.ports import ArtifactInfo

CHUNK_BYTES = 256 * 1024  # one hop into a thread costs as much as copying this
PREFIX = 2  # characters of a folder's name: 256 folders


class LocalWriter:
    """One file being written under a name of its own; the lock on it says that its writer lives."""

    def __init__(self, file: BinaryIO, path: Path, root: Path) -> None:
        self._file = file
        self._path = path
        self._root = root
        self._hash = hashlib.sha256()
        self._bytes = 0

    async def write(self, data: bytes) -> None:
        with _writable():
            await asyncio.to_thread(self._write, data)

    async def commit(self) -> ArtifactInfo:
        with _writable():
            return await asyncio.to_thread(self._commit)

    async def close(self) -> None:
        """Forgets the file unless it was committed."""
        await asyncio.to_thread(self._close)

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._hash.update(data)
        self._bytes += len(data)

    def _commit(self) -> ArtifactInfo:
        self._file.flush()
        os.fsync(self._file.fileno())
        name = self._hash.hexdigest()
        target = _place(self._root, name)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        self._path.replace(target)
        for folder in (target.parent, self._root):
            _sync_folder(folder)
        return ArtifactInfo(sha256=name, bytes=self._bytes)

    def _close(self) -> None:
        self._path.unlink(missing_ok=True)
        self._file.close()


class LocalStore:
    """A folder of artifacts; any number of processes may share it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._unfinished = root / "tmp"
        root.parent.mkdir(parents=True, exist_ok=True)
        for folder in (root, self._unfinished):
            folder.mkdir(mode=0o700, exist_ok=True)

    @asynccontextmanager
    async def create(self) -> AsyncIterator[LocalWriter]:
        with _writable():
            writer = await asyncio.to_thread(self._open)
        try:
            yield writer
        finally:
            await writer.close()

    async def read(self, sha256: str, offset: int, length: int) -> bytes:
        return await asyncio.to_thread(self._read, sha256, offset, length)

    async def stream(self, sha256: str, offset: int, length: int) -> AsyncIterator[bytes]:
        file = await self._opened(sha256)
        try:
            for start in range(offset, offset + length, CHUNK_BYTES):
                size = min(CHUNK_BYTES, offset + length - start)
                yield await asyncio.to_thread(_exactly, file, start, size)
        finally:
            file.close()

    async def delete(self, sha256: str, *, min_age: float = 0) -> None:
        await asyncio.to_thread(self._delete, sha256, min_age)

    async def aged(self, seconds: float) -> Sequence[str]:
        return await asyncio.to_thread(self._aged, seconds)

    async def drop_unfinished(self) -> int:
        return await asyncio.to_thread(self._drop_unfinished)

    def _open(self) -> LocalWriter:
        while True:
            descriptor, name = tempfile.mkstemp(dir=self._unfinished)
            if _locked(descriptor) and Path(name).exists():
                return LocalWriter(os.fdopen(descriptor, "wb"), Path(name), self._root)
            os.close(descriptor)  # a sweep came between the creation and the lock

    async def _opened(self, sha256: str) -> BinaryIO:
        """Opened in a thread; closed again when its reader was cancelled meanwhile."""
        opening = asyncio.create_task(asyncio.to_thread(self._find, sha256))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_opened)
            raise

    def _find(self, sha256: str) -> BinaryIO:
        try:
            return _place(self._root, sha256).open("rb", buffering=0)
        except FileNotFoundError:
            raise NotFound(f"There is no artifact {sha256}.", code="artifact_missing") from None

    def _read(self, sha256: str, offset: int, length: int) -> bytes:
        with self._find(sha256) as file:
            return _exactly(file, offset, length)

    def _delete(self, sha256: str, min_age: float) -> None:
        file = _place(self._root, sha256)
        with suppress(FileNotFoundError):
            if file.stat().st_mtime <= time.time() - min_age:
                file.unlink()

    def _aged(self, seconds: float) -> list[str]:
        limit = time.time() - seconds
        found = []
        for file in self._root.glob(f"{'?' * PREFIX}/*"):
            with suppress(FileNotFoundError):
                if file.stat().st_mtime < limit:
                    found.append(file.name)
        return found

    def _drop_unfinished(self) -> int:
        return sum(_drop_if_dead(file) for file in self._unfinished.iterdir())


@contextmanager
def _writable() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise NotReady(f"The snapshot could not be stored: {reason}.", code="artifacts_unavailable") from error


def _place(root: Path, sha256: str) -> Path:
    return root / sha256[:PREFIX] / sha256


def _close_opened(opening: "asyncio.Task[BinaryIO]") -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


def _exactly(file: BinaryIO, offset: int, length: int) -> bytes:
    data = os.pread(file.fileno(), length, offset)
    if len(data) != length:
        raise NotFound(f"The artifact ends before byte {offset + length}.", code="artifact_missing")
    return data


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _drop_if_dead(file: Path) -> bool:
    try:
        descriptor = os.open(file, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        dead = _locked(descriptor)
        if dead:
            file.unlink(missing_ok=True)
        return dead
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    # A rename survives a power cut only when the folder itself was written.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
