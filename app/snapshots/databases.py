"""Ready databases of a version: built when somebody asks for the first time, then kept with the version.

A database is written from the version's own files, whatever the tables hold by now. It is as large as the catalogue and
takes seconds, so no publish waits for one, and nobody pays for databases that no phone wants. Several processes may
build the same one at once: equal rows make equal bytes, stored once.
"""

import asyncio
import sqlite3
import tempfile
from collections.abc import AsyncGenerator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

import structlog
from msgspec import structs
from sqlalchemy import delete
from sqlmodel import col
from zlib_ng import zlib_ng

from app.core.clock import rfc3339
from app.core.errors import Invalid, NotFound, NotReady
from app.core.jsonio import loads
from app.core.ports import ArtifactStore
from app.db.engine import Database
from app.db.tables import SnapshotFile
from app.domain.kinds import Kind
from app.snapshots import shelf
from app.snapshots.assembly import Assembly
from app.snapshots.files import GZIP, Edition, Opaque
from app.snapshots.makers import Role, VersionFile
from app.snapshots.member import HEADER, LEVEL, RAW_DEFLATE, trailer
from app.snapshots.runs import lines
from app.snapshots.sqlite_file import write_database
from app.snapshots.sqlite_schema import Flavor
from app.snapshots.views import NEWLINE, View

MEDIA_TYPE: Final = "application/vnd.sqlite3"
PATIENCE_SECONDS: Final = 5.0  # small catalogues are ready before a client has to come back
RETRY_SECONDS: Final = 5
BLOCK_BYTES: Final = 1 << 20

log = structlog.get_logger(__name__)


class DatabaseBuilding(NotReady):
    """It is being written; the same request gets it later."""

    code = "building"

    def __init__(self) -> None:
        super().__init__("The database of this version is being built.", retry_after=RETRY_SECONDS)


