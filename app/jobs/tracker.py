"""What a running job reports through, and learns through that it has to stop."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any, Final

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col

from app.core.clock import now_ms
from app.core.errors import LineupError
from app.core.pauses import undisturbed
from app.core.traffic import Traffic
from app.db import items
from app.db.engine import Database, Writer
from app.db.tables import Provider, SyncJob
from app.domain.kinds import JobStatus, Kind, StepName, StepStatus, SyncMode
from app.domain.outcomes import sentences
from app.jobs import lease
from app.jobs.ending import end_job, published_version, requeue_job
from app.jobs.metrics import Meter, job_ended
from app.jobs.progress import RUNNING_CEILING, progress
from app.jobs.steps import add_steps, load_steps, save_steps
from app.jobs.views import StepView

log = structlog.get_logger(__name__)

NO_TROUBLE: Final[dict[str, Any]] = {"last_error": None, "last_error_at": None}
STOP_GRACE_SECONDS = 0.5  # what a page may take to end by itself; with the watch of 0.5 s a cancel takes about 1 s


class JobTracker:
    """A job as the worker that runs it sees it; made by `Run`. Every write is refused once the lease is lost."""

    def __init__(
        self,
        database: Database,
        job: Any,
        *,
        provider_id: str,
        fence: int,
        steps: Sequence[StepView],
        deadline: asyncio.Timeout,
    ) -> None:
        self.job_id: str = job.id
        self.provider_pk: int = job.provider_pk
        self.provider_id = provider_id
        self.fence = fence
        self.attempt: int = job.attempt
        self.mode = SyncMode(job.mode)
        self.only: frozenset[str] = frozenset(job.only)
        self.force: bool = job.force
        self.started_at: int = job.started_at
        self.progress: int = job.progress
        self.current_step: str | None = None
        self.changed = asyncio.Event()
        self.finished = False
        self.traffic = Traffic()
        self._ending = False
        self.stop_reason: LineupError | None = None
        self._database = database
        self._deadline = deadline
        self._steps = {step.name: step for step in steps}
        self._lost: int = job.lost
        self._pages_before = self._pages
        self._meter = Meter(steps)

    @property
    def steps(self) -> tuple[StepView, ...]:
        """All steps in their order, with what an earlier attempt did."""
        return tuple(self._steps.values())

    @property
    def errors(self) -> list[str]:
        """What went wrong in its steps, each sentence once."""
        return sentences(step.error for step in self.steps)

    async def plan(self, steps: Sequence[StepName]) -> None:
        """Adds pending steps; those of an earlier attempt stay as they are."""
        async with self._database.writer() as writer:
            await self._require(writer)
            await add_steps(writer, self.job_id, steps)
            self._steps = {step.name: step for step in await load_steps(writer, self.job_id)}
        self._advance()

    async def begin(self, step: StepName) -> None:
        """The step runs from now on; what an earlier attempt counted in it stays."""
        self._steps[step] = replace(self._steps[step], status=StepStatus.RUNNING, error=None)
        self.current_step = step.label
        await self._write(step)

    def note(
        self,
        step: StepName,
        *,
        pages_done: int = 0,
        fetched: int = 0,
        added: int = 0,
        updated: int = 0,
        unchanged: int = 0,
        removed: int = 0,
        rejected: int = 0,
        pages_total: int | None = None,
    ) -> None:
        """Adds to the counts of a step (`pages_total` replaces).

        Watchers see it at once, the database with the next `save` or `end`. So note what a transaction stores before
        that transaction's `save`: a job that is run again goes on from the saved counts.
        """
        view = self._steps[step]
        self._steps[step] = replace(
            view,
            pages_done=view.pages_done + pages_done,
            fetched=view.fetched + fetched,
            added=view.added + added,
            updated=view.updated + updated,
            unchanged=view.unchanged + unchanged,
            removed=view.removed + removed,
            rejected=view.rejected + rejected,
            pages_total=view.pages_total if pages_total is None else pages_total,
        )
        self._advance()

    async def save(self, writer: Writer) -> None:
        """Writes the counts inside the caller's transaction, which is refused when the lease is lost."""
        await self._require(writer)
        # Not only the running step: its walk may bring items of a kind whose own step comes later.
        touched = [step for step in self.steps if step != StepView(name=step.name)]
        await save_steps(writer, self.job_id, touched)
        if self._lost and self._pages > self._pages_before:
            # It got on: whatever took the workers before is not this job's doing.
            self._lost = 0
            await writer.execute(update(SyncJob).where(col(SyncJob.id) == self.job_id).values(lost=0))

    async def end(self, step: StepName, status: StepStatus, error: str | None = None) -> None:
        self._steps[step] = replace(self._steps[step], status=status, error=error)
        await self._write(step)

    async def located(self, endpoint: str | None) -> None:
        """Remembers where the provider's dialect was found."""
        if endpoint is not None:
            async with self._database.writer() as writer:
                await self._require(writer)
                mine = update(Provider).where(col(Provider.pk) == self.provider_pk)
                await writer.execute(mine.values(endpoint=endpoint))

    def check(self) -> None:
        """Raises `Cancelled` or `LeaseLost` once the job has to stop; call it between any two pages."""
        if self.stop_reason is not None:
            raise self.stop_reason

    def stop(self, reason: LineupError) -> None:
        """Makes `check` raise `reason`, and interrupts whatever does not come to a check in time."""
        if self.stop_reason is not None or self._ending:
            return
        self.stop_reason = reason
        self._interrupt(asyncio.get_running_loop().time() + STOP_GRACE_SECONDS)

    async def finish(self, status: JobStatus, *, errors: Sequence[str], version: str | None) -> None:
        """Closes the job and gives the lease back; without a new version the job keeps the one it found."""
        self._disarm()
        await undisturbed(self._close(status, errors, version))

    async def hand_back(self) -> None:
        """Gives the job back to the queue as if this attempt had not been, or cancels it when that was asked for."""
        self._disarm()
        async with self._database.writer() as writer:
            await self._require(writer)
            asked = select(col(SyncJob.cancel_requested)).where(col(SyncJob.id) == self.job_id)
            if await writer.scalar(asked):
                await end_job(writer, self.job_id, JobStatus.CANCELLED)
            else:
                await requeue_job(writer, self.job_id, attempt=self.attempt - 1, lost=self._lost)
            await lease.release(writer, provider_pk=self.provider_pk, fence=self.fence)

    async def _close(self, status: JobStatus, errors: Sequence[str], version: str | None) -> None:
        sizes = await self._sizes()
        async with self._database.writer() as writer:
            await self._require(writer)
            await save_steps(writer, self.job_id, self.steps)
            found = version or await published_version(writer, self.provider_pk)
            await end_job(writer, self.job_id, status, errors=errors, version=found)
            measures = {"traffic": self.traffic.told(), "sizes": sizes}
            await writer.execute(update(SyncJob).where(col(SyncJob.id) == self.job_id).values(measures=measures))
            await writer.execute(
                update(SyncJob)
                .where(col(SyncJob.id) == self.job_id, col(SyncJob.progress) < self.progress)
                .values(progress=self.progress)
            )
            if status is not JobStatus.CANCELLED:
                mine = update(Provider).where(col(Provider.pk) == self.provider_pk)
                trouble = {"last_error": errors[0], "last_error_at": now_ms()} if errors else NO_TROUBLE
                await writer.execute(mine.values(**trouble))
            await lease.release(writer, provider_pk=self.provider_pk, fence=self.fence)
        self.finished = True
        self.tell()
        self._meter.close(status)
        seconds = (now_ms() - self.started_at) / 1000
        job_ended(status, self.mode, seconds=seconds)
        log.info("job_ended", status=status.value, seconds=round(seconds, 1), version=found)

    async def _sizes(self) -> dict[str, int] | None:
        """None when nothing can be counted: a job ends whatever its catalogue has come to."""
        try:
            async with self._database.reader() as reader:
                return {kind.plural: await items.count_active(reader, kind, self.provider_pk) for kind in Kind}
        except (SQLAlchemyError, OSError) as error:
            log.warning("catalogue_not_counted", error=type(error).__name__)
            return None

    def tell(self) -> None:
        """Lets the process's metrics hear of what was committed since it last told."""
        self._meter.read(self.steps)

    async def _write(self, step: StepName) -> None:
        self._advance()
        async with self._database.writer() as writer:
            await self._require(writer)
            await save_steps(writer, self.job_id, [self._steps[step]])
            here = update(SyncJob).where(col(SyncJob.id) == self.job_id)
            await writer.execute(here.values(current_step=self.current_step, progress=self.progress))
        self.tell()

    async def _require(self, writer: Writer) -> None:
        await lease.require(writer, provider_pk=self.provider_pk, fence=self.fence)

    @property
    def _pages(self) -> int:
        return sum(step.pages_done for step in self._steps.values())

    def _advance(self) -> None:
        self.progress = max(self.progress, min(progress(self.steps), RUNNING_CEILING))
        self.changed.set()

    def _disarm(self) -> None:
        """From here on a late wish to stop changes nothing: the outcome is being written."""
        self._ending = True
        self._interrupt(None)

    def _interrupt(self, at: float | None) -> None:
        with contextlib.suppress(RuntimeError):  # the work is over or being interrupted already
            self._deadline.reschedule(at)

    def live_view(self) -> dict[str, Any]:
        """What watchers see between two saves."""
        return {
            "attempt": self.attempt,
            "progress": self.progress,
            "current_step": self.current_step,
            "steps": [asdict(step) for step in self.steps],
            "traffic": self.traffic.told(),
        }
