"""Rows of a mirror's tables: put in, counted, compared with what the portal has, taken out."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from asyncpg import UniqueViolationError

from app.core import jsonio
from app.db.bulk import insert_rows
from app.db.engine import Reader, Writer
from app.mirror.layout import Layout
from app.mirror.spelling import quoted, statement
from app.mirror.tables import POSTGRES, drop, exists, reshape, types
from app.mirror.values import Kind

Rows = Sequence[tuple[Any, ...]]


async def insert(writer: Writer, name: str, layout: Layout, rows: Rows, *, fresh: bool = False) -> None:
    """Rows that may be there already, by their id: then these are the newer ones. `fresh`: hardly any is."""
    if not rows:
        return
    if writer.sqlite:
        await insert_rows(writer, quoted(name), [quoted(one) for one in layout.names], rows, replace=True)
        return
    driver = await writer.driver()
    if layout.key is None or fresh:
        try:
            async with driver.transaction():
                await _copied(driver, name, layout, rows)
        except UniqueViolationError:
            pass
        else:
            return
    if layout.key is None:
        raise ValueError(f"{name} takes no rows twice")
    place = layout.key
    latest = {row[place]: row for row in rows}  # one statement may touch a row once
    await _merge(driver, name, layout, list(latest.values()))


async def _merge(driver: Any, name: str, layout: Layout, rows: Rows) -> None:
    """COPY beside the table, then in: twice as fast as one statement per row."""
    columns = ", ".join(map(quoted, layout.names))
    key = quoted(layout.key_name or "")
    await driver.execute(
        f"CREATE TEMPORARY TABLE IF NOT EXISTS _incoming (LIKE {quoted(name)}) ON COMMIT DROP; TRUNCATE _incoming"
    )
    await _copied(driver, "_incoming", layout, rows)
    sets = ", ".join(f"{quoted(one)} = excluded.{quoted(one)}" for one in layout.names)
    await driver.execute(
        f"INSERT INTO {quoted(name)} ({columns}) SELECT {columns} FROM _incoming "  # noqa: S608 - quoted
        f"ON CONFLICT ({key}) DO UPDATE SET {sets}; DROP TABLE _incoming"
    )


async def _copied(driver: Any, name: str, layout: Layout, rows: Rows) -> None:
    """COPY. The driver remembers a table's types by its bare name, which has others after a change, or elsewhere."""
    await driver.reload_schema_state()
    await driver.copy_records_to_table(name, columns=list(layout.names), records=rows)


async def count(reader: Reader, name: str) -> int:
    """How many rows there are; 0 where there is no table."""
    if not await exists(reader, name):
        return 0
    return int(await reader.scalar(statement(f"SELECT count(*) FROM {quoted(name)}")) or 0)  # noqa: S608


async def missing(reader: Reader, key: str, table: str, other: str) -> int:
    """How many ids of a table are not in another one."""
    sql = f"SELECT count(*) FROM {quoted(table)} t WHERE {_not_in(key, other)}"  # noqa: S608 - quoted
    return int(await reader.scalar(statement(sql)) or 0)


async def missing_ids(reader: Reader, key: str, table: str, other: str, limit: int) -> list[Any]:
    """Some of them, the smallest first."""
    column = f"t.{quoted(key)}"
    shown = column if reader.sqlite else f"{column}::text"  # the same type for all tables: statements are kept prepared
    sql = f"SELECT {shown} FROM {quoted(table)} t WHERE {_not_in(key, other)} ORDER BY {column} LIMIT {limit:d}"  # noqa: S608
    return [row[0] for row in await reader.rows(statement(sql))]


