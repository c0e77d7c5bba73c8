"""Syncs: start, cancel, watch."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api import events
from app.api.deps import ContextDep, ProviderDep
from app.api.events import STREAM, LastEventId
from app.api.model import CONFLICT
from app.api.schemas import CancelledSync, JobAnswer, StartedSync, StartedSyncs, StatsBody, SyncAnswer, SyncStatus
from app.context import ProcessContext
from app.core.errors import Invalid
from app.domain.kinds import SyncMode
from app.registry.views import ProviderView

ONLY = frozenset({"channels", "movies", "series", "categories", "epg", "tables"})
STARTED = "Sync started"
ALREADY = "Sync already in progress"

router = APIRouter(tags=["sync"])
everywhere = APIRouter(tags=["sync"])

Mode = Annotated[SyncMode, Query(description="auto walks what is missing or due.")]
Only = Annotated[
    str | None, Query(description="Parts, comma-separated: " + ", ".join(sorted(ONLY)), examples=["channels,movies"])
]
Force = Annotated[bool, Query(description="Sweeps whatever a complete walk did not see, however much that is.")]


@router.post("/{provider_id}/sync", status_code=202)
async def start_sync(
    context: ContextDep, provider: ProviderDep, mode: Mode = SyncMode.AUTO, only: Only = None, *, force: Force = False
) -> StartedSync:
    """Queues a sync, or answers with the one that is live."""
    return await _start(context, provider, mode=mode, only=_parts(only), force=force)


@router.post("/{provider_id}/sync-channels", status_code=202)
async def start_channel_sync(context: ContextDep, provider: ProviderDep) -> StartedSync:
    """Queues a sync of channels and their categories."""
    return await _start(context, provider, only=frozenset({"channels"}))


@router.post("/{provider_id}/sync/cancel", status_code=202, responses=CONFLICT)
async def cancel_sync(context: ContextDep, provider: ProviderDep) -> CancelledSync:
    """Asks the live sync to stop; 409 `no_live_job` when there is none."""
    return CancelledSync(job_id=await context.jobs.cancel(provider.pk))


@router.get("/{provider_id}/sync")
async def get_sync(context: ContextDep, provider: ProviderDep) -> SyncAnswer:
    """Counts, the live or last job, and the published version."""
    stats = await context.browse.stats(provider.id)
    job = await context.history.current(provider.pk)
    return SyncAnswer(
        provider_id=provider.id,
        stats=StatsBody.model_validate(stats),
        job=JobAnswer.model_validate(job) if job else None,
        version=stats.version,
    )


@router.get("/{provider_id}/sync/status")
async def get_sync_status(context: ContextDep, provider: ProviderDep) -> SyncStatus:
    """The same in short."""
    stats = await context.browse.stats(provider.id)
    job = await context.history.current(provider.pk)
    last = provider.last_sync
    moments = [moment for moment in (last.channels, last.movies, last.series) if moment]
    counts = {f"{kind}_count": getattr(stats, f"total_{many}") for kind, many in COUNTED.items()}
    state = {"status": job.status.value, "progress": job.progress} if job else {"status": "idle", "progress": 0}
    return SyncStatus.model_validate(
        {"synced": bool(moments), "last_sync": max(moments, default=None), **counts, **state}
    )


@router.get("/{provider_id}/sync/events", response_class=Response, responses=STREAM)
async def watch_sync(context: ContextDep, provider: ProviderDep, heard: LastEventId = None) -> Response:
    """Server-sent events of the live or last job, then of the next ones: `progress` as it goes on, `done` at its end.

    While nothing happens, not even a first sync, the stream stays open with comments.
    """
    return await events.of_provider(context.watches, context.history, provider, heard)


@everywhere.post("/sync/all", status_code=202)
async def start_all_syncs(context: ContextDep) -> StartedSyncs:
    """Queues a sync of every enabled provider."""
    enabled = [provider for provider in await context.registry.list() if provider.enabled]
    return StartedSyncs(jobs=[await _start(context, provider) for provider in enabled])


COUNTED = {"channel": "channels", "category": "categories", "movie": "movies", "series": "series"}


async def _start(
    context: ProcessContext,
    provider: ProviderView,
    *,
    mode: SyncMode = SyncMode.AUTO,
    only: frozenset[str] = frozenset(),
    force: bool = False,
) -> StartedSync:
    started = await context.jobs.start(provider.pk, mode=mode, only=only, force=force)
    message = STARTED if started.created else ALREADY
    return StartedSync(job_id=started.job_id, provider_id=provider.id, status=started.status, message=message)


def _parts(only: str | None) -> frozenset[str]:
    words = frozenset(word.strip() for word in (only or "").split(",") if word.strip())
    if unknown := sorted(words - ONLY):
        raise Invalid([("only", f"{unknown[0]} is not one of {', '.join(sorted(ONLY))}.")])
    return words
