"""A table fetched whole: into a staging table, which takes the table's place in one moment at the end."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, Final, NamedTuple

from app.core.clock import now_ms
from app.core.errors import Malformed
from app.db.engine import Writer
from app.domain.schemas import ID, unnamed
from app.domain.sweep import decide
from app.mirror import content, tables
from app.mirror.layout import Layout, fit, laid_out
from app.mirror.ondemand import OnDemand
from app.mirror.records import all_seen_since, put_record
from app.mirror.remote import Facts, Range, last_id, ranges
from app.mirror.streams import merged
from app.mirror.tablejob import STEP, TableJob
from app.mirror.values import Kind

BATCH: Final = 5_000  # rows of one transaction
PARTS: Final = 4  # ranges that are walked side by side, where the portal's window lets so many


class _Page(NamedTuple):
    part: int
    rows: Sequence[Any]
    last: Any  # the id that it ends with, or how many rows were read up to here


class FullWalk:
    """One attempt at it; an earlier one of the same job is gone on with."""

    def __init__(self, job: TableJob) -> None:
        self._job = job
        self._parts: list[Range] = [(None, None)]
        self._last: dict[int, Any] = {}
        self._fetched = 0
        self._stored = 0  # rows of a table without an id that the last checkpoint speaks of
        self._began = now_ms()

    async def run(self) -> str | None:
        """Fetches and swaps; the sentence that tells why rows were kept that the portal has no longer, if so."""
        job = self._job
        facts = await job.remote.facts()
        layout = await self._layout(facts)
        pages = self._pages(facts, layout)
        # Each range ends in the middle of a page.
        total = -(-(facts.count or 0) // max(1, job.schema.sync.chunk_size)) + len(pages) - 1
        job.job.note(STEP, pages_total=_planned(job) + total)
        batch: list[_Page] = []
        async with aclosing(merged(pages, ahead=2 * PARTS)) as stream:
            async for page in stream:
                job.job.check()
                batch.append(page)
                if sum(len(one.rows) for one in batch) >= BATCH:
                    layout = await self._store(layout, batch)
                    batch = []
        layout = await self._store(layout, batch)
        reason = await self._swap(layout, facts)
        await self._caught_up(layout)
        return reason

    async def _layout(self, facts: Facts) -> Layout:
        """The staging table: the one that an earlier attempt began, else a new one."""
        job = self._job
        begun = await self._begun()
        if begun is not None:
            return begun
        kinds: Sequence[Kind | None] = job.record.known_kinds if job.record.schema_hash == job.schema.hash else ()
        width = max(facts.width, job.schema.width or 0, *(one.position + 1 for one in job.schema.fields), 0)
        width = max(width, 0 if facts.key is None else facts.key + 1)
        layout = fit(laid_out(job.schema, width, key=facts.key, kinds=kinds), job.schema, facts.sample).layout
        if not layout.columns:
            raise Malformed(f"{job.name} is empty, and its columns are not known: describe it in a schema.")
        if facts.key is not None:
            parts = min(PARTS, max(1, job.portal.limit))
            self._parts = ranges(facts.min_id, facts.max_id, parts, least=job.schema.sync.chunk_size)
        async with job.writer() as writer:
            await tables.create(writer, layout.staging, layout)
            await put_record(writer, job.name, {"staging_job": job.job.job_id})
        await job.begin({"parts": self._parts, "began": self._began, "kinds": layout.kinds(), "key": layout.key})
        return layout

    async def _begun(self) -> Layout | None:
        """What an earlier attempt of the job left; None = nothing that can be gone on with."""
        job = self._job
        told = await job.begun()
        if not told or job.record.staging_job != job.job.job_id:
            return None
        latest = told[-1]
        kinds = [one and Kind(one) for one in latest["kinds"]]
        layout = laid_out(job.schema, len(kinds), key=latest["key"], kinds=kinds)
        async with job.home.reader() as reader:
            if not await tables.agrees(reader, layout.staging, layout):
                return None  # it was lost between a new column and its checkpoint
        self._parts = [(low, high) for low, high in told[0]["parts"]]
        self._began = told[0]["began"]
        for one in told[1:]:
            self._last = {int(part): last for part, last in one["last"].items()}
            self._fetched, self._stored = one["rows"], one["stored"]
        return layout

    def _pages(self, facts: Facts, layout: Layout) -> list[AsyncGenerator[_Page, None]]:
        if layout.key is None:
            return [self._offsets(facts, layout)]
        return [self._range(part, span, layout.key) for part, span in enumerate(self._parts)]

    async def _range(self, part: int, span: Range, key: int) -> AsyncGenerator[_Page, None]:
        after = self._last.get(part)
        if after is not None and after == span[1]:
            return
        async with aclosing(self._job.remote.by_range(span, key, after=after)) as pages:
            async for rows in pages:
                yield _Page(part, rows, last_id(rows, key))

    async def _offsets(self, facts: Facts, layout: Layout) -> AsyncGenerator[_Page, None]:
        order = self._order(layout)
        read = int(self._last.get(0) or 0)
        async with aclosing(self._job.remote.by_offset(order, after=read)) as pages:
            async for rows in pages:
                read += len(rows)
                yield _Page(0, rows, read)
        if facts.count is not None and read < facts.count:
            now = (await self._job.remote.facts()).count  # rows may have gone meanwhile
            if now is None or read < now:
                raise Malformed(f"Only {read} of {facts.count} rows of {self._job.name} could be read.")

    def _order(self, layout: Layout) -> list[str]:
        """Columns that leave no two different rows in an order of chance."""
        wanted = [self._job.schema.sync.order_by] if self._job.schema.sync.order_by != ID else []
        named = [one.name for one in layout.columns if one.name != unnamed(one.position) and one.name not in wanted]
        if not wanted and not named:
            raise Malformed(f"{self._job.name} has no id: name its columns, or what it is ordered by, in a schema.")
        return wanted + named

    async def _store(self, layout: Layout, batch: Sequence[_Page]) -> Layout:
        if not batch:
            return layout
        job = self._job
        if layout.key is None:
            layout = await self._store_whole(layout, batch)
        else:
            async with job.writer() as writer:
                rows = [row for page in batch for row in page.rows]
                layout = await job.put(writer, layout.staging, layout, rows, fresh=True)
        fetched = sum(len(page.rows) for page in batch)
        self._fetched += fetched
        self._last.update({page.part: page.last for page in batch})
        told = {
            "last": {str(part): last for part, last in self._last.items()},
            "rows": self._fetched,
            "stored": self._stored,
            "kinds": layout.kinds(),
            "key": layout.key,
        }
        await job.note(told, pages=len(batch), fetched=fetched)
        return layout

    async def _store_whole(self, layout: Layout, batch: Sequence[_Page]) -> Layout:
        """Rows without an id: what a lost attempt stored behind its last checkpoint is taken back first."""
        job = self._job
        async with job.writer() as writer:
            if await content.count(writer, layout.staging) > self._stored:
                await content.cut(writer, layout.staging, self._stored)
            for page in batch:
                layout = await job.put(writer, layout.staging, layout, page.rows, fresh=True)
            self._stored = await content.count(writer, layout.staging)
        return layout

    async def _swap(self, layout: Layout, facts: Facts) -> str | None:
        job = self._job
        async with job.writer() as writer:
            missing, reason = await self._guarded(writer, layout)
            stays = reason is not None and not self._comparable(layout)
            if stays:
                # What is missing cannot be told from what is there: all of the old rows stay, or none.
                await tables.drop(writer, layout.staging)
                await put_record(writer, job.name, {"held": missing, "staging_job": None})
            else:
                if reason is not None:
                    layout = await content.keep_missing(writer, layout)
                await tables.swap(writer, layout)
                more = {
                    "compared_at": self._began,
                    "held": missing if reason else 0,
                    "last_sync_checkpoint": await self._checkpoint(writer, layout),
                }
                await job.finish(writer, layout, facts, began=self._began, fetched=self._fetched, **more)
        await job.note(None, pages=0, removed=0 if reason else missing)
        if stays:
            raise Malformed(reason or "")
        return reason

    async def _caught_up(self, layout: Layout) -> None:
        """Rows that were written through meanwhile may be older in what the walk brought."""
        job = self._job
        async with job.home.reader() as reader:
            late = await all_seen_since(reader, job.name, self._began)
        if late and layout.key is not None:
            await OnDemand(job.home, job.portal, job.schema).fetch(late)

    async def _guarded(self, writer: Writer, layout: Layout) -> tuple[int, str | None]:
        """How many rows the portal did not give this time; why they are kept, None when they go."""
        job = self._job
        before = await content.count(writer, layout.table)
        if before and self._comparable(layout):
            missing = await content.missing(writer, layout.key_name or "", layout.table, layout.staging)
        else:
            missing = max(0, before - await content.count(writer, layout.staging))
        held = job.record.held
        decision = decide(
            noun=f"rows of {job.name}",
            active=before,
            missing=missing,
            agreed=missing if missing <= held else 0,
            force=job.job.force,
        )
        return missing, decision.reason

    def _comparable(self, layout: Layout) -> bool:
        """Whether the ids of the table and of the staging table are of one kind."""
        record = self._job.record
        kinds, key = record.known_kinds, record.key_position
        return layout.key is not None and key is not None and key < len(kinds) and kinds[key] is layout.id_kind

    async def _checkpoint(self, writer: Writer, layout: Layout) -> str | None:
        column = self._job.schema.sync.incremental_field
        if column is None or column not in layout.names:
            return None
        found = await content.largest(writer, layout.table, column)
        return None if found is None else str(found)


def _planned(job: TableJob) -> int:
    step = next(one for one in job.job.steps if one.name is STEP)
    return step.pages_done
