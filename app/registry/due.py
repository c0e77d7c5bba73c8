"""Which providers are to be synced now, by their schedules."""

import random
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, select, update
from sqlmodel import col

from app.core.clock import now_ms
from app.db.engine import Database
from app.db.tables import Provider
from app.jobs.requests import JobRequests
from app.jobs.views import StartedJob
from app.registry.schedule import HOUR_MS, Schedule, next_sync_at

# Providers that were added together drift apart, so that their portals are not asked all at once.
JITTER: Final = 0.02


async def start_due(database: Database, jobs: JobRequests) -> list[StartedJob]:
    """Starts what is due and sets its next time. Two at once start one job: the second finds it live."""
    now = now_ms()
    started = []
    for row in await _due(database, now):
        started.append(await jobs.start(row.pk))
        async with database.writer() as writer:
            mine = (col(Provider.pk) == row.pk, col(Provider.next_sync_at) == row.next_sync_at)
            later = _later(row.schedule, now)
            await writer.execute(update(Provider).where(*mine).values(next_sync_at=later))
    return started


async def _due(database: Database, now: int) -> Sequence[Row[Any]]:
    columns = select(col(Provider.pk), col(Provider.schedule), col(Provider.next_sync_at))
    due = columns.where(col(Provider.enabled), col(Provider.next_sync_at) <= now)
    async with database.reader() as reader:
        return await reader.rows(due.order_by(col(Provider.next_sync_at)))


def _later(schedule: Schedule | None, now: int) -> int | None:
    later = next_sync_at(schedule, now)
    if later is None or schedule is None or schedule.get("everyHours") is None:
        return later
    return later + int(schedule["everyHours"] * HOUR_MS * JITTER * random.random())  # noqa: S311 - not a secret
