"""What jobs did and do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from sqlalchemy import Select, func, select
from sqlmodel import col

from app.core.errors import NotFound
from app.core.ports import Hints
from app.db.engine import Database, Reader
from app.db.tables import Provider, Quarantine, SyncJob
from app.domain.kinds import JobStatus, StepName, StepStatus
from app.jobs.pulse import hint_key
from app.jobs.steps import steps_of
from app.jobs.views import WAITING, JobView, RejectedView, Sizes, StepView, TrafficView

NO_SUCH: Final = "There is no such job."
_JOBS: Select[Any] = select(SyncJob, col(Provider.id).label("provider_id")).join(
    Provider, col(Provider.pk) == col(SyncJob.provider_pk)
)
_NEWEST_FIRST = (col(SyncJob.queued_at).desc(), col(SyncJob.id).desc())


class JobHistory:
    """Reads jobs. With hints, a running job shows counts that are newer than its rows."""

    def __init__(self, database: Database, hints: Hints | None = None) -> None:
        self._database = database
        self._hints = hints

    async def get(self, job_id: str) -> JobView:
        """One job; `NotFound` when there is none."""
        found = await self.find(job_id)
        if found is None:
            raise NotFound(NO_SUCH)
        return found

    async def find(self, job_id: str) -> JobView | None:
        """One job, if there is such a one."""
        found = await self._views(_JOBS.where(col(SyncJob.id) == job_id))
        return found[0] if found else None

    async def current(self, provider_pk: int) -> JobView | None:
        """The provider's live job, or its last one: a live one is always the newest."""
        mine = _JOBS.where(col(SyncJob.provider_pk) == provider_pk)
        found = await self._views(mine.order_by(*_NEWEST_FIRST).limit(1))
        return found[0] if found else None

    async def is_kept(self, provider_pk: int) -> bool:
        """Whether there is such a provider still."""
        async with self._database.reader() as reader:
            return bool(await reader.scalar(select(col(Provider.pk)).where(col(Provider.pk) == provider_pk)))

    async def page(
        self, *, provider_pk: int | None = None, status: JobStatus | None = None, page: int = 1, limit: int = 100
    ) -> tuple[list[JobView], int]:
        """A page of jobs, newest first, and how many there are."""
        wanted = _JOBS
        if provider_pk is not None:
            wanted = wanted.where(col(SyncJob.provider_pk) == provider_pk)
        if status is not None:
            wanted = wanted.where(col(SyncJob.status) == status)
        async with self._database.reader() as reader:
            total = await reader.scalar(select(func.count()).select_from(wanted.subquery()))
        views = await self._views(wanted.order_by(*_NEWEST_FIRST).limit(limit).offset((page - 1) * limit))
        return views, int(total)

    async def rejected(self, job_id: str, *, page: int = 1, limit: int = 100) -> tuple[list[RejectedView], int]:
        """A page of the records that a job refused, as they came, and how many there are."""
        mine = col(Quarantine.job_id) == job_id
        columns = (Quarantine.kind, Quarantine.external_id, Quarantine.reason, Quarantine.raw)
        wanted = select(*columns).where(mine).order_by(col(Quarantine.pk))  # type: ignore[call-overload]
        async with self._database.reader() as reader:
            await owner_of(reader, job_id)
            total = await reader.scalar(select(func.count()).select_from(Quarantine).where(mine))
            rows = await reader.rows(wanted.limit(limit).offset((page - 1) * limit))
        return [RejectedView(**row._asdict()) for row in rows], int(total)

    async def _views(self, wanted: Select[Any]) -> list[JobView]:
        async with self._database.reader() as reader:
            rows = await reader.rows(wanted)
            steps = await steps_of(reader, [row.id for row in rows])
        return [await self._latest(_view(row, steps.get(row.id, ()))) for row in rows]

    async def _latest(self, view: JobView) -> JobView:
        if self._hints is None or view.status is not JobStatus.RUNNING:
            return view
        shown = await self._hints.get(hint_key(view.id))
        if shown is None or shown["attempt"] != view.attempt:
            return view
        steps = tuple(_shown_step(step) for step in shown["steps"])
        progress = max(view.progress, shown["progress"])
        traffic = _measured(TrafficView, shown.get("traffic"))
        return replace(view, progress=progress, current_step=shown["current_step"], steps=steps, traffic=traffic)


async def owner_of(reader: Reader, job_id: str) -> int:
    """The provider whose job it is; `NotFound` when there is no such job."""
    found = await reader.scalar(select(col(SyncJob.provider_pk)).where(col(SyncJob.id) == job_id))
    if found is None:
        raise NotFound(NO_SUCH)
    return int(found)


def _view(row: Any, steps: Sequence[StepView]) -> JobView:
    return JobView(
        id=row.id,
        provider_id=row.provider_id,
        mode=row.mode,
        status=JobStatus(row.status),
        progress=row.progress,
        current_step=WAITING if row.status == JobStatus.QUEUED and row.started_at else row.current_step,
        steps=tuple(steps),
        errors=tuple(row.errors),
        attempt=row.attempt,
        queued_at=row.queued_at,
        started_at=row.started_at,
        completed_at=row.completed_at,
        version=row.version,
        traffic=_measured(TrafficView, (row.measures or {}).get("traffic")),
        sizes=_measured(Sizes, (row.measures or {}).get("sizes")),
    )


M = TypeVar("M")


def _measured(kind: Callable[..., M], told: Mapping[str, Any] | None) -> M | None:
    return kind(**told) if told else None


def _shown_step(shown: Mapping[str, Any]) -> StepView:
    return StepView(**{**shown, "name": StepName(shown["name"]), "status": StepStatus(shown["status"])})
