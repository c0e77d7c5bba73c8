"""The rows of versions: read as editions and files, written together with the pointer."""

from collections.abc import Sequence
from typing import Any, Final, Protocol

from msgspec import structs
from sqlalchemy import Select, and_, func, insert, or_, select, update
from sqlmodel import col

from app.core.errors import LeaseLost
from app.db.engine import Database, Writer
from app.db.tables import CatalogueHead, Change, Publication, Snapshot, SnapshotFile, metadata
from app.jobs import lease
from app.snapshots import retention
from app.snapshots.files import Edition
from app.snapshots.layout import Layout, decode, encode
from app.snapshots.makers import Role, VersionFile
from app.snapshots.retention import Keep
from app.snapshots.versions import Version

FILES: Final = metadata.tables["snapshot_file"]


class NewVersion(Protocol):
    """What `flip` makes visible."""

    @property
    def version(self) -> Version: ...

    @property
    def published_at(self) -> int: ...

    @property
    def layout(self) -> Layout: ...

    @property
    def files(self) -> Sequence[VersionFile]: ...


async def edition(database: Database, provider_pk: int, version: Version) -> Edition | None:
    """A published version; None when there is no row of it."""
    query = select(Snapshot.published_at, Snapshot.layout).where(  # type: ignore[call-overload]
        col(Snapshot.provider_pk) == provider_pk,
        col(Snapshot.epoch) == version.epoch,
        col(Snapshot.version) == version.number,
    )
    async with database.reader() as reader:
        row = await reader.row(query)
    if row is None:
        return None
    return Edition(provider_pk=provider_pk, version=version, published_at=row.published_at, layout=decode(row.layout))


async def files(database: Database, provider_pk: int, version: Version) -> list[VersionFile]:
    """All files of a version, by role and key."""
    query = _files(provider_pk).where(
        col(SnapshotFile.epoch) == version.epoch, col(SnapshotFile.version) == version.number
    )
    async with database.reader() as reader:
        rows = await reader.rows(query.order_by(col(SnapshotFile.role), col(SnapshotFile.key)))
    return [_file(row) for row in rows]


async def databases(database: Database, provider_pk: int, version: Version) -> list[VersionFile]:
    """The databases of a version that were built so far."""
    query = _files(provider_pk).where(
        col(SnapshotFile.epoch) == version.epoch,
        col(SnapshotFile.version) == version.number,
        col(SnapshotFile.role) == Role.SQLITE.value,
    )
    async with database.reader() as reader:
        return [_file(row) for row in await reader.rows(query.order_by(col(SnapshotFile.key)))]


async def file_of(database: Database, provider_pk: int, version: Version, role: Role, key: str) -> VersionFile | None:
    """One file of a version."""
    query = _files(provider_pk).where(
        col(SnapshotFile.epoch) == version.epoch,
        col(SnapshotFile.version) == version.number,
        col(SnapshotFile.role) == role.value,
        col(SnapshotFile.key) == key,
    )
    async with database.reader() as reader:
        row = await reader.row(query)
    return None if row is None else _file(row)


async def blob(database: Database, provider_pk: int, sha256: str, *, gzip: bool) -> tuple[VersionFile, str] | None:
    """The file that holds this content, or is stored under this name, with the epoch it was born in.

    Where it is stored both ways, `gzip` tells which one is meant.
    """
    query = _files(provider_pk).where(
        or_(col(SnapshotFile.sha256) == sha256, col(SnapshotFile.artifact) == sha256),
        col(SnapshotFile.role).not_in((Role.TWIN.value, Role.ZSTD.value)),
    )
    first = col(SnapshotFile.gzip).desc() if gzip else col(SnapshotFile.gzip)
    async with database.reader() as reader:
        row = await reader.row(query.order_by(first, col(SnapshotFile.version)).limit(1))
    return None if row is None else (_file(row), row.epoch)


async def add_file(database: Database, provider_pk: int, version: Version, file: VersionFile) -> None:
    """Names a file that was made after its version; nothing when it is named already, or the version is gone."""
    row = _row(provider_pk, version, file)
    async with database.writer() as writer:
        owner = and_(
            col(Snapshot.provider_pk) == provider_pk,
            col(Snapshot.epoch) == version.epoch,
            col(Snapshot.version) == version.number,
        )
        place = and_(*(FILES.c[column.name] == row[column.name] for column in FILES.primary_key))
        alive = await writer.row(select(col(Snapshot.version)).where(owner).with_for_update())
        if alive is not None and await writer.row(select(col(SnapshotFile.born)).where(place)) is None:
            await writer.execute(insert(SnapshotFile), [row])


