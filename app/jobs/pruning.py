"""What of old jobs is forgotten."""

from typing import Final

from sqlalchemy import delete, exists, func, select
from sqlmodel import col

from app.core.clock import now_ms
from app.db.engine import Database
from app.db.tables import SyncCheckpoint, SyncJob
from app.jobs.requests import LIVE

DAY_MS: Final = 24 * 3_600_000
BITE: Final = 50  # jobs, each with all that it left: short turns for the one writer of SQLite


async def any_live(database: Database) -> bool:
    """Whether any job waits or runs."""
    async with database.reader() as reader:
        return bool(await reader.scalar(select(exists().where(col(SyncJob.status).in_(LIVE)))))


async def prune(database: Database, *, days: int) -> int:
    """Deletes jobs that ended longer ago with all they left, and checkpoints that no run will read.

    The last job of a provider stays, however old: it says how things stand.
    """
    ended = select(col(SyncJob.id)).where(col(SyncJob.status).not_in(LIVE))
    async with database.writer() as writer:
        await writer.execute(delete(SyncCheckpoint).where(col(SyncCheckpoint.job_id).in_(ended)))
    last = select(func.max(col(SyncJob.id))).group_by(col(SyncJob.provider_pk))
    old = ended.where(col(SyncJob.completed_at) < now_ms() - days * DAY_MS, col(SyncJob.id).not_in(last)).limit(BITE)
    pruned = 0
    while True:
        async with database.writer() as writer:
            ids = [row.id for row in await writer.rows(old)]
            await writer.execute(delete(SyncJob).where(col(SyncJob.id).in_(ids)))
        pruned += len(ids)
        if len(ids) < BITE:
            return pruned
