"""Tables of a mirror: made, filled, grown and swapped. Names are checked where they come in, and quoted here."""

from collections.abc import Sequence
from typing import Any, Final

from asyncpg import UniqueViolationError
from sqlalchemy import text

from app.core import jsonio
from app.db.engine import Reader, Writer
from app.mirror.layout import Column, Layout
from app.mirror.values import Kind

Rows = Sequence[tuple[Any, ...]]
# Numbers have no type there: SQLite would make a number of the text that a number turned out to be.
_SQLITE: Final = {Kind.BOOLEAN: "BOOLEAN", Kind.JSON: "JSONTEXT", Kind.TEXT: "TEXT"}
_POSTGRES: Final = {
    Kind.INTEGER: "BIGINT",
    Kind.FLOAT: "DOUBLE PRECISION",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.JSON: "JSONB",
    Kind.TEXT: "TEXT",
}
MOST_MARKS: Final = 30_000  # values of one statement; SQLite takes 32,766, Postgres 65,535


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


async def create(writer: Writer, name: str, layout: Layout) -> None:
    """An empty table under the name, whatever was there."""
    await drop(writer, name)
    lines = [_column(one, layout, sqlite=writer.sqlite) for one in layout.columns]
    await writer.execute(text(f"CREATE TABLE {quoted(name)} ({', '.join(_escaped(lines))})"))


async def drop(writer: Writer, name: str) -> None:
    await writer.execute(text(_escape(f"DROP TABLE IF EXISTS {quoted(name)}")))


async def reshape(writer: Writer, name: str, before: Layout, after: Layout) -> None:
    """Adds columns that came; on Postgres gives those another type whose values want one."""
    table = quoted(name)
    for old, new in zip(before.columns, after.columns, strict=False):
        if old.kind is not new.kind and not writer.sqlite:
            column, kind = quoted(new.name), _POSTGRES[new.kind or Kind.TEXT]
            retyped = f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {kind} USING {column}::text::{kind}"
            await writer.execute(text(_escape(retyped)))
    for new in after.columns[len(before.columns) :]:
        added = f"ALTER TABLE {table} ADD COLUMN {_column(new, after, sqlite=writer.sqlite)}"
        await writer.execute(text(_escape(added)))


async def insert(writer: Writer, name: str, layout: Layout, rows: Rows, *, fresh: bool = False) -> None:
    """Rows that may be there already, by their id: then these are the newer ones. `fresh`: hardly any is."""
    if not rows:
        return
    driver = await writer.driver()
    if writer.sqlite:
        columns = ", ".join(map(quoted, layout.names))
        marks = ", ".join("?" * len(layout.names))
        await driver.executemany(f"INSERT OR REPLACE INTO {quoted(name)} ({columns}) VALUES ({marks})", rows)  # noqa: S608
        return
    if layout.key is None or fresh:
        try:
            async with driver.transaction():
                await driver.copy_records_to_table(name, columns=list(layout.names), records=rows)
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
    await driver.copy_records_to_table("_incoming", columns=list(layout.names), records=rows)
    sets = ", ".join(f"{quoted(one)} = excluded.{quoted(one)}" for one in layout.names)
    await driver.execute(
        f"INSERT INTO {quoted(name)} ({columns}) SELECT {columns} FROM _incoming "  # noqa: S608 - quoted
        f"ON CONFLICT ({key}) DO UPDATE SET {sets}; DROP TABLE _incoming"
    )


async def swap(writer: Writer, layout: Layout) -> None:
    """The staging table becomes the table; until the commit everybody reads the old one."""
    await drop_view(writer, layout)
    await drop(writer, layout.table)
    if writer.sqlite and await _declared(writer, layout.staging) != _wanted(layout):
        await _rebuild(writer, layout.staging, layout.table, layout)
    else:
        renamed = f"ALTER TABLE {quoted(layout.staging)} RENAME TO {quoted(layout.table)}"
        await writer.execute(text(_escape(renamed)))
    await make_view(writer, layout)


async def agrees(reader: Reader, name: str, layout: Layout) -> bool:
    """Whether a table is what a layout says: its columns and, on Postgres, their types."""
    if not await exists(reader, name):
        return False
    if reader.sqlite:
        return await _names(reader, name) == list(layout.names)
    statement = text(
        "SELECT column_name, data_type FROM information_schema.columns "
        "WHERE table_schema = current_schema() AND table_name = :name ORDER BY ordinal_position"
    )
    found = [(row[0], row[1].upper()) for row in await reader.rows(statement, {"name": name})]
    return found == [(one.name, _POSTGRES[one.kind or Kind.TEXT]) for one in layout.columns]