async def flip(database: Database, provider_pk: int, fence: int, new: NewVersion, keep: Keep) -> int:
    """Writes the rows of a version and moves the pointer to it; returns the oldest version the log tells of."""
    version, now = new.version, new.published_at
    row = {
        "provider_pk": provider_pk,
        "epoch": version.epoch,
        "version": version.number,
        "published_at": now,
        "stats": new.layout.stats(),
        "layout": encode(new.layout),
    }
    async with database.writer() as writer:
        await lease.require(writer, provider_pk=provider_pk, fence=fence)
        floor = await _point(writer, provider_pk, version, now)
        named = await _originals(writer, provider_pk, new.files)
        await writer.execute(insert(Snapshot), [row])
        await writer.execute(insert(SnapshotFile), [_row(provider_pk, version, one) for one in named])
        await _publication(writer, provider_pk, version, now)
        live = new.layout.total + new.layout.total_categories
        told = await retention.raise_floor(writer, provider_pk, version.epoch, keep=keep, live=live, now=now)
        if told > floor:
            head = update(CatalogueHead).where(col(CatalogueHead.provider_pk) == provider_pk)
            await writer.execute(head.values(floor=told))
        await retention.drop_rows(writer, provider_pk, version.epoch, keep, now)
    return max(floor, told)


async def _point(writer: Writer, provider_pk: int, version: Version, now: int) -> int:
    """Moves the one pointer; returns the oldest version that the log tells of as far as the sync knows."""
    head = and_(
        col(CatalogueHead.provider_pk) == provider_pk,
        col(CatalogueHead.epoch) == version.epoch,
        col(CatalogueHead.version) == version.number - 1,
    )
    values = {"version": version.number, "pending": False, "published_at": now}
    moved = await writer.row(update(CatalogueHead).where(head).values(**values).returning(col(CatalogueHead.floor)))
    if moved is None:
        raise LeaseLost(f"The catalogue moved on while version {version} was built.")
    return int(moved.floor)


async def _publication(writer: Writer, provider_pk: int, version: Version, now: int) -> None:
    lines = select(func.count()).where(col(Change.provider_pk) == provider_pk, col(Change.version) == version.number)
    row = {"provider_pk": provider_pk, "epoch": version.epoch, "version": version.number, "published_at": now}
    await writer.execute(insert(Publication), [{**row, "operations": int(await writer.scalar(lines) or 0)}])


async def _originals(writer: Writer, provider_pk: int, found: Sequence[VersionFile]) -> list[VersionFile]:
    """Content that an older file holds already is told by that one: what a name once answered, it always answers."""
    query = _files(provider_pk).where(
        col(SnapshotFile.sha256).in_({one.sha256 for one in found}), col(SnapshotFile.role) != Role.TWIN.value
    )
    older = {(row.role, row.sha256): row for row in await writer.rows(query.order_by(col(SnapshotFile.version).desc()))}
    named = []
    for one in found:
        first = older.get((one.role, one.sha256))
        if first is None or first.artifact == one.artifact:
            named.append(one)
            continue
        named.append(structs.replace(one, role=Role.TWIN))
        named.append(structs.replace(one, artifact=first.artifact, artifact_bytes=first.artifact_bytes))
    return named


def _files(provider_pk: int) -> Select[Any]:
    query: Select[Any] = select(FILES).where(FILES.c.provider_pk == provider_pk)
    return query


def _file(row: Any) -> VersionFile:
    return VersionFile(
        role=Role(row.role),
        key=row.key,
        sha256=row.sha256,
        bytes=row.bytes,
        artifact=row.artifact,
        artifact_bytes=row.artifact_bytes,
        gzip=row.gzip,
        items=row.items,
        born=row.born,
    )


def _row(provider_pk: int, version: Version, file: VersionFile) -> dict[str, Any]:
    values = {name: getattr(file, name) for name in VersionFile.__struct_fields__}
    values |= {"role": file.role.value, "born": file.born or version.number}
    return {"provider_pk": provider_pk, "epoch": version.epoch, "version": version.number, **values}
