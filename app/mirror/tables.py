"""Tables of a mirror: made, grown, indexed and swapped."""

import secrets
from typing import Final

from app.db.engine import Reader, Writer
from app.mirror.layout import Column, Layout
from app.mirror.spelling import quoted, statement
from app.mirror.values import Kind

# A column whose kind is not known yet has no type in SQLite, which leaves its values as they come.
SQLITE: Final = {
    Kind.INTEGER: "INTEGER",
    Kind.FLOAT: "REAL",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.JSON: "JSONTEXT",
    Kind.TEXT: "TEXT",
}
POSTGRES: Final = {
    Kind.INTEGER: "BIGINT",
    Kind.FLOAT: "DOUBLE PRECISION",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.JSON: "JSONB",
    Kind.TEXT: "TEXT",
}
REFERENCE: Final = "_id"  # what the names of columns end in that say which row of another table is meant
MOST_INDEXES: Final = 8  # of one table: each costs a bulk load about a tenth
FEW: Final = 400  # rows that SQLite looks at to see how many have the same value


async def create(writer: Writer, name: str, layout: Layout) -> None:
    """An empty table under the name, whatever was there."""
    await drop(writer, name)
    lines = [_column(one, layout, sqlite=writer.sqlite) for one in layout.columns]
    await writer.execute(statement(f"CREATE TABLE {quoted(name)} ({', '.join(lines)})"))


async def drop(writer: Writer, name: str) -> None:
    await writer.execute(statement(f"DROP TABLE IF EXISTS {quoted(name)}"))


async def reshape(writer: Writer, name: str, before: Layout, after: Layout) -> None:
    """Gives columns another type whose values want one, and adds those that came. Nothing may stand on the table."""
    pairs = list(zip(before.columns, after.columns, strict=False))
    retyped = [new for old, new in pairs if old.kind is not new.kind]
    if writer.sqlite:
        if any(old.kind is not None and old.kind is not new.kind for old, new in pairs):
            await _rebuild(writer, name, before, after)
            return
    else:
        for new in retyped:
            column, kind = quoted(new.name), POSTGRES[new.kind or Kind.TEXT]
            change = f"ALTER COLUMN {column} TYPE {kind} USING {column}::text::{kind}"
            await writer.execute(statement(f"ALTER TABLE {quoted(name)} {change}"))
    for new in after.columns[len(before.columns) :]:
        added = _column(new, after, sqlite=writer.sqlite)
        await writer.execute(statement(f"ALTER TABLE {quoted(name)} ADD COLUMN {added}"))


async def swap(writer: Writer, layout: Layout) -> None:
    """The staging table becomes the table; until the commit everybody reads the old one."""
    await finish(writer, layout.staging, layout)
    await drop_view(writer, layout)
    await drop(writer, layout.table)
    await writer.execute(statement(f"ALTER TABLE {quoted(layout.staging)} RENAME TO {quoted(layout.table)}"))
    await make_view(writer, layout)
    await _analyzed(writer, layout)


async def settle(writer: Writer, layout: Layout) -> None:
    """A table that was written where it is, as a swap would leave it."""
    await drop_view(writer, layout)
    await finish(writer, layout.table, layout)
    await make_view(writer, layout)
    await _analyzed(writer, layout)


async def finish(writer: Writer, name: str, layout: Layout) -> None:
    """Types for columns that got none, indexes, and what the planner wants to know; Postgres locks nobody out."""
    if writer.sqlite and await types(writer, name) != _wanted(layout, sqlite=True):
        await _rebuild(writer, name, layout, layout)
    there = await _indexed(writer, name)
    missing = [one for one in _references(layout) if one not in there]
    for column in missing:
        mine = f"_ix_{secrets.token_hex(8)} " if writer.sqlite else ""  # Postgres finds a name that is free
        await writer.execute(statement(f"CREATE INDEX {mine}ON {quoted(name)} ({quoted(column)})"))
    if not writer.sqlite and (missing or name == layout.staging):
        await writer.execute(statement(f"ANALYZE {quoted(name)}"))


async def agrees(reader: Reader, name: str, layout: Layout) -> bool:
    """Whether a table is what a layout says: its columns and their types."""
    found, wanted = await types(reader, name), _wanted(layout, sqlite=reader.sqlite)
    return list(found) == list(wanted) and all(one in ("", wanted[column]) for column, one in found.items())


