"""Finds jobs that nobody works on although somebody should, and queues them again."""

from typing import Any, Final

import structlog
from sqlalchemy import or_, select
from sqlmodel import col

from app.core.clock import now_ms
from app.core.errors import NotReady
from app.core.ports import JobQueue
from app.db.engine import Database, Writer
from app.db.tables import CatalogueHead, SyncJob
from app.domain.kinds import JobStatus
from app.jobs import lease
from app.jobs.ending import MAX_LOST, end_job, lost_too_often, requeue_job
from app.jobs.metrics import job_ended
from app.jobs.requests import SYNC_TASK

# A request tells the queue within milliseconds of its commit; what waits longer may have lost its place there.
PATIENCE_MS: Final = 5_000

log = structlog.get_logger(__name__)


class Reaper:
    """A tick of it repairs what a lost worker or a lost queue left behind; two at a time do no harm."""

    def __init__(self, database: Database, queue: JobQueue) -> None:
        self._database = database
        self._queue = queue

    async def tick(self) -> list[str]:
        """Queues again what was lost and answers with those ids."""
        async with self._database.writer() as writer:
            for job in await _abandoned(writer):
                await _recover(writer, job)
        async with self._database.reader() as reader:
            queued_at, now = col(SyncJob.queued_at), now_ms()
            # Queued in the future: the clock was set back, and how long ago that was is not to be known.
            late = or_(queued_at < now - PATIENCE_MS, queued_at > now + PATIENCE_MS)
            waiting = (col(SyncJob.status) == JobStatus.QUEUED, late)
            rows = await reader.rows(select(col(SyncJob.id)).where(*waiting).order_by(queued_at))
        return [row.id for row in rows if await self._requeue(row.id)]

    async def _requeue(self, job_id: str) -> bool:
        try:
            missing = await self._queue.requeue(SYNC_TASK, job_id, job_id=job_id)
        except NotReady:
            return False
        if missing:
            log.info("job_requeued", job_id=job_id)
        return missing


async def _abandoned(writer: Writer) -> Any:
    """Running jobs whose lease ran out or went on; the lease is their heartbeat, and its clock cannot be set."""
    gone = or_(lease.free(writer), col(CatalogueHead.lease_job).is_distinct_from(col(SyncJob.id)))
    return await writer.rows(
        select(SyncJob)
        .join(CatalogueHead, col(CatalogueHead.provider_pk) == col(SyncJob.provider_pk))
        .where(col(SyncJob.status) == JobStatus.RUNNING, gone)
        .with_for_update(skip_locked=True)
    )


async def _recover(writer: Writer, job: Any) -> None:
    log.warning("job_lost_its_worker", job_id=job.id, attempt=job.attempt, in_a_row=job.lost + 1)
    await lease.revoke(writer, provider_pk=job.provider_pk, job_id=job.id)
    if job.cancel_requested:
        await end_job(writer, job.id, JobStatus.CANCELLED)
        job_ended(JobStatus.CANCELLED, job.mode, seconds=None)
    elif job.lost + 1 >= MAX_LOST:
        await end_job(writer, job.id, JobStatus.FAILED, errors=[lost_too_often()])
        job_ended(JobStatus.FAILED, job.mode, seconds=None)
    else:
        await requeue_job(writer, job.id, attempt=job.attempt, lost=job.lost + 1)
