"""What a mirror knows of its tables: `_sync_metadata`, `_field_mappings`, ids seen on demand, and who may write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from sqlalchemy import text

from app.core import jsonio
from app.db.engine import Reader, Writer
from app.db.marks import Marks, fetch
from app.mirror.layout import Column, Layout
from app.mirror.values import Kind

_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS _mirror (only_row INTEGER PRIMARY KEY, fence BIGINT NOT NULL)",
    "INSERT INTO _mirror (only_row, fence) VALUES (1, 0) ON CONFLICT DO NOTHING",
    """CREATE TABLE IF NOT EXISTS _sync_metadata (
        table_name TEXT PRIMARY KEY, strategy TEXT NOT NULL, ttl BIGINT NOT NULL, disabled INTEGER NOT NULL DEFAULT 0,
        disabled_reason TEXT, schema_hash TEXT, total_fields BIGINT NOT NULL DEFAULT 0, key_position BIGINT,
        kinds TEXT, row_count BIGINT, local_row_count BIGINT NOT NULL DEFAULT 0, min_id TEXT, max_id TEXT,
        incremental_field TEXT, last_sync_checkpoint TEXT, last_sync_at BIGINT, next_sync_at BIGINT,
        compared_at BIGINT, last_sync_duration_ms BIGINT, last_sync_rows BIGINT,
        total_syncs BIGINT NOT NULL DEFAULT 0, failed_syncs BIGINT NOT NULL DEFAULT 0, last_error TEXT,
        last_error_at BIGINT, held BIGINT NOT NULL DEFAULT 0, last_job TEXT, staging_job TEXT,
        version BIGINT NOT NULL DEFAULT 0, created_at BIGINT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS _field_mappings (
        table_name TEXT NOT NULL, position INTEGER NOT NULL, field_name TEXT NOT NULL, local_column TEXT NOT NULL,
        field_type TEXT, is_primary_key INTEGER NOT NULL, is_incremental_field INTEGER NOT NULL, description TEXT,
        PRIMARY KEY (table_name, position),
        FOREIGN KEY (table_name) REFERENCES _sync_metadata (table_name) ON DELETE CASCADE)""",
    """CREATE TABLE IF NOT EXISTS _seen_rows (
        table_name TEXT NOT NULL, id TEXT NOT NULL, synced_at BIGINT NOT NULL, PRIMARY KEY (table_name, id))""",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRecord:
    """A row of `_sync_metadata`: times in ms, `ttl` in s, None = never or unknown.

    `row_count`, `min_id`, `max_id` are the portal's, `local_row_count` ours. `held`: rows that a sync missed which was
    held back. `version` counts what changed the rows: what was remembered of an earlier one is no longer true.
    `staging_job` has begun to fill the staging table, `last_job` has ended with this table.
    """

    table_name: str
    strategy: str
    ttl: int
    disabled: int = 0
    disabled_reason: str | None = None
    schema_hash: str | None = None
    total_fields: int = 0
    key_position: int | None = None
    kinds: str | None = None
    row_count: int | None = None
    local_row_count: int = 0
    min_id: str | None = None
    max_id: str | None = None
    incremental_field: str | None = None
    last_sync_checkpoint: str | None = None
    last_sync_at: int | None = None
    next_sync_at: int | None = None
    compared_at: int | None = None
    last_sync_duration_ms: int | None = None
    last_sync_rows: int | None = None
    total_syncs: int = 0
    failed_syncs: int = 0
    last_error: str | None = None
    last_error_at: int | None = None
    held: int = 0
    last_job: str | None = None
    staging_job: str | None = None
    version: int = 0
    created_at: int = 0

    @property
    def filled(self) -> bool:
        """Whether there is a table with rows of some time."""
        return self.last_sync_at is not None

    @property
    def whole(self) -> bool:
        """Whether a sync brought all rows once, not those alone that were asked for."""
        return self.filled and self.last_sync_rows is not None

    @property
    def known_kinds(self) -> list[Kind | None]:
        return [one and Kind(one) for one in jsonio.loads(self.kinds)] if self.kinds else []

    def fresh(self, now: int) -> bool:
        """Whether its rows are young enough; those of a time to come are of a clock that was set back."""
        last, following = self.last_sync_at, self.next_sync_at
        return last is not None and following is not None and last <= now < following


_NAMES: Final = tuple(one.name for one in fields(TableRecord))


async def prepare(writer: Writer) -> None:
    """Makes what is missing."""
    for statement in _TABLES:
        await writer.execute(text(statement))


async def records(reader: Reader, tables: Sequence[str] | None = None) -> dict[str, TableRecord]:
    """What is known of these tables, or of all that are registered, by name."""
    marks = Marks(sqlite=reader.sqlite)
    where = "" if tables is None else f" WHERE table_name {marks.one_of(list(tables), 'text')}"
    statement = f"SELECT {', '.join(_NAMES)} FROM _sync_metadata{where} ORDER BY table_name"  # noqa: S608 - our names
    return {row[0]: TableRecord(**dict(zip(_NAMES, row, strict=True))) for row in await fetch(reader, statement, marks)}


async def put_record(writer: Writer, table: str, values: Mapping[str, Any]) -> None:
    """Changes what is known of a table; the first time it needs `strategy`, `ttl` and `created_at`."""
    sets = ", ".join(f"{name} = :{name}" for name in values)
    mine = {**values, "table_name": table}
    found = text(f"UPDATE _sync_metadata SET {sets} WHERE table_name = :table_name")  # noqa: S608 - our names
    if not await writer.execute(found, mine):
        names = ", ".join(mine)
        marks = ", ".join(f":{name}" for name in mine)
        await writer.execute(text(f"INSERT INTO _sync_metadata ({names}) VALUES ({marks})"), mine)  # noqa: S608


async def changed(writer: Writer, table: str) -> None:
    """Says that rows are others now."""
    await writer.execute(
        text("UPDATE _sync_metadata SET version = version + 1 WHERE table_name = :name"), {"name": table}
    )


async def forget_table(writer: Writer, table: str) -> None:
    """Forgets all of it."""
    for owner in ("_field_mappings", "_seen_rows", "_sync_metadata"):
        await writer.execute(text(f"DELETE FROM {owner} WHERE table_name = :name"), {"name": table})  # noqa: S608


async def put_mappings(writer: Writer, layout: Layout, incremental: str | None) -> None:
    """Which place of the portal's row is which column."""
    await writer.execute(text("DELETE FROM _field_mappings WHERE table_name = :name"), {"name": layout.table})
    rows = [
        {
            "table_name": layout.table,
            "position": one.position,
            "field_name": one.shown,
            "local_column": one.name,
            "field_type": one.kind and one.kind.value,
            "is_primary_key": int(one.position == layout.key),
            "is_incremental_field": int(one.name == incremental),
            "description": one.description,
        }
        for one in layout.columns
    ]
    names = ", ".join(rows[0])
    marks = ", ".join(f":{name}" for name in rows[0])
    await writer.execute(text(f"INSERT INTO _field_mappings ({names}) VALUES ({marks})"), rows)  # noqa: S608


async def mappings(reader: Reader, table: str) -> list[Column]:
    """The columns of a table as they were mapped."""
    names = "position, local_column, field_name, field_type, description"
    statement = f"SELECT {names} FROM _field_mappings WHERE table_name = :name ORDER BY position"  # noqa: S608
    rows = await reader.rows(text(statement), {"name": table})
    return [
        Column(position=row[0], name=row[1], shown=row[2], kind=row[3] and Kind(row[3]), description=row[4])
        for row in rows
    ]


async def seen_since(reader: Reader, table: str, ids: Sequence[str], since: int) -> set[str]:
    """Which of these ids were fetched since then, or found to be gone."""
    marks = Marks(sqlite=reader.sqlite)
    where = f"table_name = {marks(table)} AND id {marks.one_of(list(ids), 'text')} AND synced_at > {since:d}"
    return {row[0] for row in await fetch(reader, f"SELECT id FROM _seen_rows WHERE {where}", marks)}  # noqa: S608


async def all_seen_since(reader: Reader, table: str, since: int) -> list[str]:
    """All ids that were fetched since then, or found to be gone."""
    statement = text("SELECT id FROM _seen_rows WHERE table_name = :name AND synced_at >= :since ORDER BY id")
    return [row[0] for row in await reader.rows(statement, {"name": table, "since": since})]


async def forget_seen(writer: Writer, table: str) -> None:
    """Rows that were fetched by their ids are old from now on."""
    await writer.execute(text("DELETE FROM _seen_rows WHERE table_name = :name"), {"name": table})


async def mark_seen(writer: Writer, table: str, ids: Sequence[str], now: int) -> None:
    """Remembers when these ids were fetched."""
    statement = text(
        "INSERT INTO _seen_rows (table_name, id, synced_at) VALUES (:name, :id, :now) "
        "ON CONFLICT (table_name, id) DO UPDATE SET synced_at = excluded.synced_at"
    )
    rows = [{"name": table, "id": one, "now": now} for one in ids]
    if rows:
        await writer.execute(statement, rows)