async def keep_missing(writer: Writer, layout: Layout) -> Layout:
    """Rows of the table that the staging table lacks are copied there: they are kept for now. The layout it has then.

    A column that was of another kind becomes one of texts.
    """
    had = await types(writer, layout.table)
    own = await types(writer, layout.staging)
    kept = [one for one in layout.columns if one.name in had]
    odd = {one.position for one in kept if one.kind and had[one.name] not in ("", own[one.name])}
    made = [replace(one, kind=Kind.TEXT) if one.position in odd else one for one in layout.columns]
    found = replace(layout, columns=tuple(made))
    await reshape(writer, layout.staging, layout, found)
    names = ", ".join(quoted(one.name) for one in kept)
    read = ", ".join(f"CAST({quoted(one.name)} AS TEXT)" if one.position in odd else quoted(one.name) for one in kept)
    sql = (
        f"INSERT INTO {quoted(layout.staging)} ({names}) SELECT {read} FROM {quoted(layout.table)} t "  # noqa: S608
        f"WHERE {_not_in(layout.key_name or '', layout.staging)}"
    )
    await writer.execute(statement(sql))
    return found


async def delete_missing(writer: Writer, key: str, table: str, other: str) -> int:
    """Removes the rows whose ids are not in another table."""
    return await writer.execute(statement(f"DELETE FROM {quoted(table)} AS t WHERE {_not_in(key, other)}"))  # noqa: S608


async def delete_ids(writer: Writer, layout: Layout, ids: Sequence[Any]) -> int:
    """Removes rows by their ids, which are of the id's own kind."""
    if not ids:
        return 0
    key = quoted(layout.key_name or "")
    driver = await writer.driver()
    if writer.sqlite:
        chosen = jsonio.dumps(list(ids)).decode()
        sql = f"DELETE FROM {quoted(layout.table)} WHERE {key} IN (SELECT value FROM json_each(?))"  # noqa: S608
        cursor = await driver.execute(sql, (chosen,))
        return int(cursor.rowcount)
    kind = POSTGRES[layout.id_kind or Kind.TEXT]
    done = await driver.execute(f"DELETE FROM {quoted(layout.table)} WHERE {key} = ANY($1::{kind}[])", list(ids))  # noqa: S608
    return int(done.rpartition(" ")[2])


async def create_ids(writer: Writer, layout: Layout) -> None:
    """An empty table of ids alone, beside the table."""
    await drop(writer, layout.seen)
    kind = "" if writer.sqlite else POSTGRES[layout.id_kind or Kind.TEXT]
    key = quoted(layout.key_name or "")
    await writer.execute(statement(f"CREATE TABLE {quoted(layout.seen)} ({key} {kind} PRIMARY KEY)"))


async def insert_ids(writer: Writer, layout: Layout, ids: Sequence[Any]) -> None:
    key, name = quoted(layout.key_name or ""), quoted(layout.seen)
    driver = await writer.driver()
    if writer.sqlite:
        await driver.executemany(f"INSERT OR IGNORE INTO {name} ({key}) VALUES (?)", [(one,) for one in ids])  # noqa: S608
    else:
        kind = POSTGRES[layout.id_kind or Kind.TEXT]
        sql = f"INSERT INTO {name} ({key}) VALUES ($1::{kind}) ON CONFLICT DO NOTHING"  # noqa: S608 - quoted
        await driver.executemany(sql, [(one,) for one in ids])


async def ids_of(reader: Reader, name: str) -> list[str]:
    """All ids, as texts."""
    sql = f'SELECT CAST("id" AS TEXT) FROM {quoted(name)} ORDER BY "id"'  # noqa: S608 - quoted
    return [row[0] for row in await reader.rows(statement(sql))]


async def cut(writer: Writer, name: str, kept: int) -> None:
    """Takes back the rows behind the first `kept` ones, in the order in which they were stored."""
    row = "rowid" if writer.sqlite else "ctid"
    chosen = f"SELECT {row} FROM {quoted(name)} ORDER BY {row} LIMIT {kept:d}"  # noqa: S608 - quoted
    await writer.execute(statement(f"DELETE FROM {quoted(name)} WHERE {row} NOT IN ({chosen})"))  # noqa: S608


async def largest(reader: Reader, name: str, column: str) -> Any:
    """The largest value of a column, as text."""
    shown = f"CAST(max({quoted(column)}) AS TEXT)"
    return await reader.scalar(statement(f"SELECT {shown} FROM {quoted(name)}"))  # noqa: S608


def _not_in(key: str, other: str) -> str:
    column = quoted(key)
    return f"NOT EXISTS (SELECT 1 FROM {quoted(other)} o WHERE o.{column} = t.{column})"  # noqa: S608 - quoted
