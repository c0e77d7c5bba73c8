"""Providers: add, list, change, test, remove."""

from typing import Any

from fastapi import APIRouter, Response

from app.api.deps import ContextDep, Limit, Page, ProviderDep, ProviderId
from app.api.model import CONFLICT
from app.api.providers import (
    AddedProvider,
    CleanAnswer,
    ProviderAnswer,
    ProviderBody,
    ProviderList,
    ProviderPatch,
    TestAnswer,
)
from app.api.schemas import StatsBody
from app.browse.service import Stats
from app.registry.views import ProviderView

router = APIRouter(tags=["providers"])


@router.post("", status_code=201)
async def add_provider(context: ContextDep, body: ProviderBody) -> AddedProvider:
    """Stores a provider and queues its first sync, unless it is disabled. The same account always gets the same id."""
    view = await context.registry.add(body.order())
    started = await context.jobs.start(view.pk) if body.sync and view.enabled else None
    answer = _answer(view, (await context.browse.all_stats(view.id))[view.id])
    return AddedProvider(**answer.model_dump(), job_id=started.job_id if started else None)


@router.get("")
async def list_providers(context: ContextDep, page: Page = 1, limit: Limit = 100) -> ProviderList:
    """All providers, oldest first."""
    views, stats = await context.registry.list(), await context.browse.all_stats()
    start = (page - 1) * limit
    chosen = [_answer(view, stats.get(view.id)) for view in views[start : start + limit]]
    more = start + limit < len(views)
    return ProviderList(total=len(views), page=page, limit=limit, has_more=more, providers=chosen)


@router.get("/{provider_id}")
async def get_provider(context: ContextDep, provider: ProviderDep) -> ProviderAnswer:
    """One provider, with what is known of its account and its health."""
    return _answer(provider, await context.browse.stats(provider.id))


@router.patch("/{provider_id}")
async def change_provider(context: ContextDep, provider_id: ProviderId, body: ProviderPatch) -> ProviderAnswer:
    """Changes what is sent and leaves the rest; the id stays."""
    view = await context.registry.change(provider_id, body.order())
    return _answer(view, await context.browse.stats(view.id))


@router.delete("/{provider_id}", status_code=204, response_class=Response)
async def remove_provider(context: ContextDep, provider_id: ProviderId) -> None:
    """Removes a provider with everything it synced; a sync on its way is cancelled first."""
    await context.registry.remove(provider_id)


@router.post("/{provider_id}/test", response_model=TestAnswer)
async def test_provider(context: ContextDep, provider_id: ProviderId) -> Any:
    """Logs in once. A provider that refuses or cannot be reached is an answer with `ok: false`."""
    return await context.registry.test(provider_id)


@router.delete("/{provider_id}/clean", responses=CONFLICT)
async def clean_provider(context: ContextDep, provider: ProviderDep) -> CleanAnswer:
    """Deletes catalogue, versions and artifacts, but keeps the provider; 409 `job_live` while a sync is on its way."""
    return CleanAnswer(deleted=dict(await context.registry.clean(provider.pk)))


def _answer(view: ProviderView, stats: Stats | None) -> ProviderAnswer:
    counts = StatsBody.model_validate(stats) if stats else None
    return ProviderAnswer.model_validate(view).model_copy(update={"stats": counts})