class Databases:
    """Finds and builds databases; one object per process, it builds one at a time."""

    def __init__(self, database: Database, artifacts: ArtifactStore, *, patience: float = PATIENCE_SECONDS) -> None:
        self._database = database
        self._artifacts = artifacts
        self._patience = patience
        self._turn = asyncio.Lock()
        self._building: dict[str, asyncio.Task[Sequence[VersionFile]]] = {}

    async def get(self, edition: Edition, flavor: Flavor, *, gzip: bool, pinned: bool) -> Opaque:
        """The file as it lies in the store; raises `DatabaseBuilding` while it takes longer than anybody waits."""
        role = Role.SQLITE_GZIP if gzip else Role.SQLITE
        found = await self._find(edition, role, flavor)
        if found is None:
            made = await self._built(edition, flavor)
            found = next(one for one in made if one.role is role)
        return Opaque(
            version=str(edition.version),
            sha256=found.artifact,
            length=found.artifact_bytes,
            media_type=GZIP if gzip else MEDIA_TYPE,
            pinned=pinned,
            stream=partial(self._artifacts.stream, found.artifact),
        )

    async def close(self) -> None:
        """Stops building; what was begun leaves nothing."""
        tasks = list(self._building.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _find(self, edition: Edition, role: Role, flavor: Flavor) -> VersionFile | None:
        found = await shelf.file_of(self._database, edition.provider_pk, edition.version, role, flavor)
        if found is not None:
            try:
                await self._artifacts.read(found.artifact, 0, 0)
            except NotFound:
                await self._forget(edition, found)  # built again: byte for byte, unless by another SQLite
                return None
        return found

    async def _forget(self, edition: Edition, lost: VersionFile) -> None:
        async with self._database.writer() as writer:
            await writer.execute(
                delete(SnapshotFile).where(
                    col(SnapshotFile.provider_pk) == edition.provider_pk,
                    col(SnapshotFile.epoch) == edition.version.epoch,
                    col(SnapshotFile.version) == edition.version.number,
                    col(SnapshotFile.role) == lost.role.value,
                    col(SnapshotFile.key) == lost.key,
                    col(SnapshotFile.artifact) == lost.artifact,
                )
            )

    async def _built(self, edition: Edition, flavor: Flavor) -> Sequence[VersionFile]:
        key = f"{edition.identity} {flavor}"
        task = self._building.get(key)
        if task is None:
            task = self._building[key] = asyncio.create_task(self._build(edition, flavor))
            task.add_done_callback(partial(self._ended, key))
        done, _ = await asyncio.wait([task], timeout=self._patience)
        if not done:
            raise DatabaseBuilding
        return task.result()

    def _ended(self, key: str, task: asyncio.Task[Sequence[VersionFile]]) -> None:
        del self._building[key]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("database_not_built", edition=key, error=type(error).__name__, exc_info=error)

    async def _build(self, edition: Edition, flavor: Flavor) -> Sequence[VersionFile]:
        async with self._turn:
            try:
                folder = tempfile.TemporaryDirectory(prefix="lineup-")
                try:
                    path = Path(folder.name) / "catalogue.sqlite"
                    await self._write(edition, flavor, path)
                    made = await self._keep(edition, flavor, path)
                finally:
                    await asyncio.to_thread(folder.cleanup)
            except (sqlite3.Error, OSError) as error:
                raise NotReady(f"The database could not be built: {error}.", code="database_failed") from error
        for one in made:
            await shelf.add_file(self._database, edition.provider_pk, edition.version, one)
        return made

    async def _write(self, edition: Edition, flavor: Flavor, path: Path) -> None:
        provider = edition.layout.provider
        meta = {
            "version": str(edition.version),
            "generatedAt": rfc3339(edition.published_at),
            "providerId": provider["id"],
            "providerName": provider["name"],
            "providerKind": provider["kind"],
            "flavor": flavor.value,
        }
        categories = await self._categories(edition)
        await write_database(path, flavor, meta, categories, partial(self._lines, edition))

    async def _categories(self, edition: Edition) -> list[dict[str, Any]]:
        inside = [chunk async for chunk in Assembly(pieces=[edition.layout.categories]).plain(self._artifacts)]
        found: list[dict[str, Any]] = loads(b"[" + b"".join(inside) + b"]")
        return found

    async def _lines(self, edition: Edition, kind: Kind) -> AsyncGenerator[bytes, None]:
        """All items of a kind, whole lines at a time."""
        rest = b""
        column = edition.layout.items[kind].views[View.FULL]
        async for chunk in Assembly(pieces=lines(column)).plain(self._artifacts):
            whole, newline, rest = (rest + chunk).rpartition(NEWLINE)
            if newline:
                yield whole + newline

    async def _keep(self, edition: Edition, flavor: Flavor, path: Path) -> Sequence[VersionFile]:
        """Stores the file as it is and as one gzip member, in one pass over it."""
        packing = _Packing()
        with await asyncio.to_thread(path.open, "rb") as file:
            async with self._artifacts.create() as plain, self._artifacts.create() as packed:
                await packed.write(HEADER)
                while pair := await asyncio.to_thread(packing.next, file):
                    await plain.write(pair[0])
                    await packed.write(pair[1])
                await packed.write(packing.trailer())
                whole, member = await plain.commit(), await packed.commit()
        first = VersionFile(
            role=Role.SQLITE,
            key=flavor.value,
            sha256=whole.sha256,
            bytes=whole.bytes,
            artifact=whole.sha256,
            artifact_bytes=whole.bytes,
            gzip=False,
            items=edition.layout.total,
        )
        stored = {"artifact": member.sha256, "artifact_bytes": member.bytes}
        return [first, structs.replace(first, role=Role.SQLITE_GZIP, gzip=True, **stored)]


class _Packing:
    """A file read once, block by block, as it is and compressed."""

    def __init__(self) -> None:
        self._compressor = zlib_ng.compressobj(LEVEL, zlib_ng.DEFLATED, RAW_DEFLATE)
        self._crc = 0
        self._bytes = 0

    def next(self, file: BinaryIO) -> tuple[bytes, bytes] | None:
        block = file.read(BLOCK_BYTES)
        if not block:
            return None
        self._crc = zlib_ng.crc32(block, self._crc)
        self._bytes += len(block)
        return block, bytes(self._compressor.compress(block))

    def trailer(self) -> bytes:
        return bytes(self._compressor.flush(zlib_ng.Z_FULL_FLUSH)) + trailer(self._crc, self._bytes)


def parse_flavor(text: str | None) -> Flavor:
    """What a query asks for; `fts5` when it says nothing."""
    if text is None:
        return Flavor.FTS5
    if text not in tuple(Flavor):
        raise Invalid([("flavor", f"must be one of {', '.join(Flavor)}")])
    return Flavor(text)
