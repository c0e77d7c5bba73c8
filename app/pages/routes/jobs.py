"""What jobs did and do."""

from fastapi import Request, Response

from app.api.deps import ContextDep
from app.api.schemas import ChangedKind
from app.domain.kinds import JobStatus
from app.jobs.changes import Op
from app.pages.history import LIMIT, past_of
from app.pages.lists import Listed
from app.pages.live import OneJob
from app.pages.look import page
from app.pages.progress import progress_of
from app.pages.routing import page_router

router = page_router("/jobs")


@router.get("")
async def show_jobs(request: Request, context: ContextDep) -> Response:
    """The history, and how things went over time."""
    return page(request, "jobs.html", past=await past_of(context, request.query_params), statuses=list(JobStatus))


@router.get("/{job_id}")
async def show_job(request: Request, context: ContextDep, job_id: str) -> Response:
    """One job: its steps, what it changed, what it refused."""
    job, query, listed = await context.history.get(job_id), request.query_params, Listed.of(request.query_params, LIMIT)
    kind = ChangedKind(query["kind"]).singular if query.get("kind") in set(ChangedKind) else None
    op = Op(query["op"]) if query.get("op") in set(Op) else None
    changes, total = await context.changes.page(job_id, kind=kind, op=op, page=listed.page, limit=LIMIT)
    rejected, refused = await context.history.rejected(job_id, limit=LIMIT)
    provider = await context.registry.by_id(job.provider_id)
    told = {"changes": changes, "found": listed.holding(total), "rejected": rejected, "refused": refused}
    return page(request, "job.html", progress=progress_of(job), provider=provider, query=query, **told)


@router.get("/{job_id}/live")
async def watch_job(context: ContextDep, job_id: str) -> Response:
    """Server-sent events: the progress of one job, as a piece of its page."""
    await context.history.get(job_id)
    return OneJob(context.watches.job(job_id))
