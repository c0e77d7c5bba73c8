"""Backups of the database, of one state, while everything goes on; and what comes back of them.

A backup holds the database alone. Artifacts are made again from it, an operator's mirror is fetched again, and the
secret key is to be kept elsewhere: whoever has both reads every credential.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.errors import Invalid
from app.db import copies, dumps, migrate
from app.db.engine import Database, DatabaseAway, Writer, async_url
from app.registry.restoring import begin_again, revoked_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A file that was written."""

    revision: str
    bytes: int


async def back_up(url: str, target: Path) -> Backup:
    """Writes a backup, whole or not at all."""
    target = target.absolute()
    if not target.parent.is_dir() or target.is_dir():
        raise Invalid([("FILE", f"{target} cannot be written: a file in a folder that exists is needed.")])
    with copies.drafted(target) as draft:
        if (source := _file(url)) is not None:
            _check_other(source, target)
            if not source.exists():
                raise Invalid([("LINEUP_DATABASE_URL", f"There is no database {source}.")])
            await asyncio.to_thread(copies.copy, source, draft)
            await asyncio.to_thread(copies.settle, draft)
            revision = await asyncio.to_thread(copies.revision_of, draft)
        else:
            await dumps.dump(url, draft)
            revision = dumps.manifest_of(draft)["revision"]
        size = draft.stat().st_size
    return Backup(revision=revision, bytes=size)


async def restore(url: str, file: Path, *, force: bool = False) -> int:
    """Puts a backup in the place of the database, upgraded to this release; returns how many catalogues it holds.

    Until the last moment the database is as it was. With `force` others may be connected to it.
    """
    if not file.is_file():
        raise Invalid([("FILE", f"There is no file {file}.")])
    with file.open("rb") as opened:
        sqlite = opened.read(len(copies.HEADER)) == copies.HEADER
    target = _file(url)
    if sqlite != (target is not None):
        other = "SQLite" if sqlite else "Postgres"
        raise Invalid([("FILE", f"{file} is a backup of another kind of database: {other}.")])
    known = await _revoked(url)
    if target is not None:
        _check_other(target, file)
        return await _restore_file(file, target, known)
    return await _restore_tables(url, file, known, force=force)


async def _restore_file(file: Path, target: Path, known: Mapping[str, int]) -> int:
    _check_revision(await asyncio.to_thread(copies.revision_of, file))
    # Prepared where it will be, so that a full disk is met before the database is touched.
    with copies.scratch(target) as draft:
        await asyncio.to_thread(copies.copy, file, draft)
        await asyncio.to_thread(copies.settle, draft)
        await migrate.upgrade(f"sqlite:///{draft}")
        database = Database(f"sqlite:///{draft}", pool_size=1, lean=True)
        try:
            async with database.writer() as writer:
                count = await begin_again(writer, known)
        finally:
            await database.close()
        await asyncio.to_thread(copies.settle, draft)
        await asyncio.to_thread(copies.copy, draft, target)
    return count


async def _restore_tables(url: str, file: Path, known: Mapping[str, int], *, force: bool) -> int:
    manifest = await asyncio.to_thread(dumps.manifest_of, file)
    _check_revision(manifest["revision"])
    counts: list[int] = []

    async def fill(connection: AsyncConnection) -> None:
        await dumps.load(connection, file, manifest)

    async def finish(connection: AsyncConnection) -> None:
        counts.append(await begin_again(Writer(connection), known))

    check = None if force else dumps.check_alone
    await migrate.rebuild(url, manifest["revision"], before=check, fill=fill, after=finish)
    return counts[0]


async def _revoked(url: str) -> dict[str, int]:
    database = Database(url, pool_size=1)
    try:
        return await revoked_keys(database)
    except (SQLAlchemyError, DatabaseAway):
        return {}  # it is new, or damaged
    finally:
        await database.close()


def _file(url: str) -> Path | None:
    """The file of a SQLite database."""
    parsed = async_url(url)
    return Path(parsed.database or "").absolute() if parsed.get_backend_name() == "sqlite" else None


def _check_other(database: Path, file: Path) -> None:
    if file.exists() and database.exists() and file.samefile(database):
        raise Invalid([("FILE", f"{file} is the database itself.")])


def _check_revision(revision: str) -> None:
    if not migrate.knows(revision):
        raise Invalid([("FILE", f"The backup is of a newer release (revision {revision}); install that one first.")])
