"""What a walk of one table works with, and how it writes: rows to the mirror, then the job's counts and checkpoint.

The mirror may be another database than the job's. Rows go first and may come twice, so that whatever happens between
the two transactions costs a page, never a row. The job's fence is checked in both.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Final

from app.core import jsonio
from app.core.clock import now_ms
from app.db.cursors import add_cursor, cursors, forget_cursors
from app.db.engine import Database, Writer
from app.domain.kinds import StepName
from app.domain.schemas import TableSchema
from app.jobs.tracker import JobTracker
from app.mirror import content, tables
from app.mirror.homes import Home
from app.mirror.layout import Layout, fit
from app.mirror.records import TableRecord, changed, put_mappings, put_record
from app.mirror.remote import Facts, Portal, RemoteTable

STEP: Final = StepName.TABLES


@dataclass(frozen=True, slots=True, kw_only=True)
class TableJob:
    """One table within one job."""

    database: Database
    home: Home
    portal: Portal
    schema: TableSchema
    record: TableRecord
    job: JobTracker

    @property
    def remote(self) -> RemoteTable:
        return RemoteTable(self.portal, self.schema)

    @property
    def name(self) -> str:
        return self.schema.name

    @property
    def scope(self) -> str:
        """The key of its checkpoints."""
        return f"table:{self.name}"

    def writer(self) -> AbstractAsyncContextManager[Writer]:
        """A transaction in the mirror, refused once the job lost its lease to another."""
        self.job.check()
        return self.home.writer(fence=self.job.fence)

    async def begun(self) -> list[dict[str, Any]]:
        """What an earlier attempt of the job, or this one, noted of the walk."""
        async with self.database.reader() as reader:
            return await cursors(reader, self.job.job_id, self.scope)

    async def begin(self, told: Mapping[str, Any]) -> None:
        """A walk begins anew."""
        async with self.database.writer() as writer:
            await self.job.save(writer)
            await forget_cursors(writer, self.job.job_id, self.scope)
            await add_cursor(writer, job_id=self.job.job_id, scope=self.scope, cursor=told)

    async def note(self, cursor: Mapping[str, Any] | None, *, pages: int, **counts: int) -> None:
        """Counts and, with them, how far the walk is."""
        self.job.note(STEP, pages_done=pages, **counts)
        async with self.database.writer() as writer:
            await self.job.save(writer)
            if cursor is not None:
                await add_cursor(writer, job_id=self.job.job_id, scope=self.scope, cursor=cursor)
        self.job.tell()

    async def put(self, writer: Writer, name: str, layout: Layout, rows: Sequence[Any], *, fresh: bool) -> Layout:
        """Stores rows as they came; the layout that the table has then."""
        made = fit(layout, self.schema, rows)
        if made.layout != layout:
            live = name == layout.table
            if live:  # a view stands in the way of another shape
                await tables.drop_view(writer, layout)
            await tables.reshape(writer, name, layout, made.layout)
            if live:
                await tables.make_view(writer, made.layout)
                shape = {"kinds": _packed(made.layout), "total_fields": len(made.layout.columns)}
                await put_record(writer, self.name, shape)
                await put_mappings(writer, made.layout, self.schema.sync.incremental_field)
        await content.insert(writer, name, made.layout, made.rows, fresh=fresh)
        if made.refused:
            self.job.note(STEP, rejected=made.refused)
        return made.layout

    async def finish(
        self, writer: Writer, layout: Layout, facts: Facts, *, began: int, fetched: int, **more: Any
    ) -> None:
        """The table is as new; said in the transaction that made it so."""
        now = now_ms()
        stored = await content.count(writer, layout.table)
        spec = self.schema.sync
        values = {
            "strategy": spec.strategy.value,
            "ttl": spec.ttl,
            "disabled": 0,
            "disabled_reason": None,
            "schema_hash": self.schema.hash,
            "total_fields": len(layout.columns),
            "key_position": layout.key,
            "kinds": _packed(layout),
            "row_count": facts.count,
            "local_row_count": stored,
            "min_id": _text(facts.min_id),
            "max_id": _text(facts.max_id),
            "incremental_field": spec.incremental_field,
            "last_sync_at": began,
            "next_sync_at": now + spec.ttl * 1000,
            "last_sync_duration_ms": now - began,
            "last_sync_rows": fetched,
            "total_syncs": self.record.total_syncs + 1,
            "last_error": None,
            "last_error_at": None,
            "last_job": self.job.job_id,
            "staging_job": None,
            **more,
        }
        await put_record(writer, self.name, values)
        await changed(writer, self.name)
        await put_mappings(writer, layout, spec.incremental_field)


def _packed(layout: Layout) -> str:
    return jsonio.dumps(layout.kinds()).decode()


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
