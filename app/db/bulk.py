"""Many rows at once, by the driver: `executemany` on SQLite, COPY on Postgres. Column names come from tables only."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import LargeBinary, text

from app.core import jsonio
from app.db.engine import Writer
from app.db.tables import metadata

AT_ONCE: Final = 50  # rows from which on one statement for all is worth its preparation
LENGTH_BITS: Final = 30  # a document is shorter than 1 GiB, a batch shorter than 8 GiB

Rows = Sequence[tuple[Any, ...]]


async def insert_rows(writer: Writer, table: str, columns: Sequence[str], rows: Rows) -> None:
    """Inserts rows that are known to be new; raises on a duplicate."""
    if not rows:
        return
    driver = await _driver(writer)
    if not writer.sqlite:
        await driver.copy_records_to_table(table, columns=list(columns), records=rows)
    elif len(rows) < AT_ONCE:
        marks = ",".join("?" * len(columns))
        await driver.executemany(f"INSERT INTO {table} ({','.join(columns)}) VALUES ({marks})", rows)  # noqa: S608
    else:
        await _insert_at_once(driver, table, columns, rows)


async def _insert_at_once(driver: Any, table: str, columns: Sequence[str], rows: Rows) -> None:
    """All rows by one statement, as JSON with their bytes beside it.

    `executemany` takes the interpreter's lock twice per row, and waits 5 ms for it each time while the next batch is
    being made: nothing would run beside it. One statement gives the lock away once and works on the other core.
    """
    types = metadata.tables[table].c
    binary = [place for place, column in enumerate(columns) if isinstance(types[column].type, LargeBinary)]
    values, blob = _apart(rows, binary) if binary else (rows, b"")
    picked = ",".join(_picked(place, binary=place in binary) for place in range(len(columns)))
    statement = f"INSERT INTO {table} ({','.join(columns)}) SELECT {picked} FROM json_each(?1)"  # noqa: S608
    await driver.execute(
        statement, (jsonio.dumps(values).decode(), blob) if binary else (jsonio.dumps(values).decode(),)
    )


def _apart(rows: Rows, binary: Sequence[int]) -> tuple[list[list[Any]], bytes]:
    """Rows whose bytes are replaced by where they lie in the second value: offset from 1, shifted, and length."""
    parts: list[bytes] = []
    offset = 1
    values = [list(row) for row in rows]
    for row in values:
        for place in binary:
            data = row[place]
            if data is not None:
                parts.append(data)
                row[place] = offset << LENGTH_BITS | len(data)
                offset += len(data)
    return values, b"".join(parts)


def _picked(place: int, *, binary: bool) -> str:
    value = f"json_extract(value, '$[{place}]')"
    if not binary:
        return value
    mask = (1 << LENGTH_BITS) - 1
    return f"iif({value} IS NULL, NULL, substr(?2, {value} >> {LENGTH_BITS}, {value} & {mask}))"


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
