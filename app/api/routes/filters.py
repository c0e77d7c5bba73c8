"""Filters of a provider: keep, change and try them."""

from typing import Any

from fastapi import APIRouter, Response

from app.api.deps import ContextDep, Limit, Page, ProviderDep
from app.api.model import CONFLICT
from app.api.tagging import FilterAnswer, FilterBody, FilterList, FilterPatch, FilterTrial, TrialAnswer
from app.domain.kinds import Kind

below = APIRouter(tags=["tags"])


@below.get("/{provider_id}/filters")
async def list_filters(context: ContextDep, provider: ProviderDep, page: Page = 1, limit: Limit = 1000) -> FilterList:
    """The filters of a provider in the order in which they are asked."""
    found = await context.tags.filters.every(provider.pk)
    shown = [FilterAnswer.model_validate(one) for one in found[(page - 1) * limit : page * limit]]
    return FilterList(total=len(found), page=page, limit=limit, has_more=page * limit < len(found), filters=shown)


@below.post("/{provider_id}/filters", status_code=201, response_model=FilterAnswer, responses=CONFLICT)
async def add_filter(context: ContextDep, provider: ProviderDep, body: FilterBody) -> Any:
    """Adds a filter; it applies when the provider is processed next."""
    return await context.tags.filters.add(provider.pk, body.view(), position=body.position)


@below.patch("/{provider_id}/filters/{filter_id}", response_model=FilterAnswer)
async def change_filter(context: ContextDep, provider: ProviderDep, filter_id: str, body: FilterPatch) -> Any:
    """Changes what is sent and leaves the rest; a filter in trouble gets another try."""
    return await context.tags.filters.change(provider.pk, filter_id, body.change())


@below.delete("/{provider_id}/filters/{filter_id}", status_code=204, response_class=Response)
async def remove_filter(context: ContextDep, provider: ProviderDep, filter_id: str) -> None:
    """Removes a filter."""
    await context.tags.filters.remove(provider.pk, filter_id)


@below.post("/{provider_id}/filters/dry-run", response_model=TrialAnswer)
async def try_filters(context: ContextDep, provider: ProviderDep, body: FilterTrial) -> Any:
    """What other filters would show and hide, with counts and samples; nothing is stored."""
    chosen = None if body.filters is None else [one.view() for one in body.filters]
    kinds = body.kinds or tuple(Kind)
    return await context.tags.try_filters(provider.pk, provider.id, filters=chosen, kinds=kinds, samples=body.samples)
