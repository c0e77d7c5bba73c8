"""Statements on a mirror: read-only, shut in with the mirror's own tables, within limits of time and rows."""

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from datetime import time as clock_time
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from asyncpg import PostgresError, QueryCanceledError
from sqlalchemy import text

from app.core.errors import Conflict, Invalid
from app.mirror.dialects import for_postgres, for_sqlite
from app.mirror.functions import install, to_boolean, to_json
from app.mirror.homes import Home

STEPS: Final = 20_000  # of SQLite's machine between two looks at the clock: about a millisecond
CACHE_KIB: Final = 4_096
LONGEST_TEXT: Final = 10_000_000  # bytes that one value may grow to
ALLOWED: Final = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Names of columns and rows; `truncated`: there were more than the limit."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    truncated: bool = False


class TooSlow(Conflict):
    """The statement took longer than it may."""

    code = "query_timeout"

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The query took longer than {seconds:g} seconds; ask for less, or with a condition.")


async def run(home: Home, sql: str, *, limit: int, seconds: float) -> Found:
    """A statement that is known to read only; `Invalid` when the database cannot run it."""
    if home.file is not None:
        return await asyncio.to_thread(_on_sqlite, home.file, for_sqlite(sql), limit, seconds)
    return await _on_postgres(home, for_postgres(sql), limit, seconds)


def _on_sqlite(file: Path, sql: str, limit: int, seconds: float) -> Found:
    connection = _opened(file)
    try:
        deadline = time.monotonic() + seconds
        connection.set_progress_handler(lambda: int(time.monotonic() > deadline), STEPS)
        cursor = connection.execute(sql)
        rows = cursor.fetchmany(limit + 1)
        columns = [one[0] for one in cursor.description or ()]
    except sqlite3.OperationalError as error:
        if "interrupted" in str(error):
            raise TooSlow(seconds) from None
        raise Invalid([("query", f"The mirror says: {error}.")]) from None
    except sqlite3.Error as error:
        raise Invalid([("query", f"The mirror says: {error}.")]) from None
    finally:
        connection.close()
    return Found(columns=columns, rows=[list(row) for row in rows[:limit]], truncated=len(rows) > limit)


def _opened(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(file))}?mode=ro", uri=True, isolation_level=None, detect_types=sqlite3.PARSE_DECLTYPES
    )
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA case_sensitive_like = ON")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_TEXT)
    install(connection)
    connection.set_authorizer(_authorized)
    return connection


def _authorized(action: int, _: str | None, second: str | None, *__: Any) -> int:
    loads = action == sqlite3.SQLITE_FUNCTION and second == "load_extension"
    return sqlite3.SQLITE_OK if action in ALLOWED and not loads else sqlite3.SQLITE_DENY


async def _on_postgres(home: Home, sql: str, limit: int, seconds: float) -> Found:
    async with home.reader() as reader:
        await reader.rows(text(f"SELECT set_config('statement_timeout', '{int(seconds * 1000)}', true)"))
        driver = await reader.driver()
        await driver.execute("SET LOCAL transaction_read_only = on")
        try:
            prepared = await driver.prepare(sql)
            cursor = await prepared.cursor()
            rows = await cursor.fetch(limit + 1)
        except QueryCanceledError:
            raise TooSlow(seconds) from None
        except PostgresError as error:
            raise Invalid([("query", f"The mirror says: {error.args[0]}.")]) from None
        kinds = [one.type.name for one in prepared.get_attributes()]
        columns = [one.name for one in prepared.get_attributes()]
    made = [[_shown(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in rows[:limit]]
    return Found(columns=columns, rows=made, truncated=len(rows) > limit)


def _shown(value: Any, kind: str) -> Any:
    """A value as JSON has it."""
    if kind in ("json", "jsonb"):
        return value  # the driver was told how to read it
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime | date | clock_time):
        return value.isoformat()
    plain = value is None or isinstance(value, bool | int | float | str | list)
    return value if plain else str(value)


sqlite3.register_converter("BOOLEAN", to_boolean)
sqlite3.register_converter("JSONTEXT", to_json)
