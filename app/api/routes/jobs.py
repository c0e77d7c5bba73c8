"""The history of jobs."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.api import events
from app.api.deps import ContextDep, Limit, Page
from app.api.events import ENDED_STREAM, LastEventId
from app.api.schemas import ChangedKind, ChangeList, JobAnswer, JobList, RejectedList
from app.domain.kinds import JobStatus
from app.jobs.changes import Op

router = APIRouter(prefix="/jobs", tags=["sync"])

Provider = Annotated[str | None, Query(alias="providerId", description="Jobs of this provider alone.")]
Status = Annotated[JobStatus | None, Query(description="Jobs that stand there alone.")]
JobId = Annotated[str, Path(description="The job's id.", examples=["1hyy4n6tq0000k8w3zzc"])]
Changed = Annotated[ChangedKind | None, Query(description="Changes of this kind alone.")]
What = Annotated[Op | None, Query(description="Those alone to which this happened.")]


@router.get("")
async def list_jobs(
    context: ContextDep, provider_id: Provider = None, status: Status = None, page: Page = 1, limit: Limit = 100
) -> JobList:
    """Jobs, newest first."""
    pk = (await context.registry.by_id(provider_id)).pk if provider_id is not None else None
    views, total = await context.history.page(provider_pk=pk, status=status, page=page, limit=limit)
    jobs = [JobAnswer.model_validate(view) for view in views]
    return JobList(total=total, page=page, limit=limit, has_more=page * limit < total, jobs=jobs)


@router.get("/{job_id}")
async def get_job(context: ContextDep, job_id: JobId) -> JobAnswer:
    """One job in full."""
    return JobAnswer.model_validate(await context.history.get(job_id))


@router.get("/{job_id}/changes")
async def list_changes(
    context: ContextDep, job_id: JobId, kind: Changed = None, op: What = None, *, page: Page = 1, limit: Limit = 100
) -> ChangeList:
    """What a job added, updated and removed: channels, movies, series in their order, then categories."""
    one = kind.singular if kind else None
    found, total = await context.changes.page(job_id, kind=one, op=op, page=page, limit=limit)
    return ChangeList.model_validate(
        {"total": total, "page": page, "limit": limit, "has_more": page * limit < total, "changes": found}
    )


@router.get("/{job_id}/rejected")
async def list_rejected(context: ContextDep, job_id: JobId, page: Page = 1, limit: Limit = 100) -> RejectedList:
    """Records that a job refused, as they came, each with the reason."""
    found, total = await context.history.rejected(job_id, page=page, limit=limit)
    return RejectedList.model_validate(
        {"total": total, "page": page, "limit": limit, "has_more": page * limit < total, "rejected": found}
    )


@router.get("/{job_id}/events", response_class=Response, responses=ENDED_STREAM)
async def watch_job(context: ContextDep, job_id: JobId, heard: LastEventId = None) -> Response:
    """Server-sent events: `progress` at once and whenever something changes, at most four a second; `done` is the last.

    To who has heard `done` already (`Last-Event-ID`), 204: a browser then ceases to ask.
    """
    return events.of_job(context.watches, await context.history.get(job_id), heard)
