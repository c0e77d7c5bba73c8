"""Many rows at once, by the driver: `executemany` on SQLite, COPY on Postgres. Column names come from tables only."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from app.db.engine import Writer

Rows = Sequence[tuple[Any, ...]]


async def insert_rows(writer: Writer, table: str, columns: Sequence[str], rows: Rows) -> None:
    """Inserts rows that are known to be new; raises on a duplicate."""
    if not rows:
        return
    driver = await _driver(writer)
    if writer.sqlite:
        marks = ",".join("?" * len(columns))
        await driver.executemany(f"INSERT INTO {table} ({','.join(columns)}) VALUES ({marks})", rows)  # noqa: S608
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


def _mark(writer: Writer, number: int) -> str:
    return f"?{number}" if writer.sqlite else f"${number}"


async def _driver(writer: Writer) -> Any:
    driver = await writer.driver()
    if not writer.sqlite and not driver.is_in_transaction():
        # SQLAlchemy begins on its own first statement; the driver's must not slip out before it.
        await writer.execute(text("SELECT 1"))
    return driver
