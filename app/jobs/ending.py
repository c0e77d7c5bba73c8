"""The last entry of a job, whoever makes it: the worker that ran it, the reaper, the next worker."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select, update
from sqlmodel import col

from app.core.clock import now_ms
from app.db.engine import Reader, Writer
from app.db.tables import CatalogueHead, SyncJob, SyncStep
from app.domain.kinds import JobStatus, StepStatus

# A job that took five workers down in a row (out of memory, most often), none of which got on, takes the sixth too.
MAX_LOST: Final = 5
DONE = frozenset({JobStatus.COMPLETED, JobStatus.PARTIAL})
OPEN_STEPS: Final = (StepStatus.PENDING, StepStatus.RUNNING)


def lost_too_often() -> str:
    return f"The worker was lost {MAX_LOST} times in a row while it ran this sync."


async def end_job(
    writer: Writer, job_id: str, status: JobStatus, *, errors: Sequence[str] = (), version: str | None = None
) -> None:
    """Closes a running job and its open steps."""
    left = StepStatus.CANCELLED if status is JobStatus.CANCELLED else StepStatus.SKIPPED
    steps = update(SyncStep).where(col(SyncStep.job_id) == job_id, col(SyncStep.status).in_(OPEN_STEPS))
    await writer.execute(steps.values(status=left))
    await writer.execute(
        update(SyncJob)
        .where(col(SyncJob.id) == job_id, col(SyncJob.status) == JobStatus.RUNNING)
        .values(
            status=status,
            errors=list(errors),
            version=version,
            progress=100 if status in DONE else SyncJob.progress,
            current_step=None,
            completed_at=now_ms(),
        )
    )


async def requeue_job(writer: Writer, job_id: str, *, attempt: int, lost: int = 0) -> None:
    """Makes a running job wait again; its steps go on where they were. `lost` = workers in a row that got nowhere."""
    steps = update(SyncStep).where(col(SyncStep.job_id) == job_id, col(SyncStep.status) == StepStatus.RUNNING)
    await writer.execute(steps.values(status=StepStatus.PENDING))
    await writer.execute(
        update(SyncJob)
        .where(col(SyncJob.id) == job_id, col(SyncJob.status) == JobStatus.RUNNING)
        .values(status=JobStatus.QUEUED, attempt=attempt, lost=lost, current_step=None)
    )


async def published_version(reader: Reader, provider_pk: int) -> str | None:
    """`epoch.n` as published last, None before the first time."""
    head = select(col(CatalogueHead.epoch), col(CatalogueHead.version))
    row = await reader.row(head.where(col(CatalogueHead.provider_pk) == provider_pk))
    return f"{row.epoch}.{row.version}" if row and row.version else None
