"""Statements on a mirror: read-only, shut in with the mirror's own tables, within limits of time and rows."""

import asyncio
import sqlite3
import threading
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
MOST_LETTERS: Final = 64_000_000  # of all texts of an answer
FIRST_ROWS: Final = 200
MOST_AT_ONCE: Final = 5_000  # rows of one step
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
        over = threading.Event()
        try:
            return await asyncio.to_thread(_on_sqlite, home.file, for_sqlite(sql), limit, seconds, over)
        finally:
            over.set()  # nobody waits any more: a thread is not cancelled
    return await _on_postgres(home, for_postgres(sql), limit, seconds)


def _on_sqlite(file: Path, sql: str, limit: int, seconds: float, over: threading.Event) -> Found:
    deadline = time.monotonic() + seconds
    connection = _opened(file, deadline)
    try:
        connection.set_progress_handler(lambda: int(over.is_set() or time.monotonic() > deadline), STEPS)
        cursor = connection.execute(sql)
        rows: list[list[Any]] = []
        room = MOST_LETTERS
        while len(rows) <= limit and (row := cursor.fetchone()) is not None:
            room -= _letters(row)
            if room < 0:
                raise _too_large()
            rows.append(list(row))
        columns = [one[0] for one in cursor.description or ()]
    except (sqlite3.Error, OverflowError) as error:
        if "interrupted" in str(error) or time.monotonic() > deadline:
            raise TooSlow(seconds) from None
        raise Invalid([("query", f"The mirror says: {error}.")]) from None
    finally:
        connection.close()
    return Found(columns=columns, rows=rows[:limit], truncated=len(rows) > limit)


def _opened(file: Path, deadline: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(file))}?mode=ro", uri=True, isolation_level=None, detect_types=sqlite3.PARSE_DECLTYPES
    )
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA case_sensitive_like = ON")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_TEXT)
    install(connection, deadline)
    connection.set_authorizer(_authorized)
    return connection


def _authorized(action: int, _: str | None, second: str | None, *__: Any) -> int:
    loads = action == sqlite3.SQLITE_FUNCTION and second == "load_extension"
    return sqlite3.SQLITE_OK if action in ALLOWED and not loads else sqlite3.SQLITE_DENY


async def _on_postgres(home: Home, sql: str, limit: int, seconds: float) -> Found:
    deadline = time.monotonic() + seconds
    async with home.reader() as reader:
        settings = {"statement_timeout": str(int(seconds * 1000)), "transaction_read_only": "on"}
        calls = ", ".join(f"set_config('{key}', '{one}', true)" for key, one in settings.items())
        await reader.rows(text(f"SELECT {calls}"))
        driver = await reader.driver()
        try:
            prepared = await driver.prepare(sql)
            rows = await _fetched(await prepared.cursor(), limit, deadline)
        except (QueryCanceledError, TimeoutError):
            raise TooSlow(seconds) from None
        except PostgresError as error:
            raise Invalid([("query", f"The mirror says: {error.args[0]}.")]) from None
        kinds = [one.type.name for one in prepared.get_attributes()]
        columns = [one.name for one in prepared.get_attributes()]
    made = [[_shown(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in rows[:limit]]
    return Found(columns=columns, rows=made, truncated=len(rows) > limit)


async def _fetched(cursor: Any, limit: int, deadline: float) -> list[Any]:
    """A row more than the limit, if there is one; the first few tell how many come at once."""
    rows: list[Any] = []
    room, step = MOST_LETTERS, FIRST_ROWS
    while len(rows) <= limit:
        if time.monotonic() > deadline:  # the time of the database is that of each step
            raise TimeoutError
        wanted = min(step, limit + 1 - len(rows))
        some = await cursor.fetch(wanted)
        used = sum(map(_letters, some))
        room -= used
        if room < 0:
            raise _too_large()
        rows += some
        if len(some) < wanted:
            break
        step = max(1, min(MOST_AT_ONCE, room * len(some) // (used + 1)))
    return rows


def _letters(row: Sequence[Any]) -> int:
    return sum(len(one) for one in row if isinstance(one, str | bytes | list))


def _too_large() -> Invalid:
    return Invalid([("query", f"The answer has more than {MOST_LETTERS:,} letters; ask for less.")])


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
