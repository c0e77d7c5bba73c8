"""Bodies of an operator's tables and of queries."""

from typing import Any

from pydantic import Field

from app.api.model import Answer, Question, Time
from app.mirror.memory import MemoryView
from app.mirror.query import MOST_ROWS, Mode, Source
from app.mirror.service import TableView


class SqlBody(Question):
    """A SELECT in PostgreSQL's dialect."""

    query: str = Field(
        min_length=1, max_length=100_000, examples=["SELECT id, name FROM tv_channel WHERE NOT disabled"]
    )
    mode: Mode = Field(default=Mode.AUTO, description="`auto` lets whoever is best answer; `local` the mirror alone.")
    dry_run: bool = Field(default=False, description="Asks nobody, and tells what would be asked.")
    limit: int | None = Field(default=None, ge=1, le=MOST_ROWS, description="Rows at most; 10,000 when left out.")


class SqlAnswer(Answer):
    """`rows` are lists in the order of `columns`."""

    columns: list[str] = Field(examples=[["id", "name"]])
    rows: list[list[Any]] = Field(examples=[[[1, "ARTE"]]])
    source: Source = Field(description="Who answered; in a dry run, who would.")
    transpiled: dict[str, Any] | None = Field(
        description="The query in JSONSQL; null where it cannot be said there.",
        examples=[{"method": "select", "params": {"data": ["id", "name"], "from": "tv_channel", "order_by": "id"}}],
    )
    elapsed_ms: float
    truncated: bool = Field(description="There were more rows than the limit.")
    stale: bool = Field(description="The rows are older than they should be: a sync is on its way, or the portal away.")
    request: dict[str, Any] | None = Field(default=None, description="In a dry run: what would be posted, no secrets.")


class FieldBody(Answer):
    """`name` at the portal and in the mirror's table, `shown` in its view."""

    position: int
    name: str
    shown: str
    type: str | None = Field(description="`integer`, `float`, `boolean`, `json` or `text`; null while only nulls came.")
    description: str | None = None


class TableBody(Answer):
    """A table of an operator's portal; counts and times are null until the mirror knows them."""

    name: str = Field(examples=["tv_channel"])
    state: str = Field(
        description="`unregistered`, `empty`, `fresh`, `stale`, `on_demand` or `disabled`.", examples=["fresh"]
    )
    strategy: str = Field(examples=["full"])
    ttl: int = Field(description="Seconds after which its rows are stale.")
    disabled_reason: str | None = None
    rows: int | None = Field(description="Rows in the mirror.")
    remote_rows: int | None = Field(description="Rows at the portal, when it was asked last.")
    min_id: str | None = None
    max_id: str | None = None
    checkpoint: str | None = Field(default=None, description="The latest value of its incremental field.")
    schema_hash: str | None = None
    last_sync: Time = None
    next_sync_at: Time = None
    duration_ms: int | None = None
    succeeded: int = 0
    failed: int = 0
    error: str | None = None
    error_at: Time = None
    fields: list[FieldBody] | None = Field(default=None, description="With one table; null in lists.")


class MemoryBody(Answer):
    """Answers that the process which tells this remembers, and how often it had one since its start."""

    entries: int
    bytes: int
    hits: int
    misses: int
    hit_rate: float | None = Field(description="Of all looks; null before the first.", examples=[0.75])


class TablesAnswer(Answer):
    provider_id: str
    tables: list[TableBody]
    memory: MemoryBody


class TableSyncAnswer(Answer):
    job_id: str
    provider_id: str
    table: str = Field(examples=["tv_channel"])
    status: str


def memory_body(view: MemoryView) -> MemoryBody:
    """What is remembered, as it is told."""
    return MemoryBody(entries=view.entries, bytes=view.weight, hits=view.hits, misses=view.misses, hit_rate=view.rate)


def table_body(view: TableView, *, fields: bool = False) -> TableBody:
    """A table as it is told."""
    record = view.record
    known: dict[str, Any] = {"rows": None, "remote_rows": None}
    if record is not None:
        known = {
            "disabled_reason": record.disabled_reason,
            "rows": record.local_row_count if record.filled else None,
            "remote_rows": record.row_count,
            "min_id": record.min_id,
            "max_id": record.max_id,
            "checkpoint": record.last_sync_checkpoint,
            "schema_hash": record.schema_hash,
            "last_sync": record.last_sync_at,
            "next_sync_at": record.next_sync_at,
            "duration_ms": record.last_sync_duration_ms,
            "succeeded": record.total_syncs,
            "failed": record.failed_syncs,
            "error": record.last_error,
            "error_at": record.last_error_at,
        }
    listed = [
        FieldBody(position=one.position, name=one.name, shown=one.shown, type=one.kind, description=one.description)
        for one in view.columns
    ]
    spec = view.schema.sync
    return TableBody(
        name=view.name,
        state=view.state,
        strategy=spec.strategy.value,
        ttl=spec.ttl,
        fields=listed if fields else None,
        **known,
    )
