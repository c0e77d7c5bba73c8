"""The history of jobs."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from app.api.deps import ContextDep, Limit, Page
from app.api.schemas import JobAnswer, JobList
from app.domain.kinds import JobStatus

router = APIRouter(prefix="/jobs", tags=["sync"])

Provider = Annotated[str | None, Query(alias="providerId", description="Jobs of this provider alone.")]
Status = Annotated[JobStatus | None, Query(description="Jobs that stand there alone.")]
JobId = Annotated[str, Path(description="The job's id.")]


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