async def settle(writer: Writer, layout: Layout) -> None:
    """On SQLite a table whose columns are of other kinds by now is written anew; elsewhere it was altered."""
    await drop_view(writer, layout)
    if writer.sqlite and await _declared(writer, layout.table) != _wanted(layout):
        await _rebuild(writer, layout.table, layout.staging, layout)
        renamed = f"ALTER TABLE {quoted(layout.staging)} RENAME TO {quoted(layout.table)}"
        await writer.execute(text(_escape(renamed)))
    await make_view(writer, layout)


async def drop_view(writer: Writer, layout: Layout) -> None:
    await writer.execute(text(_escape(f"DROP VIEW IF EXISTS {quoted(layout.view)}")))


async def make_view(writer: Writer, layout: Layout) -> None:
    """The same rows under friendly names."""
    shown = ", ".join(f"{quoted(one.name)} AS {quoted(one.shown)}" for one in layout.columns)
    await writer.execute(
        text(_escape(f"CREATE VIEW {quoted(layout.view)} AS SELECT {shown} FROM {quoted(layout.table)}"))  # noqa: S608
    )


async def count(reader: Reader, name: str) -> int:
    """How many rows there are; 0 where there is no table."""
    if not await exists(reader, name):
        return 0
    return int(await reader.scalar(text(_escape(f"SELECT count(*) FROM {quoted(name)}"))) or 0)  # noqa: S608


async def exists(reader: Reader, name: str) -> bool:
    if reader.sqlite:
        found = text("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = :name")
    else:
        found = text(
            "SELECT 1 FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = :name"
        )
    return bool(await reader.scalar(found, {"name": name}))


async def missing(reader: Reader, key: str, table: str, other: str) -> int:
    """How many ids of a table are not in another one."""
    statement = f"SELECT count(*) FROM {quoted(table)} t WHERE {_not_in(key, other)}"  # noqa: S608 - quoted
    return int(await reader.scalar(text(_escape(statement))) or 0)


async def missing_ids(reader: Reader, key: str, table: str, other: str, limit: int) -> list[Any]:
    """Some of them, the smallest first."""
    column = f"t.{quoted(key)}"
    shown = column if reader.sqlite else f"{column}::text"  # the same type for all tables: statements are kept prepared
    statement = f"SELECT {shown} FROM {quoted(table)} t WHERE {_not_in(key, other)} ORDER BY {column} LIMIT {limit:d}"  # noqa: S608
    return [row[0] for row in await reader.rows(text(_escape(statement)))]


async def keep_missing(writer: Writer, layout: Layout) -> None:
    """Rows of the table that the staging table lacks are copied there: they are kept for now."""
    key = layout.key_name or ""
    had = set(await _names(writer, layout.table))
    shared = ", ".join(quoted(one) for one in layout.names if one in had)
    statement = (
        f"INSERT INTO {quoted(layout.staging)} ({shared}) SELECT {shared} FROM {quoted(layout.table)} t "  # noqa: S608
        f"WHERE {_not_in(key, layout.staging)}"
    )
    await writer.execute(text(_escape(statement)))


async def delete_missing(writer: Writer, key: str, table: str, other: str) -> int:
    """Removes the rows whose ids are not in another table."""
    return await writer.execute(text(_escape(f"DELETE FROM {quoted(table)} AS t WHERE {_not_in(key, other)}")))  # noqa: S608


async def delete_ids(writer: Writer, layout: Layout, ids: Sequence[Any]) -> int:
    """Removes rows by their ids, which are of the id's own kind."""
    if not ids:
        return 0
    key = quoted(layout.key_name or "")
    driver = await writer.driver()
    if writer.sqlite:
        chosen = jsonio.dumps(list(ids)).decode()
        statement = f"DELETE FROM {quoted(layout.table)} WHERE {key} IN (SELECT value FROM json_each(?))"  # noqa: S608
        cursor = await driver.execute(statement, (chosen,))
        return int(cursor.rowcount)
    kind = _POSTGRES[layout.columns[layout.key or 0].kind or Kind.TEXT]
    done = await driver.execute(f"DELETE FROM {quoted(layout.table)} WHERE {key} = ANY($1::{kind}[])", list(ids))  # noqa: S608
    return int(done.rpartition(" ")[2])


