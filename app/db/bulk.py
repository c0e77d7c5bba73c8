"""Many rows at once, by the driver: a statement for many on SQLite, COPY on Postgres. Column names come from tables."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Final

from sqlalchemy import text

from app.db.engine import Writer

# SQLite: two thirds of what they cost one by one; between two statements it waits for whoever holds the interpreter.
TOGETHER: Final = 250  # rows of one statement
MOST_MARKS: Final = 32_000  # values of one; SQLite takes 32,766

Rows = Sequence[tuple[Any, ...]]


async def insert_rows(writer: Writer, table: str, columns: Sequence[str], rows: Rows, *, replace: bool = False) -> None:
    """Inserts rows that are known to be new; raises on a duplicate. On SQLite `replace` lets the later row stay."""
    if not rows:
        return
    driver = await _driver(writer)
    if writer.sqlite:
        into = f"INSERT {'OR REPLACE ' if replace else ''}INTO {table} ({','.join(columns)}) VALUES"
        together = min(TOGETHER, MOST_MARKS // len(columns))
        whole = len(rows) - len(rows) % together
        spans = [tuple(chain.from_iterable(rows[at : at + together])) for at in range(0, whole, together)]
        await driver.executemany(f"{into} {_values(len(columns), together)}", spans)
        await driver.executemany(f"{into} {_values(len(columns), 1)}", rows[whole:])
    else:
        await driver.copy_records_to_table(table, columns=list(columns), records=rows)


async def update_rows(writer: Writer, table: str, columns: Sequence[str], keys: Sequence[str], rows: Rows) -> None:
    """Sets `columns` of the rows found by `keys`; each tuple holds the columns first, then the keys."""
    if not rows:
        return
    driver = await _driver(writer)
    mark = iter(range(1, len(columns) + len(keys) + 1))
    sets = ", ".join(f"{column} = {_mark(writer, next(mark))}" for column in columns)
    where = " AND ".join(f"{key} = {_mark(writer, next(mark))}" for key in keys)
    await driver.executemany(f"UPDATE {table} SET {sets} WHERE {where}", rows)  # noqa: S608


async def delete_rows(writer: Writer, table: str, keys: Sequence[str], rows: Rows) -> None:
    """Deletes the rows found by `keys`."""
    if not rows:
        return
    driver = await _driver(writer)
    where = " AND ".join(f"{key} = {_mark(writer, number)}" for number, key in enumerate(keys, 1))
    await driver.executemany(f"DELETE FROM {table} WHERE {where}", rows)  # noqa: S608


@lru_cache(maxsize=64)
def _values(columns: int, rows: int) -> str:
    return ",".join([f"({','.join('?' * columns)})"] * rows)


def _mark(writer: Writer, number: int) -> str:
    return f"?{number}" if writer.sqlite else f"${number}"


async def _driver(writer: Writer) -> Any:
    driver = await writer.driver()
    if not writer.sqlite and not driver.is_in_transaction():
        # SQLAlchemy begins on its own first statement; the driver's must not slip out before it.
        await writer.execute(text("SELECT 1"))
    return driver
