"""Which providers are to be synced now, by their schedules.

Providers of one host do not start together: one waits while another has a live job or was started a moment ago. What
was missed while nothing ran is started once, one after the other.
"""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import Row, and_, or_, select, text, update
from sqlmodel import col

from app.core.clock import now_ms
from app.db.engine import Database, Reader, Writer
from app.db.tables import Provider, SyncJob
from app.domain.breaker import BreakerState
from app.jobs.requests import LIVE, JobRequests
from app.jobs.views import StartedJob
from app.registry.breakers import breaker_of
from app.registry.schedule import MINUTE_MS, latest_start, next_start

HOST_PAUSE_MS: Final = 30_000  # between the starts of two providers of one host
MISSED_MS: Final = 5 * MINUTE_MS  # a tick comes every ten seconds: what is so late was missed, not merely waiting
MISSED_GAP_MS: Final = 10_000  # between the starts of what was missed
MISSED_SPREAD_MS: Final = 10 * MINUTE_MS  # by which all of it has been started
SLACK_MS: Final = MINUTE_MS
TICKING: Final = 0x11E0_0001  # of one worker at a time, among the advisory locks of the database
PORTS: Final = {"http": 80, "https": 443}

Host = tuple[str, str | None, int | None]


async def start_due(database: Database, jobs: JobRequests) -> list[StartedJob]:
    """Starts what is due and sets its next time, in one transaction. Two at once start one job."""
    now = now_ms()
    async with database.reader() as reader:
        if not any(_is_due(row, now) or _misset(row, now) for row in await _scheduled(reader)):
            return []
    async with database.writer() as writer:
        started = await _Round(writer, jobs, now).run() if await _alone(writer) else []
    for one in started:
        await jobs.announce(one)
    return started


class _Round:
    """One look at all schedules."""

    def __init__(self, writer: Writer, jobs: JobRequests, now: int) -> None:
        self._writer = writer
        self._jobs = jobs
        self._now = now
        self._missed = 0

    async def run(self) -> list[StartedJob]:
        rows, now = await _scheduled(self._writer), self._now
        busy = await _busy(self._writer, now)
        overdue = sum(_is_due(row, now) and _was_missed(row, now) for row in rows)
        gap = min(MISSED_GAP_MS, MISSED_SPREAD_MS // max(overdue, 1))
        started = []
        for row in rows:
            if _misset(row, now):
                await self._plan(row, next_start(row.schedule, now))
            elif _is_due(row, now) and not _waits(row, busy) and await self._turn(row, gap):
                started.append(await self._jobs.record(self._writer, row.pk))
                busy.append((row.pk, _host(row.address), False))
        return started

    async def _turn(self, row: Row[Any], gap: int) -> bool:
        """Whether it starts now; when others before it were missed too, its turn comes a little later."""
        self._missed += _was_missed(row, self._now)
        if _was_missed(row, self._now) and self._missed > 1:
            await self._plan(row, self._now + (self._missed - 1) * gap)
            return False
        return await self._plan(row, next_start(row.schedule, self._now))

    async def _plan(self, row: Row[Any], at: int | None) -> bool:
        """Sets the next time, unless a person changed it or switched the provider off meanwhile."""
        mine = (col(Provider.pk) == row.pk, col(Provider.enabled), col(Provider.next_sync_at) == row.next_sync_at)
        return bool(await self._writer.execute(update(Provider).where(*mine).values(next_sync_at=at)))


async def _alone(writer: Writer) -> bool:
    """Whether no other worker looks at the schedules now; on SQLite a writer is alone anyway."""
    return writer.sqlite or bool(await writer.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": TICKING}))


async def _scheduled(reader: Reader) -> Sequence[Row[Any]]:
    columns = select(
        col(Provider.pk),
        col(Provider.schedule),
        col(Provider.next_sync_at),
        col(Provider.address),
        col(Provider.breaker_refusals),
        col(Provider.breaker_trips),
        col(Provider.breaker_until),
    )
    planned = columns.where(col(Provider.enabled), col(Provider.next_sync_at).is_not(None))
    return await reader.rows(planned.order_by(col(Provider.next_sync_at), col(Provider.pk)))


async def _busy(reader: Reader, now: int) -> list[tuple[int, Host, bool]]:
    """(provider, its host, whether its job syncs but a part) of live jobs and of those that began a moment ago."""
    recent = and_(col(SyncJob.queued_at) > now - HOST_PAUSE_MS, col(SyncJob.queued_at) <= now)
    columns = select(col(Provider.pk), col(Provider.address), col(SyncJob.only), col(SyncJob.status))
    joined = columns.join(SyncJob, col(SyncJob.provider_pk) == col(Provider.pk))
    rows = await reader.rows(joined.where(or_(col(SyncJob.status).in_(LIVE), recent)))
    return [(row.pk, _host(row.address), bool(row.only) and row.status in LIVE) for row in rows]


def _is_due(row: Row[Any], now: int) -> bool:
    return bool(row.next_sync_at <= now) and breaker_of(row).state(now) is not BreakerState.OPEN


def _was_missed(row: Row[Any], now: int) -> bool:
    return bool(row.next_sync_at < now - MISSED_MS)


def _misset(row: Row[Any], now: int) -> bool:
    """Whether its time is further ahead than its schedule ever is: a clock was set back."""
    return bool(row.schedule and row.next_sync_at > latest_start(row.schedule, now) + SLACK_MS)


def _waits(row: Row[Any], busy: list[tuple[int, Host, bool]]) -> bool:
    """Whether its host is busy with another provider, or the provider with a sync of only a part of it."""
    host = _host(row.address)
    return any(partly if pk == row.pk else host == other for pk, other, partly in busy)


def _host(address: str) -> Host:
    parts = urlsplit(address)
    return parts.scheme, parts.hostname, parts.port or PORTS.get(parts.scheme)