async def create_ids(writer: Writer, layout: Layout) -> None:
    """An empty table of ids alone, beside the table."""
    await drop(writer, layout.seen)
    kind = "" if writer.sqlite else _POSTGRES[layout.columns[layout.key or 0].kind or Kind.TEXT]
    key = quoted(layout.key_name or "")
    await writer.execute(text(_escape(f"CREATE TABLE {quoted(layout.seen)} ({key} {kind} PRIMARY KEY)")))


async def insert_ids(writer: Writer, layout: Layout, ids: Sequence[Any]) -> None:
    key, name = quoted(layout.key_name or ""), quoted(layout.seen)
    driver = await writer.driver()
    if writer.sqlite:
        await driver.executemany(f"INSERT OR IGNORE INTO {name} ({key}) VALUES (?)", [(one,) for one in ids])  # noqa: S608
    else:
        await driver.executemany(
            f"INSERT INTO {name} ({key}) VALUES ($1) ON CONFLICT DO NOTHING", [(one,) for one in ids]
        )


async def ids_of(reader: Reader, name: str) -> list[str]:
    """All ids, as texts."""
    statement = f'SELECT CAST("id" AS TEXT) FROM {quoted(name)} ORDER BY "id"'  # noqa: S608 - quoted
    return [row[0] for row in await reader.rows(text(_escape(statement)))]


async def cut(writer: Writer, name: str, kept: int) -> None:
    """Takes back the rows behind the first `kept` ones, in the order in which they were stored."""
    row = "rowid" if writer.sqlite else "ctid"
    chosen = f"SELECT {row} FROM {quoted(name)} ORDER BY {row} LIMIT {kept:d}"  # noqa: S608 - quoted
    await writer.execute(text(_escape(f"DELETE FROM {quoted(name)} WHERE {row} NOT IN ({chosen})")))  # noqa: S608


async def largest(reader: Reader, name: str, column: str) -> Any:
    """The largest value of a column, as text."""
    shown = f"CAST(max({quoted(column)}) AS TEXT)"
    return await reader.scalar(text(_escape(f"SELECT {shown} FROM {quoted(name)}")))  # noqa: S608


def _not_in(key: str, other: str) -> str:
    column = quoted(key)
    return f"NOT EXISTS (SELECT 1 FROM {quoted(other)} o WHERE o.{column} = t.{column})"  # noqa: S608 - quoted


def _column(column: Column, layout: Layout, *, sqlite: bool) -> str:
    kind = column.kind
    if column.position == layout.key:
        own = ("INTEGER" if kind is Kind.INTEGER else "TEXT") if sqlite else _POSTGRES[kind or Kind.TEXT]
        return f"{quoted(column.name)} {own} PRIMARY KEY NOT NULL"
    declared = _SQLITE.get(kind, "") if sqlite and kind else "" if sqlite else _POSTGRES[kind or Kind.TEXT]
    return f"{quoted(column.name)} {declared}".rstrip()


def _wanted(layout: Layout) -> list[str]:
    return [_SQLITE.get(one.kind, "") if one.kind else "" for one in layout.columns if one.position != layout.key]


async def _declared(reader: Reader, name: str) -> list[str]:
    statement = text("SELECT type FROM pragma_table_info(:name) WHERE pk = 0 ORDER BY cid")
    return [row[0] for row in await reader.rows(statement, {"name": name})]


async def _names(reader: Reader, name: str) -> list[str]:
    if reader.sqlite:
        statement = text("SELECT name FROM pragma_table_info(:name) ORDER BY cid")
    else:
        statement = text(
            "SELECT column_name FROM information_schema.columns "
            "WHERE table_schema = current_schema() AND table_name = :name"
        )
    return [row[0] for row in await reader.rows(statement, {"name": name})]


async def _rebuild(writer: Writer, source: str, target: str, layout: Layout) -> None:
    await create(writer, target, layout)
    names = ", ".join(map(quoted, layout.names))
    read = ", ".join(
        f"CAST({quoted(one.name)} AS TEXT)" if one.kind is Kind.TEXT else quoted(one.name) for one in layout.columns
    )
    await writer.execute(
        text(_escape(f"INSERT INTO {quoted(target)} ({names}) SELECT {read} FROM {quoted(source)}"))  # noqa: S608
    )
    await drop(writer, source)


def _escaped(lines: Sequence[str]) -> list[str]:
    return [_escape(line) for line in lines]


def _escape(statement: str) -> str:
    """A colon in a name would be a parameter; casts keep theirs."""
    return statement.replace("::", "\0").replace(":", r"\:").replace("\0", "::")