async def drop_view(writer: Writer, layout: Layout) -> None:
    await writer.execute(statement(f"DROP VIEW IF EXISTS {quoted(layout.view)}"))


async def make_view(writer: Writer, layout: Layout) -> None:
    """The same rows under friendly names."""
    shown = ", ".join(f"{quoted(one.name)} AS {quoted(one.shown)}" for one in layout.columns)
    view, table = quoted(layout.view), quoted(layout.table)
    await writer.execute(statement(f"CREATE VIEW {view} AS SELECT {shown} FROM {table}"))  # noqa: S608 - quoted


async def exists(reader: Reader, name: str) -> bool:
    if reader.sqlite:
        found = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = :name"
    else:
        found = "SELECT 1 FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = :name"
    return bool(await reader.scalar(statement(found), {"name": name}))


async def types(reader: Reader, name: str) -> dict[str, str]:
    """The columns of a table and their types, as they are and in their order."""
    found = (
        "SELECT name, type FROM pragma_table_info(:name) ORDER BY cid"
        if reader.sqlite
        else "SELECT column_name, upper(data_type) FROM information_schema.columns "
        "WHERE table_schema = current_schema() AND table_name = :name ORDER BY ordinal_position"
    )
    return {row[0]: row[1] for row in await reader.rows(statement(found), {"name": name})}


async def _analyzed(writer: Writer, layout: Layout) -> None:
    """SQLite keeps what it found under the table's name, and so is asked when the table has it."""
    if writer.sqlite and _references(layout):
        await writer.execute(statement(f"PRAGMA analysis_limit = {FEW}"))
        await writer.execute(statement(f"ANALYZE {quoted(layout.table)}"))


def _column(column: Column, layout: Layout, *, sqlite: bool) -> str:
    declared = _type(column, layout, sqlite=sqlite)
    key = " PRIMARY KEY NOT NULL" if column.position == layout.key else ""
    return f"{quoted(column.name)} {declared}{key}".rstrip()


def _type(column: Column, layout: Layout, *, sqlite: bool) -> str:
    if not sqlite:
        return POSTGRES[column.kind or Kind.TEXT]
    if column.position == layout.key:
        return "INTEGER" if column.kind is Kind.INTEGER else "TEXT"
    return SQLITE[column.kind] if column.kind else ""


def _wanted(layout: Layout, *, sqlite: bool) -> dict[str, str]:
    return {one.name: _type(one, layout, sqlite=sqlite) for one in layout.columns}


def _references(layout: Layout) -> list[str]:
    """The columns by which tables are joined."""
    found = [one for one in layout.columns if one.name.endswith(REFERENCE) and one.position != layout.key]
    return [one.name for one in found if one.kind in (Kind.INTEGER, Kind.TEXT)][:MOST_INDEXES]


async def _indexed(reader: Reader, name: str) -> set[str]:
    found = (
        "SELECT i.name FROM pragma_index_list(:name) l, pragma_index_info(l.name) i"
        if reader.sqlite
        else "SELECT a.attname FROM pg_index i "
        "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] "
        "WHERE i.indrelid = to_regclass(quote_ident(:name))"
    )
    return {row[0] for row in await reader.rows(statement(found), {"name": name})}


async def _rebuild(writer: Writer, name: str, before: Layout, after: Layout) -> None:
    """SQLite changes no types: the table is written anew."""
    draft = f"_draft_{after.table}"
    await create(writer, draft, after)
    into = ", ".join(quoted(one.name) for one in before.columns)
    read = ", ".join(_as_kind(old, new) for old, new in zip(before.columns, after.columns, strict=False))
    await writer.execute(statement(f"INSERT INTO {quoted(draft)} ({into}) SELECT {read} FROM {quoted(name)}"))  # noqa: S608
    await drop(writer, name)
    await writer.execute(statement(f"ALTER TABLE {quoted(draft)} RENAME TO {quoted(name)}"))


def _as_kind(old: Column, new: Column) -> str:
    name = quoted(old.name)
    if old.kind is Kind.BOOLEAN and new.kind is Kind.TEXT:
        return f"CASE {name} WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE {name} END"
    return f"CAST({name} AS TEXT)" if new.kind is Kind.TEXT else name
