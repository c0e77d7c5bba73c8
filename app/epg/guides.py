"""The guides of this process: when they are due, their refresh within a job, their nightly upkeep."""

from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import Row, Select, select
from sqlmodel import col

from app.core.clock import now_ms
from app.db import guide_rows
from app.db.engine import Database, Reader
from app.db.tables import Provider as ProviderRow
from app.db.tables import SyncJob
from app.domain.guides import Kept, due_at, every_hours
from app.domain.kinds import StepName, StepStatus
from app.epg.refresh import Refresh, Window
from app.epg.sources import Sealer
from app.jobs.requests import LIVE, JobRequests
from app.jobs.tracker import JobTracker
from app.jobs.views import StartedJob
from app.providers.base import Provider, ProviderAccount
from app.providers.transport import Transport

WORD: Final = "epg"  # in what a job is asked to sync
PRUNED: Final = 200  # channels whose past is forgotten in one transaction
BITE: Final = 5_000
MOST_STARTED: Final = 4  # jobs begun by one tick: guides are large, and nobody waits for them


class Guides:
    """Brings guides up to date; `default_hours` is how often, where a provider has no wish of its own."""

    def __init__(
        self,
        database: Database,
        transport: Transport,
        sealer: Sealer,
        *,
        window: Window,
        default_hours: float,
        retry_attempts: int = 3,
        retry_base_seconds: float = 1.0,
    ) -> None:
        self._database = database
        self._transport = transport
        self._sealer = sealer
        self._window = window
        self._default_hours = default_hours
        self._attempts = retry_attempts
        self._base_seconds = retry_base_seconds

    async def plan(self, job: JobTracker) -> bool:
        """Adds the step to a job that asks for it, or that syncs everything while the guides are due."""
        planned = any(step.name is StepName.EPG for step in job.steps)
        if not planned and (WORD in job.only or (not job.only and await self._due(job.provider_pk))):
            await job.plan([StepName.EPG])
            planned = True
        return planned

    async def refresh(self, job: JobTracker, provider: Provider, account: ProviderAccount) -> None:
        """Runs the step, unless an earlier attempt of the job did."""
        if any(step.name is StepName.EPG and step.status is StepStatus.COMPLETED for step in job.steps):
            return
        await Refresh(
            database=self._database,
            transport=self._transport,
            sealer=self._sealer,
            window=self._window,
            provider=provider,
            account=account,
            job=job,
            retry_attempts=self._attempts,
            retry_base_seconds=self._base_seconds,
        ).run()

    async def start_due(self, jobs: JobRequests) -> list[StartedJob]:
        """Starts a job for each provider whose guides are due and that is idle; of one host, one at a time.

        A provider without a schedule is not asked by itself, unless it has one for its guides.
        """
        async with self._database.reader() as reader:
            due = await self._all_due(reader)
        started = []
        for row in due[:MOST_STARTED]:
            one = await jobs.start(row.pk, only=frozenset({WORD}))
            started += [one] if one.created else []
        return started

    async def _all_due(self, reader: Reader) -> list[Row[Any]]:
        now = now_ms()
        live = select(col(SyncJob.provider_pk)).where(col(SyncJob.status).in_(LIVE))
        working = await reader.rows(_columns().where(col(ProviderRow.pk).in_(live)))
        busy = {urlsplit(row.address).netloc for row in working}
        found: list[Row[Any]] = []
        rows = await reader.rows(_columns().where(col(ProviderRow.enabled)).order_by(col(ProviderRow.pk)))
        for row in rows:
            wished = row.schedule is not None or row.options.get("epgEveryHours") is not None
            at = due_at(_kept(row), every_hours(row.options, self._default_hours)) if wished else None
            shut = row.breaker_until is not None and row.breaker_until > now
            host = urlsplit(row.address).netloc
            if at is not None and at <= now and not shut and host not in busy:
                busy.add(host)
                found.append(row)
        return found

    async def _due(self, provider_pk: int) -> bool:
        async with self._database.reader() as reader:
            row = await reader.row(_columns().where(col(ProviderRow.pk) == provider_pk))
        at = due_at(_kept(row), every_hours(row.options, self._default_hours)) if row else None
        return at is not None and at <= now_ms()

    async def next_at(self, provider_pk: int) -> int | None:
        """When the guides of a provider are refreshed by themselves next (ms)."""
        async with self._database.reader() as reader:
            row = await reader.row(_columns().where(col(ProviderRow.pk) == provider_pk))
        if row is None or not row.enabled or (row.schedule is None and row.options.get("epgEveryHours") is None):
            return None
        return due_at(_kept(row), every_hours(row.options, self._default_hours))

    async def tidy(self) -> int:
        """Forgets programmes that have left the window, guides that nobody names any more, and what removals left."""
        since, _ = self._window.around(now_ms())
        pruned = 0
        async with self._database.reader() as reader:
            guides = await guide_rows.shown_guides(reader)
            stale = await guide_rows.stale_generations(reader)
        for guide in guides:
            over = guide.last_ms is not None and guide.last_ms < since
            if over and not guide.named:
                async with self._database.writer() as writer:
                    await guide_rows.remove_guides(writer, [guide.pk])
                stale.append(guide.generation)
            else:
                pruned += await self._prune(guide, since)
        for generation in stale:
            await self._empty(generation)
        return pruned

    async def _prune(self, guide: Row[Any], since: int) -> int:
        pruned = 0
        async with self._database.reader() as reader:
            numbers = sorted((await guide_rows.channel_numbers(reader, guide.pk)).values())
        for start in range(0, len(numbers), PRUNED):
            async with self._database.writer() as writer:
                for number in numbers[start : start + PRUNED]:
                    pruned += await guide_rows.prune_before(writer, guide.generation, number, since)
        return pruned

    async def _empty(self, generation: int) -> None:
        done = False
        while not done:
            async with self._database.writer() as writer:
                done = await guide_rows.bite_generation(writer, generation, limit=BITE)


def _columns() -> Select[Any]:
    return select(
        col(ProviderRow.pk),
        col(ProviderRow.enabled),
        col(ProviderRow.address),
        col(ProviderRow.options),
        col(ProviderRow.schedule),
        col(ProviderRow.breaker_until),
        col(ProviderRow.channels_synced_at),
        col(ProviderRow.epg_synced_at),
        col(ProviderRow.epg_tried_at),
    )


def _kept(row: Row[Any]) -> Kept:
    return Kept(channels_at=row.channels_synced_at, synced_at=row.epg_synced_at, tried_at=row.epg_tried_at)
