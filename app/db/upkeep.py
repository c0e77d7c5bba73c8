"""Maintenance that no transaction may hold."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.db.engine import BUSY_TIMEOUT_MS, Database, DatabaseAway, async_url

HOLLOW: Final = 0.25  # of a SQLite file that is unused, from which it is written anew
WORTH_BYTES: Final = 64 * 1024 * 1024  # less is soon used again
_UNUSED: Final = text(
    "SELECT freelist_count * page_size AS unused, page_count * page_size AS whole "
    "FROM pragma_freelist_count(), pragma_page_count(), pragma_page_size()"
)


async def vacuum(url: str) -> None:
    """Gives unused space back to the system (SQLite) or to the tables (Postgres)."""
    await _alone(url, "VACUUM")


async def analyze(url: str) -> None:
    """Renews the planner's statistics."""
    await _alone(url, "ANALYZE")


async def keep_in_shape(url: str, *, quiet: bool) -> bool:
    """What a night is for: statistics, and on SQLite the space of what was deleted; whether that was given back.

    Postgres sees to its space by itself. Writing a SQLite file anew holds up all writers, so only while it is `quiet`
    and much is unused; there has to be room for a second file, without which nothing happens. `DatabaseAway` when
    something was in the way: the next night comes.
    """
    try:
        await analyze(url)
        if not quiet or not await _hollow(url):
            return False
        await vacuum(url)
    except DBAPIError as error:
        raise DatabaseAway(f"The database was not tidied: {error.orig}.") from error
    return True


async def _hollow(url: str) -> bool:
    database = Database(url, pool_size=1)
    if not database.sqlite:
        return False
    try:
        async with database.reader() as reader:
            row = await reader.row(_UNUSED)
    finally:
        await database.close()
    return row is not None and row.unused >= max(WORTH_BYTES, HOLLOW * row.whole)


async def _alone(url: str, statement: str) -> None:
    target = async_url(url)
    sqlite = target.get_backend_name() == "sqlite"
    arguments = {"timeout": BUSY_TIMEOUT_MS / 1000} if sqlite else {}
    engine = create_async_engine(target, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=arguments)
    try:
        async with engine.connect() as connection:
            await connection.execute(text(statement))
    finally:
        await engine.dispose()
