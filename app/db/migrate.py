"""Brings a database to the schema of this release; works from a checkout and from an installed wheel."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from asyncpg import PostgresError
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from app.core.errors import Misconfigured
from app.db import search
from app.db.engine import async_url
from app.db.tables import metadata

# The wheel carries the scripts as data: a top-level package `alembic` would shadow the library.
_BUNDLED = Path(__file__).parent / "migrations_data"
_SCRIPTS = _BUNDLED if _BUNDLED.is_dir() else Path(__file__).parents[2] / "alembic"
_LOCK = 0x4C696E6575700001  # any constant; containers that start together upgrade one after the other
_SQLITE_WAIT_SECONDS = 60.0
_REBUILD_WAIT_SECONDS = 10  # for who reads a table that is about to go

Work = Callable[[AsyncConnection], Awaitable[None]]


async def upgrade(url: str, revision: str = "head") -> None:
    """Applies what is missing, in one transaction."""
    await in_transaction(url, lambda connection: command.upgrade(_config(connection), revision))


async def downgrade(url: str, revision: str) -> None:
    """Takes migrations back; `base` takes all."""
    await in_transaction(url, lambda connection: command.downgrade(_config(connection), revision))


async def rebuild(url: str, revision: str, *, before: Work | None, fill: Work, after: Work) -> None:
    """Postgres: begins anew at `revision`, where `fill` brings the rows, and upgrades them; all of it or nothing.

    `before` may refuse, `after` finds the schema of this release.
    """
    engine = _engine(url)
    try:
        async with aclosing(await _connect(engine)) as connection, connection.begin():
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            await connection.execute(text(f"SET LOCAL lock_timeout = '{_REBUILD_WAIT_SECONDS}s'"))
            if before is not None:
                await before(connection)
            await connection.run_sync(lambda one: command.downgrade(_config(one), "base"))
            await connection.run_sync(lambda one: command.upgrade(_config(one), revision))
            await fill(connection)
            await connection.run_sync(lambda one: command.upgrade(_config(one), "head"))
            await after(connection)
    finally:
        await engine.dispose()


def knows(revision: str) -> bool:
    """Whether this release has the revision, or a later one."""
    return any(one.revision == revision for one in ScriptDirectory.from_config(_config()).walk_revisions())


async def check(url: str) -> list[str]:
    """How the database differs from this release, one sentence each; empty when it does not."""
    found: list[str] = []
    await in_transaction(url, lambda connection: found.extend(_differences(connection)))
    return found


def head_revision() -> str:
    """The newest revision of this release."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise Misconfigured(f"no migrations in {_SCRIPTS}")
    return head


def in_metadata(name: str | None, kind: str, _parents: Any) -> bool:
    """Whether the metadata speaks for what has this name; the word index is made by statements of its own."""
    return kind != "table" or not search.belongs(name)


async def in_transaction(url: str, work: Callable[[Connection], None]) -> None:
    """Runs `work` on a connection of its own, as the only one that migrates."""
    engine = _engine(url)
    try:
        async with aclosing(await _connect(engine)) as connection, connection.begin():
            if engine.dialect.name == "postgresql":
                await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            await connection.run_sync(work)
    finally:
        await engine.dispose()


def _engine(url: str) -> AsyncEngine:
    target = async_url(url)
    if target.get_backend_name() != "sqlite":
        return create_async_engine(target, poolclass=NullPool)
    # Foreign keys stay off, as SQLite has them by default: remaking a table would cascade into its children.
    engine = create_async_engine(target, poolclass=NullPool, connect_args={"timeout": _SQLITE_WAIT_SECONDS})
    event.listen(engine.sync_engine, "connect", _begin_nothing)
    event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def _begin_nothing(connection: Any, _record: Any) -> None:
    # Otherwise the driver commits before every DDL statement.
    connection.isolation_level = None


async def _connect(engine: AsyncEngine) -> AsyncConnection:
    try:
        return await engine.connect()
    except (OSError, SQLAlchemyError, PostgresError) as error:
        place = engine.url.set(drivername=engine.url.get_backend_name()).render_as_string(hide_password=True)
        reason = str(getattr(error, "orig", None) or error)
        raise Misconfigured(f"LINEUP_DATABASE_URL: cannot open {place}: {reason}") from error


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _differences(connection: Connection) -> list[str]:
    migrations = MigrationContext.configure(connection, opts={"include_name": in_metadata})
    current, newest = migrations.get_current_revision(), head_revision()
    behind = [] if current == newest else [f"the database is at revision {current}, this release at {newest}"]
    return behind + [_sentence(difference) for difference in compare_metadata(migrations, metadata)]


def _sentence(difference: Any) -> str:
    """Alembic tells a difference as a tuple (what, objects…), changes of a column as a list of them."""
    if isinstance(difference, list):
        return "; ".join(_sentence(part) for part in difference)
    what, *objects = difference
    names = [
        str(getattr(thing, "name", thing)) for thing in objects if thing is not None and not isinstance(thing, dict)
    ]
    return " ".join([what.replace("_", " "), *names])
