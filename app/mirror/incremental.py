"""A table kept by what changed: rows from the checkpoint on, and now and then a comparison of all ids."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from app.core.clock import now_ms
from app.domain.sweep import decide
from app.mirror import content, tables
from app.mirror.layout import Layout, laid_out
from app.mirror.records import changed
from app.mirror.remote import plain
from app.mirror.tablejob import STEP, TableJob
from app.mirror.values import Kind

TAKEN: Final = 20_000  # ids whose rows are fetched after one comparison at most; the rest waits for the next one


class Moved(Exception):
    """The table's id stands elsewhere than it did, or is gone: what is known of its columns is no longer true."""


class IncrementalWalk:
    """Needs a table that a full walk filled. What is written is written at once: every batch is true by itself."""

    def __init__(self, job: TableJob) -> None:
        self._job = job
        self._began = now_ms()
        self._fetched = 0

    @staticmethod
    def possible(job: TableJob) -> bool:
        """Whether there is a table to keep, with an id and a checkpoint, described as it is described now."""
        record, spec = job.record, job.schema.sync
        there = record.whole and record.key_position is not None and record.last_sync_checkpoint is not None
        return there and spec.incremental_field is not None and record.schema_hash == job.schema.hash

    async def run(self) -> str | None:
        """Brings the table up to date; why rows were kept that the portal has no longer. May raise `Moved`."""
        job, record = self._job, self._job.record
        column = job.schema.sync.incremental_field or ""
        facts = await job.remote.facts()
        if facts.key is None or facts.key != record.key_position:
            raise Moved
        kinds = record.known_kinds
        layout = laid_out(job.schema, len(kinds), key=facts.key, kinds=kinds)
        job.job.note(STEP, pages_total=self._pages_done + 1)
        told = [one for one in await job.begun() if "checkpoint" in one]  # the others are of a full walk
        checkpoint = told[-1]["checkpoint"] if told else record.last_sync_checkpoint
        if not told:
            await job.begin({"checkpoint": checkpoint})
        place = await job.remote.place_of(column, facts.key)
        since = behind(checkpoint, job.schema.sync.overlap, kinds[place] if place < len(kinds) else None)
        async for rows in job.remote.changed_since(column, since, place=place, key=facts.key):
            layout = await self._store(layout, rows)
            latest = next((row[place] for row in reversed(rows) if isinstance(row, list) and len(row) > place), None)
            checkpoint = checkpoint if latest is None else str(latest)
            await job.note({"checkpoint": checkpoint}, pages=1, fetched=len(rows))
        reason, held = None, record.held
        due = record.compared_at is None or record.compared_at + job.schema.sync.compare_every * 1000 <= now_ms()
        more: dict[str, Any] = {"last_sync_checkpoint": checkpoint}
        if due or job.job.force:
            layout, reason, held = await self._compare(layout)
            more |= {"compared_at": self._began, "held": held}
        async with job.writer() as writer:
            await tables.settle(writer, layout)
            await job.finish(writer, layout, facts, began=self._began, fetched=self._fetched, **more)
        await job.note(None, pages=0)
        return reason

    async def _store(self, layout: Layout, rows: Sequence[Any]) -> Layout:
        job = self._job
        self._fetched += len(rows)
        async with job.writer() as writer:
            found = await job.put(writer, layout.table, layout, rows, fresh=False)
            await changed(writer, job.name)
        return found

    async def _compare(self, layout: Layout) -> tuple[Layout, str | None, int]:
        """Fetches the rows that are missing here, and removes those that are missing there, under the drop guard."""
        job, key = self._job, layout.key_name or ""
        async with job.writer() as writer:
            await content.create_ids(writer, layout)
        integers = layout.id_kind is Kind.INTEGER
        async for ids in job.remote.ids():
            async with job.writer() as writer:
                await content.insert_ids(writer, layout, ids if integers else [str(one) for one in ids])
            await job.note(None, pages=1)
        async with job.home.reader() as reader:
            unknown = await content.missing_ids(reader, key, layout.seen, layout.table, TAKEN)
            active = await content.count(reader, layout.table)
            gone = await content.missing(reader, key, layout.table, layout.seen)
        async for rows in job.remote.by_ids([plain(one) for one in unknown]):
            layout = await self._store(layout, rows)
        decision = decide(
            noun=f"rows of {job.name}",
            active=active,
            missing=gone,
            agreed=gone if gone <= job.record.held else 0,
            force=job.job.force,
        )
        async with job.writer() as writer:
            removed = await content.delete_missing(writer, key, layout.table, layout.seen) if decision.allowed else 0
            await tables.drop(writer, layout.seen)
            await changed(writer, job.name)
        await job.note(None, pages=0, removed=removed)
        return layout, decision.reason, 0 if decision.allowed else gone

    @property
    def _pages_done(self) -> int:
        return next(one.pages_done for one in self._job.job.steps if one.name is STEP)


def behind(checkpoint: str | None, overlap: int, kind: Kind | None) -> Any:
    """A checkpoint, `overlap` seconds earlier where it is a time: rows of one moment may come apart."""
    if checkpoint is None:
        return None
    if kind in (Kind.INTEGER, Kind.FLOAT):
        return float(checkpoint) if kind is Kind.FLOAT else int(checkpoint)
    try:
        at = datetime.fromisoformat(checkpoint)
    except ValueError:
        return checkpoint
    earlier = (at - timedelta(seconds=overlap)).isoformat(sep="T" if "T" in checkpoint else " ")
    return earlier[: len("2026-11-21")] if len(checkpoint) == len("2026-11-21") else earlier
