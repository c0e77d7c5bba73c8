"""A provider that answers from a script: for laws of the engine that no honest portal would show on demand."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from sqlalchemy import insert, select, update

from app.core.clock import now_ms
from app.core.errors import ProviderError
from app.core.ids import new_id
from app.db.engine import Database
from app.db.tables import metadata
from app.domain.kinds import ITEM_STEPS, JobStatus, Kind, StepName
from app.domain.programmes import ProgrammeRecord
from app.domain.records import (
    CategoryRecord,
    ChannelRecord,
    EpisodeRecord,
    MovieRecord,
    Record,
    RejectedRecord,
    SeasonRecord,
    SeriesRecord,
)
from app.jobs.run import Run
from app.jobs.tracker import JobTracker
from app.providers.base import (
    AccountStatus,
    Categories,
    GuideLink,
    Missing,
    Page,
    Provider,
    Scope,
    Search,
    StepReport,
    StreamLink,
    Verdict,
)
from app.sync.pipeline import FinishedStep, SyncPipeline

T = metadata.tables
RECORDS: dict[Kind, type[ChannelRecord | MovieRecord | SeriesRecord]] = {
    Kind.CHANNEL: ChannelRecord,
    Kind.MOVIE: MovieRecord,
    Kind.SERIES: SeriesRecord,
}


def record(kind: Kind, number: int, **fields: Any) -> Record:
    fields.setdefault("name", f"{kind.value.title()} {number}")
    fields.setdefault("category_ids", ("1",))
    return RECORDS[kind](external_id=str(number), **fields)


@dataclass(slots=True)
class ScriptedProvider:
    """Lists by kind; `on_page` may raise, wait or replace a page; `verdict` replaces the review."""

    lists: dict[Kind, list[Record]] = field(default_factory=dict)
    categories_of: dict[Kind, list[CategoryRecord]] = field(default_factory=dict)
    size: int = 10
    parallel: int = 4
    paged: bool = True
    endpoint: str | None = None
    account: AccountStatus | None = None
    account_ok: bool = True
    rejected: list[RejectedRecord] = field(default_factory=list)
    on_page: Callable[[Scope, int], Any] | None = None
    on_categories: Callable[[Kind], None] | None = None
    verdict: Callable[[StepReport], Verdict] | None = None
    newest: bool = False  # whether the lists are newest first, and may be left early
    on_search: Callable[[Missing], Search] | None = None
    asked: list[tuple[str, int]] = field(default_factory=list)
    claims: dict[Kind, int] = field(default_factory=dict)
    guide_links: tuple[GuideLink, ...] = ()
    own_guide: bool = False
    own_programmes: list[ProgrammeRecord] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        return None

    async def test(self) -> AccountStatus:
        return AccountStatus(ok=self.account_ok, status="active")

    async def categories(self, kind: Kind) -> Categories:
        if self.on_categories:
            self.on_categories(kind)
        default = [CategoryRecord(external_id="1", name="One", position=0)]
        return Categories(records=self.categories_of.get(kind, default))

    async def scopes(self, step: StepName, kinds: frozenset[Kind], *, newest: bool = False) -> Sequence[Scope]:
        kind = next(kind for kind, one in ITEM_STEPS.items() if one is step)
        if kind not in self.lists:
            return ()
        if newest and self.newest:
            return (Scope(step=step, name=f"{kind.value}:new", kinds=frozenset({kind}), paged=True, newest=True),)
        return (Scope(step=step, name=kind.value, kinds=frozenset({kind}), paged=self.paged),)

    async def page(self, scope: Scope, number: int) -> Page:
        self.asked.append((scope.name, number))
        if self.on_page:
            replaced = self.on_page(scope, number)
            if asyncio.iscoroutine(replaced):
                replaced = await replaced
            if isinstance(replaced, Page):
                return replaced
        await asyncio.sleep(0)
        (kind,) = scope.kinds
        start = (number - 1) * self.size
        found = self.lists[kind][start : start + self.size]
        total = self.claims.get(kind, len(self.lists[kind]))
        rejected = self.rejected if number == 1 else ()
        return Page(
            number=number,
            records=found,
            rejected=rejected,
            total=total,
            size=self.size,
            last=not found and start >= total,
        )

    async def stream(self, scope: Scope) -> AsyncGenerator[Page, None]:
        (kind,) = scope.kinds
        found = self.lists[kind]
        count = max(1, -(-len(found) // self.size))
        for number in range(1, count + 1):
            if self.on_page:
                self.on_page(scope, number)
            part = found[(number - 1) * self.size : number * self.size]
            yield Page(number=number, records=part, last=number == count)

    async def review(self, report: StepReport) -> Verdict:
        if self.verdict:
            return self.verdict(report)
        return Verdict(proven=all(one.complete for one in report.scopes))

    async def search(self, missing: Missing) -> Search:
        return self.on_search(missing) if self.on_search else Search(all_gone=True)

    async def seasons(self, locator: Mapping[str, Any]) -> Sequence[SeasonRecord]:
        return ()

    async def episodes(self, locator: Mapping[str, Any], season: SeasonRecord) -> Sequence[EpisodeRecord]:
        return ()

    async def resolve(self, kind: Kind, locator: Mapping[str, Any]) -> StreamLink:
        raise ProviderError("not here")

    async def replay(self, locator: Mapping[str, Any], *, start_ms: int, minutes: int) -> StreamLink | None:
        return None

    async def guides(self) -> Sequence[GuideLink]:
        return self.guide_links

    async def programmes(self, channels: Sequence[str], hours: int) -> AsyncGenerator[Sequence[ProgrammeRecord], None]:
        yield self.own_programmes


async def add_provider(database: Database, name: str = "one") -> int:
    """A provider row with its catalogue head; returns its key."""
    async with database.writer() as writer:
        now = now_ms()
        values = {
            "id": f"{name:a<16}"[:16],
            "name": name,
            "kind": "stalker",
            "url": b"",
            "address": "http://portal.test",
            "credentials": b"",
            "credential_names": [],
            "options": {},
            "enabled": True,
            "created_at": now,
            "updated_at": now,
        }
        pk = int(await writer.scalar(insert(T["provider"]).values(**values).returning(T["provider"].c.pk)))
        await writer.execute(
            insert(T["catalogue_head"]),
            [{"provider_pk": pk, "epoch": "e1", "version": 0, "pending": False, "floor": 0, "fence": 0}],
        )
    return pk


async def add_job(database: Database, provider_pk: int, **fields: Any) -> str:
    job_id = new_id()
    values = {
        "id": job_id,
        "provider_pk": provider_pk,
        "mode": "full",
        "only": [],
        "force": False,
        "status": JobStatus.QUEUED,
        "progress": 0,
        "attempt": 0,
        "cancel_requested": False,
        "errors": [],
        "queued_at": now_ms(),
    } | fields
    async with database.writer() as writer:
        await writer.execute(insert(T["sync_job"]), [values])
    return job_id


async def sync(database: Database, provider_pk: int, provider: Provider, **fields: Any) -> list[FinishedStep]:
    """Runs one job to its end; the steps as they finished."""
    job_id = await add_job(database, provider_pk, **fields)
    return await run(database, provider_pk, provider, job_id)


async def run(database: Database, provider_pk: int, provider: Provider, job_id: str) -> list[FinishedStep]:
    async with Run(database, None, job_id) as job:
        pipeline = await _pipeline(database, provider_pk, provider, job)
        finished = [step async for step in pipeline.run()]
        await job.finish(JobStatus.COMPLETED, errors=[], version=None)
    return finished


async def run_and_lose(database: Database, provider_pk: int, provider: Provider, job_id: str) -> None:
    """Runs a job as a worker that is killed: the error leaves, no outcome is written, the lease runs out."""
    context = Run(database, None, job_id)
    job = await context.__aenter__()
    try:
        async for _ in (await _pipeline(database, provider_pk, provider, job)).run():
            pass
    finally:
        await context._pulse.stop()
        head = T["catalogue_head"]
        async with database.writer() as writer:
            await writer.execute(update(head).where(head.c.provider_pk == provider_pk).values(lease_until=1))


async def _pipeline(database: Database, provider_pk: int, provider: Provider, job: JobTracker) -> SyncPipeline:
    async with database.reader() as reader:
        public = await reader.scalar(select(T["provider"].c.id).where(T["provider"].c.pk == provider_pk))
    return SyncPipeline(database=database, provider=provider, provider_pk=provider_pk, provider_id=public, job=job)


async def active_ids(database: Database, kind: Kind, provider_pk: int) -> list[str]:
    """The provider's own ids of active items, in the default order."""
    table = T[kind.value].c
    async with database.reader() as reader:
        rows = await reader.rows(
            select(table.external_id).where(table.provider_pk == provider_pk, table.is_active).order_by(table.ordinal)
        )
    return [row.external_id for row in rows]


async def counts(database: Database, job_id: str | None = None) -> dict[str, dict[str, Any]]:
    """The newest job's steps by name (or those of one job)."""
    async with database.reader() as reader:
        job = job_id or await reader.scalar(select(T["sync_job"].c.id).order_by(T["sync_job"].c.id.desc()).limit(1))
        rows = await reader.rows(select(*T["sync_step"].c).where(T["sync_step"].c.job_id == job))
    return {row.name: row._asdict() for row in rows}
