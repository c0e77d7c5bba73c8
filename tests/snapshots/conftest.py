from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from app.artifacts.local import LocalStore
from app.db.engine import Database
from app.db.tables import Snapshot, SnapshotFile
from app.snapshots.files import Encoding, File
from app.snapshots.makers import Role
from app.snapshots.pages import PageRequest
from app.snapshots.publish import Publisher
from app.snapshots.read import Snapshots
from tests.snapshots.catalogue import PROVIDER, Catalogue, find_or_add, take_lease, write


@dataclass
class Stand:
    """One provider in a database of its own, with everything that publishes and reads."""

    database: Database
    artifacts: LocalStore
    snapshots: Snapshots
    publisher: Publisher
    folder: Path
    pk: int

    async def publish(self, catalogue: Catalogue | None = None) -> str | None:
        if catalogue is not None:
            await write(self.database, self.pk, catalogue)
        return await self.publisher.publish(self.pk, await take_lease(self.database, self.pk))

    async def document(self, version: str | None = None, *, gzip: bool = True) -> bytes:
        return await content(await self.snapshots.document(PROVIDER, version), gzip=gzip)

    async def page(self, version: str | None, wanted: PageRequest, *, gzip: bool = True) -> bytes:
        return await content(await self.snapshots.page(PROVIDER, version, wanted), gzip=gzip)


async def content(file: File, *, gzip: bool) -> bytes:
    """All bytes of a file; as many as it announced."""
    return await sent(file, Encoding.GZIP if gzip else Encoding.IDENTITY)


async def sent(file: File, encoding: Encoding) -> bytes:
    """All bytes of a file in one encoding; as many as it announced, and with the digest that it announced."""
    loaded = await file.load(encoding)
    body = loaded.body
    if loaded.stream is not None:
        body = b"".join([chunk async for chunk in loaded.stream()])
    assert body is not None
    assert len(body) == loaded.length
    assert sha256(body).digest() == loaded.sha256
    return body


def stored(stand: Stand) -> list[str]:
    return sorted(file.name for file in stand.folder.rglob("*") if file.is_file())


async def named(stand: Stand, *roles: Role) -> list[str]:
    """The artifacts that rows name, of all roles or of these."""
    async with stand.database.reader() as reader:
        rows = await reader.rows(select(col(SnapshotFile.artifact), col(SnapshotFile.role)))
    return sorted({row.artifact for row in rows if not roles or row.role in roles})


async def rows_of(database: Database) -> int:
    async with database.reader() as reader:
        return int(await reader.scalar(select(func.count()).select_from(Snapshot)))


async def open_stand(url: str, folder: Path, database: Database | None = None) -> Stand:
    database, artifacts = database or Database(url), LocalStore(folder)
    snapshots = Snapshots(database, artifacts)
    publisher = Publisher(database, artifacts, published=snapshots.forget)
    return Stand(database, artifacts, snapshots, publisher, folder, await find_or_add(database))


@pytest.fixture
async def stand(database_url: str, tmp_path: Path) -> AsyncIterator[Stand]:
    made = await open_stand(database_url, tmp_path / "artifacts")
    yield made
    await made.database.close()
