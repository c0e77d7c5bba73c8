"""One attempt at a job, from the lease to the outcome."""

import asyncio
from types import TracebackType
from typing import Any, Final

import structlog
from sqlalchemy import func, select, update
from sqlmodel import col

from app.core.clock import now_ms
from app.core.errors import LeaseLost, LineupError
from app.core.pauses import undisturbed
from app.core.ports import Hints
from app.core.traffic import CURRENT
from app.db.engine import Database, DatabaseAway, Writer
from app.db.tables import Provider, SyncJob
from app.domain.kinds import JobStatus
from app.jobs import lease
from app.jobs.ending import MAX_LOST, end_job, lost_too_often
from app.jobs.errors import Cancelled, NothingToRun
from app.jobs.metrics import job_ended
from app.jobs.pulse import Pulse
from app.jobs.requests import LIVE
from app.jobs.steps import load_steps
from app.jobs.tracker import JobTracker

GIVE_BACK_TRIES: Final = 10
GIVE_BACK_SECONDS: Final = 0.5  # a restart takes a second or two; a worker that has to end cannot wait for long

log = structlog.get_logger(__name__)


class Run:
    """`async with Run(…) as job` holds the catalogue's lease and gives the job an outcome whatever happens inside.

    Entering raises `NothingToRun` when the job has ended, `Conflict` while another worker holds the catalogue.
    Leaving by `Cancelled` or another `LineupError` closes the job and swallows the error; by `LeaseLost` leaves it
    alone and raises; by a cancelled task (the worker ends) gives it back to the queue; by any other error, or
    without `finish`, fails it and raises.
    """

    def __init__(self, database: Database, hints: Hints | None, job_id: str) -> None:
        self._database = database
        self._hints = hints
        self._job_id = job_id
        self._deadline = asyncio.timeout(None)
        self._begun: JobTracker | None = None

    async def __aenter__(self) -> JobTracker:
        try:
            await undisturbed(self._begin())
        except asyncio.CancelledError:
            if self._begun is not None:
                await undisturbed(self._begun.hand_back())
            raise
        if self._begun is None:
            raise NothingToRun("The job ended before it was run.")
        self._job = self._begun
        # Before anything else is started: what runs beside the job says whose it is as well. The task takes it back.
        structlog.contextvars.bind_contextvars(job_id=self._job_id, provider_id=self._job.provider_id)
        log.info("job_started", mode=self._job.mode.value, attempt=self._job.attempt)
        await self._deadline.__aenter__()
        self._pulse = Pulse(self._database, self._hints, self._job)
        self._pulse.start()
        CURRENT.set(self._job.traffic)
        return self._job

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        raised = error
        CURRENT.set(None)
        try:
            await self._deadline.__aexit__(kind, error, trace)
        except TimeoutError:
            error = self._job.stop_reason
        if isinstance(error, LineupError):  # what broke because the job has to stop is no reason of its own
            error = self._job.stop_reason or error
        if error is None and not self._job.finished:
            error = RuntimeError("the job was left without an outcome")
        if await undisturbed(self._leave(error)):
            return True
        if error is not None and error is not raised:
            raise error from raised
        return False

    async def _begin(self) -> None:
        async with self._database.writer() as writer:
            begun = await self._tracker(writer)
        self._begun = begun

    async def _tracker(self, writer: Writer) -> JobTracker | None:
        found = await writer.row(select(SyncJob).where(col(SyncJob.id) == self._job_id))
        if found is None or found.status not in LIVE:
            return None
        fence = await lease.acquire(writer, provider_pk=found.provider_pk, job_id=self._job_id)
        job = await writer.row(
            update(SyncJob)
            .where(col(SyncJob.id) == self._job_id, col(SyncJob.status).in_(LIVE))
            .values(
                status=JobStatus.RUNNING,
                attempt=SyncJob.attempt + 1,
                lost=found.lost + (found.status == JobStatus.RUNNING),  # nobody gave it back
                started_at=func.coalesce(SyncJob.started_at, now_ms()),
                heartbeat_at=now_ms(),
            )
            .returning(SyncJob)
        )
        if job is not None and not job.cancel_requested and job.lost < MAX_LOST:
            steps = await load_steps(writer, self._job_id)
            public_id = await writer.scalar(select(col(Provider.id)).where(col(Provider.pk) == job.provider_pk))
            return JobTracker(
                self._database, job, provider_id=public_id, fence=fence, steps=steps, deadline=self._deadline
            )
        if job is not None:
            await _give_up(writer, job)
        await lease.release(writer, provider_pk=found.provider_pk, fence=fence)
        return None

    async def _leave(self, error: BaseException | None) -> bool:
        await self._pulse.stop()
        return error is None or await self._settle(error)

    async def _settle(self, error: BaseException) -> bool:
        """Writes what the error means for the job; True when nobody else has to hear of it."""
        job = self._job
        if job.finished or isinstance(error, LeaseLost):
            return False
        if isinstance(error, Cancelled):
            await job.finish(JobStatus.CANCELLED, errors=(), version=None)
            return True
        if isinstance(error, DatabaseAway):  # no outcome of the sync: it goes on when the database does
            await self._wait_for_database(error)
            return True
        if isinstance(error, LineupError):
            await job.finish(JobStatus.FAILED, errors=[error.detail], version=None)
            return True
        if isinstance(error, Exception):
            sentence = f"An unexpected error ended the sync ({type(error).__name__}); the worker's log has more."
            await job.finish(JobStatus.FAILED, errors=[sentence], version=None)
            return False
        await job.hand_back()
        return False

    async def _wait_for_database(self, error: DatabaseAway) -> None:
        """Gives the job back as soon as that is possible; when it takes too long, the reaper finds the job."""
        log.warning("job_lost_its_database", reason=error.detail)
        for _ in range(GIVE_BACK_TRIES):
            try:
                await self._job.hand_back()
            except DatabaseAway:
                await asyncio.sleep(GIVE_BACK_SECONDS)
            else:
                return


async def _give_up(writer: Writer, job: Any) -> None:
    if job.cancel_requested:
        status, errors = JobStatus.CANCELLED, []
    else:
        status, errors = JobStatus.FAILED, [lost_too_often()]
    await end_job(writer, job.id, status, errors=errors)
    job_ended(status, job.mode, seconds=None)
