"""Connections. `Reader` cannot write; a `Writer` is one transaction of the one writer a database has on SQLite."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

from asyncpg import InterfaceError, PostgresConnectionError
from asyncpg.exceptions import AdminShutdownError, CannotConnectNowError, CrashShutdownError, DiskFullError
from sqlalchemy import Executable, Row, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app.core.errors import Misconfigured, NotReady
from app.core.pauses import undisturbed

BUSY_TIMEOUT_MS = 10_000
IDLE_IN_TRANSACTION_MS = 15_000  # Postgres ends who is suspended with locks before its lease (20 s) is out
CHECKPOINT_PAGES = 8_000  # 32 MB; at the default of 1,000 every batch of a sync would copy its index pages anew
WRITER_CACHE_KIB = 16_384  # the default of 2 MB makes a bulk load thrash
LEAN_CACHE_KIB = 4_096
READER_CACHE_KIB = 2_048
LOST = (
    *(PostgresConnectionError, AdminShutdownError, CrashShutdownError, CannotConnectNowError, DiskFullError),
    *(InterfaceError, ConnectionError, TimeoutError),
)
LOST_SQLITE = frozenset(
    (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
)


class DatabaseAway(NotReady, ConnectionError):
    """The database cannot be used at this moment; what was begun is rolled back and may be done again."""

    code = "database_unavailable"


def async_url(url: str) -> URL:
    """`sqlite:///…`, `postgresql://…` (and `postgres://`) as SQLAlchemy's async drivers spell them."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise Misconfigured("LINEUP_DATABASE_URL is not a database URL: use sqlite:///file or postgresql://…") from None
    name = parsed.get_backend_name()
    if name == "sqlite":
        return parsed.set(drivername="sqlite+aiosqlite")
    if name in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+asyncpg")
    raise Misconfigured(f"LINEUP_DATABASE_URL: {name} is not supported; use sqlite or postgresql")


class Reader:
    """Reads on one connection; see `Database.reader`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection

    @property
    def sqlite(self) -> bool:
        return self.connection.dialect.name == "sqlite"

    async def rows(self, statement: Executable, values: dict[str, Any] | None = None) -> Sequence[Row[Any]]:
        return (await undisturbed(self.connection.execute(statement, values))).all()

    async def row(self, statement: Executable, values: dict[str, Any] | None = None) -> Row[Any] | None:
        return (await undisturbed(self.connection.execute(statement, values))).first()

    async def scalar(self, statement: Executable, values: dict[str, Any] | None = None) -> Any:
        return (await undisturbed(self.connection.execute(statement, values))).scalar()

    async def driver(self) -> Any:
        """The driver's own connection (aiosqlite or asyncpg), inside this transaction, for hot paths."""
        return (await self.connection.get_raw_connection()).driver_connection


class Writer(Reader):
    """One write transaction: committed when the block ends, rolled back when it raises."""

    async def execute(self, statement: Executable, values: Any = None) -> int:
        """Runs a statement and returns how many rows it touched."""
        return (await undisturbed(self.connection.execute(statement, values))).rowcount


class Database:
    """One database, of either dialect. Features open transactions here; stores are given a Reader or a Writer.

    `lean` (SQLite): a small cache, and what is sorted goes to a file. For bulk loads whose rows come in order.
    """

    def __init__(self, url: str, *, pool_size: int = 10, lean: bool = False) -> None:
        self.url = async_url(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self._readers = (
            _sqlite_engine(self.url, "BEGIN", pool_size, READER_CACHE_KIB)
            if self.sqlite
            else _engine(self.url, pool_size)
        )
        self._writers = (
            _sqlite_engine(
                self.url, "BEGIN IMMEDIATE", 1, LEAN_CACHE_KIB if lean else WRITER_CACHE_KIB, sort_in_file=lean
            )
            if self.sqlite
            else self._readers
        )
        # SQLite has one writer: waiting here is fair and cheap, waiting in busy_timeout is neither.
        self._turn = asyncio.Lock() if self.sqlite else None

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[Reader]:
        """A connection for reads; one transaction, so what it reads is one state (SQLite) or committed (Postgres)."""
        async with _whole(self._readers.connect()) as connection:
            yield Reader(connection)

    @asynccontextmanager
    async def writer(self) -> AsyncIterator[Writer]:
        """A transaction for writes."""
        if self._turn is None:
            async with _whole(self._writers.begin()) as connection:
                yield Writer(connection)
            return
        async with self._turn, _whole(self._writers.begin()) as connection:
            yield Writer(connection)

    async def close(self) -> None:
        await self._readers.dispose()
        if self._writers is not self._readers:
            await self._writers.dispose()


@asynccontextmanager
async def _whole(scope: AbstractAsyncContextManager[AsyncConnection]) -> AsyncIterator[AsyncConnection]:
    """The scope, entered and left whole: a cancellation in between would cost SQLite its only writer.

    Whatever says that the database is away, a commit too, leaves as `DatabaseAway`.
    """
    try:
        async with AsyncExitStack() as stack:

            async def enter() -> AsyncConnection:
                connection = await scope.__aenter__()
                stack.push_async_exit(leave)
                return connection

            async def leave(*exc: Any) -> bool | None:
                return await undisturbed(scope.__aexit__(*exc))

            yield await undisturbed(enter())
    except (DBAPIError, *LOST) as error:
        if isinstance(error, DatabaseAway) or (reason := _reason(error)) is None:
            raise
        raise DatabaseAway(reason) from error


def _reason(error: BaseException) -> str | None:
    """Why the database is away, when that is what the error says; nobody's password stands in it."""
    found = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(found, sqlite3.Error):
        code = getattr(found, "sqlite_errorcode", 0) & 0xFF  # the rest tells in which system call
        return f"The database file cannot be used: {found}." if code in LOST_SQLITE else None
    cause = found.__cause__ if isinstance(error, DBAPIError) and found is not None else found
    if isinstance(cause, LOST) or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return "The database cannot be reached."
    return None


def _engine(url: URL, pool_size: int) -> AsyncEngine:
    settings = {"server_settings": {"idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS)}}
    return create_async_engine(url, pool_size=pool_size, max_overflow=0, pool_pre_ping=True, connect_args=settings)


def _sqlite_engine(url: URL, begin: str, pool_size: int, cache_kib: int, *, sort_in_file: bool = False) -> AsyncEngine:
    engine = create_async_engine(url, pool_size=pool_size, max_overflow=0)

    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing; `begin` below does
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",  # first: the next one takes a lock when the file is new
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            f"cache_size=-{cache_kib}",
            f"wal_autocheckpoint={CHECKPOINT_PAGES}",
            f"temp_store={'FILE' if sort_in_file else 'MEMORY'}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    event.listen(engine.sync_engine, "connect", prepare)
    event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine
