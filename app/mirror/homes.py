"""Where a provider's mirror lives: a file of its own beside a SQLite database, a schema of its own in Postgres.

Either way its tables have the portal's own names, several providers can have a `media` table, SQL that people write
can be shut in with it, and it goes at one stroke.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import text

from app.core.errors import LeaseLost
from app.db.engine import Database, Reader, Writer
from app.mirror.records import prepare

FOLDER: Final = "mirror"
READERS: Final = 4  # connections to one file


class Home:
    """One provider's mirror. Transactions see its tables under their bare names."""

    def __init__(self, database: Database, *, file: Path | None, schema: str | None) -> None:
        self._database = database
        self.file = file
        self.schema = schema
        self._ready = False
        self._inode = 0
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[Reader]:
        await self._prepared()
        async with self._database.reader() as reader:
            await _enter(reader, self.schema)
            yield reader

    @asynccontextmanager
    async def writer(self, *, fence: int | None = None) -> AsyncIterator[Writer]:
        """A transaction; with the `fence` of a job it is refused once another job has written here."""
        await self._prepared()
        async with self._database.writer() as writer:
            await _enter(writer, self.schema)
            if fence is not None:
                passed = text("UPDATE _mirror SET fence = :fence WHERE fence <= :fence")
                if not await writer.execute(passed, {"fence": fence}):
                    raise LeaseLost("Another worker writes this mirror now.")
            yield writer

    @property
    def begun(self) -> bool:
        """Whether there may be a mirror; looking makes none."""
        return self._ready or self.file is None or self.file.exists()

    async def close(self) -> None:
        if self.file is not None:
            await self._database.close()

    def _same_file(self) -> bool:
        """Another process may have removed the mirror, and the provider may be back since."""
        if self.file is None:
            return True
        try:
            return self.file.stat().st_ino == self._inode
        except FileNotFoundError:
            return False

    async def _prepared(self) -> None:
        if self._ready and self._same_file():
            return
        async with self._turn:
            if self._ready and self._same_file():
                return
            await self.close()
            if self.file is not None:
                self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            async with self._database.writer() as writer:
                if self.schema is not None:
                    # Two processes that make a schema at once would be one too many.
                    await writer.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": self.schema})
                    await writer.execute(text(f"CREATE SCHEMA IF NOT EXISTS {self.schema}"))
                    await _enter(writer, self.schema)
                await prepare(writer)
            if self.file is not None:
                self._inode = self.file.stat().st_ino
            self._ready = True


class Homes:
    """The mirrors of all providers of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._open: dict[str, Home] = {}

    def of(self, provider_id: str) -> Home:
        """The mirror of a provider by its public id, made when it is first written or read."""
        if not provider_id.isalnum() or not provider_id.isascii():
            raise ValueError("not an id")
        home = self._open.get(provider_id)
        if home is None:
            home = self._open[provider_id] = self._home(provider_id)
        return home

    async def remove(self, provider_id: str) -> None:
        """Takes a mirror away, whoever wrote it."""
        home = self.of(provider_id)
        self._open.pop(provider_id, None)
        await home.close()
        if home.schema is not None:
            async with self._database.writer() as writer:
                await writer.execute(text(f"DROP SCHEMA IF EXISTS {home.schema} CASCADE"))
        elif home.file is not None:
            for suffix in ("", "-wal", "-shm"):
                home.file.with_name(home.file.name + suffix).unlink(missing_ok=True)

    async def close(self) -> None:
        for home in self._open.values():
            await home.close()

    def _home(self, provider_id: str) -> Home:
        if not self._database.sqlite:
            return Home(self._database, file=None, schema=f"mirror_{provider_id.lower()}")
        folder = Path(self._database.url.database or "").absolute().parent / FOLDER
        file = folder / f"{provider_id}.db"
        url = self._database.url.set(database=str(file), query={})
        return Home(
            Database(url.render_as_string(hide_password=False), pool_size=READERS, lean=True), file=file, schema=None
        )


async def _enter(reader: Reader, schema: str | None) -> None:
    if schema is not None:
        await reader.connection.execute(text(f"SET LOCAL search_path TO {schema}, pg_catalog"))
    elif isinstance(reader, Writer):
        await reader.connection.execute(text("SELECT 1"))  # begins the transaction: the driver's own calls come next
