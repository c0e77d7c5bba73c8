"""What people and schedules ask of jobs: start one, cancel one."""

import structlog
from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from app.core.clock import now_ms
from app.core.errors import Conflict, NotFound, NotReady
from app.core.ids import new_id
from app.core.ports import JobQueue
from app.db.engine import Database, Reader, Writer
from app.db.tables import Provider, SyncJob
from app.domain.kinds import JobStatus, SyncMode
from app.jobs import lease
from app.jobs.ending import end_job
from app.jobs.metrics import job_ended
from app.jobs.views import StartedJob

SYNC_TASK = "sync"
LIVE = (JobStatus.QUEUED, JobStatus.RUNNING)

log = structlog.get_logger(__name__)


class JobRequests:
    """Records what is asked for, then tells the queue: the database is the record, the queue only a bell."""

    def __init__(self, database: Database, queue: JobQueue) -> None:
        self._database = database
        self._queue = queue

    async def start(
        self,
        provider_pk: int,
        *,
        mode: SyncMode = SyncMode.AUTO,
        only: frozenset[str] = frozenset(),
        force: bool = False,
    ) -> StartedJob:
        """Queues a sync, or answers with the live one. Without a queue the job waits for the reaper."""
        async with self._database.writer() as writer:
            started = await self._insert(writer, provider_pk, mode, only, force=force)
        await self._announce(started, mode)
        return started

    async def record(self, writer: Writer, provider_pk: int) -> StartedJob:
        """Queues a sync in a transaction of the caller, who has to `announce` it once that is committed."""
        return await self._insert(writer, provider_pk, SyncMode.AUTO, frozenset(), force=False)

    async def announce(self, started: StartedJob) -> None:
        """Tells the queue of a job that was recorded."""
        await self._announce(started, SyncMode.AUTO)

    async def cancel(self, provider_pk: int) -> str:
        """Asks the provider's live job to stop; one that nobody runs yet is cancelled on the spot."""
        async with self._database.writer() as writer:
            live = await live_job(writer, provider_pk)
            if live is None:
                raise Conflict("No sync of this provider is queued or running.", code="no_live_job")
            waiting = update(SyncJob).where(col(SyncJob.id) == live.job_id, col(SyncJob.status) == JobStatus.QUEUED)
            ended = {"status": JobStatus.CANCELLED, "completed_at": now_ms(), "current_step": None}
            mode = await writer.scalar(waiting.values(cancel_requested=True, **ended).returning(col(SyncJob.mode)))
            if mode is not None:
                job_ended(JobStatus.CANCELLED, mode, seconds=None)
            else:
                await _ask_to_stop(writer, provider_pk, live.job_id)
        return live.job_id

    async def asked(self, job_id: str) -> frozenset[str]:
        """What a job was asked to sync; empty = everything."""
        async with self._database.reader() as reader:
            found = await reader.scalar(select(col(SyncJob.only)).where(col(SyncJob.id) == job_id))
        return frozenset(found or ())

    async def _insert(
        self, writer: Writer, provider_pk: int, mode: SyncMode, only: frozenset[str], *, force: bool
    ) -> StartedJob:
        if await writer.scalar(select(col(Provider.pk)).where(col(Provider.pk) == provider_pk)) is None:
            raise NotFound("There is no such provider.")
        dialect = sqlite if writer.sqlite else postgresql
        while True:
            job_id = new_id()
            statement = dialect.insert(SyncJob).values(**_new_job(job_id, provider_pk, mode, only, force=force))
            if await writer.execute(statement.on_conflict_do_nothing()):
                return StartedJob(job_id=job_id, status=JobStatus.QUEUED, created=True)
            # The index refused a second live job; that one may have ended since, then ours goes in.
            if live := await live_job(writer, provider_pk):
                return live

    async def _announce(self, started: StartedJob, mode: SyncMode) -> None:
        if started.created:
            # Said within the request that asked for it, if one did: this line joins both.
            log.info("job_queued", job_id=started.job_id, mode=mode.value)
            await self._ring(started.job_id)

    async def _ring(self, job_id: str) -> None:
        try:
            await self._queue.enqueue(SYNC_TASK, job_id, job_id=job_id)
        except NotReady as error:
            log.warning("job_waits_for_the_queue", job_id=job_id, reason=error.detail)


async def _ask_to_stop(writer: Writer, provider_pk: int, job_id: str) -> None:
    """Its worker hears of it within half a second; where that is lost, nobody has to be waited for."""
    asked = update(SyncJob).where(col(SyncJob.id) == job_id).values(cancel_requested=True)
    mode = await writer.scalar(asked.returning(col(SyncJob.mode)))
    if await lease.abandoned(writer, provider_pk=provider_pk, job_id=job_id):
        await lease.revoke(writer, provider_pk=provider_pk, job_id=job_id)
        await end_job(writer, job_id, JobStatus.CANCELLED)
        job_ended(JobStatus.CANCELLED, mode, seconds=None)


async def live_job(reader: Reader, provider_pk: int) -> StartedJob | None:
    """The queued or running job of a provider."""
    row = await reader.row(
        select(col(SyncJob.id), col(SyncJob.status)).where(
            col(SyncJob.provider_pk) == provider_pk, col(SyncJob.status).in_(LIVE)
        )
    )
    return StartedJob(job_id=row.id, status=JobStatus(row.status), created=False) if row else None


def _new_job(job_id: str, provider_pk: int, mode: SyncMode, only: frozenset[str], *, force: bool) -> dict[str, object]:
    return {
        "id": job_id,
        "provider_pk": provider_pk,
        "mode": mode,
        "only": sorted(only),
        "force": force,
        "status": JobStatus.QUEUED,
        "errors": [],
        "queued_at": now_ms(),
    }
