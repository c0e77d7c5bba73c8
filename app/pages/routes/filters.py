"""What of a provider is shown: its rulesets and its filters."""

from typing import Any

from fastapi import Request, Response

from app.api.deps import ContextDep, ProviderDep
from app.context import ProcessContext
from app.core.errors import Conflict, Invalid
from app.domain.kinds import Kind
from app.pages.forms import Form, FormDep, filled, status_of
from app.pages.look import go, page
from app.pages.routing import page_router
from app.pages.rule_forms import ANSWERS, filter_of
from app.pages.words import plural
from app.registry.views import ProviderView
from app.tags.views import Trial

router = page_router("/providers/{provider_id}")


@router.get("/filters")
async def show_filters(request: Request, context: ContextDep, provider: ProviderDep) -> Response:
    """The rulesets and filters of a provider."""
    return await _shown(request, context, provider, filled({"kinds": [Kind.CHANNEL.value]}))


@router.post("/filters")
async def add_filter(request: Request, context: ContextDep, provider: ProviderDep, form: FormDep) -> Response:
    """Adds a filter, or shows what it would do."""
    try:
        if form.get("do") != "add":
            return await _shown(request, context, provider, form, trial=await _trial(context, provider, form))
        await context.tags.filters.add(provider.pk, filter_of(form), position=None)
    except Invalid as error:
        return await _shown(request, context, provider, form.wrong(error), status_of(form))
    return go(
        request, f"/providers/{provider.id}/filters", "The filter was added. Apply it now, or wait for the next sync."
    )


@router.post("/filters/{filter_id}/change")
async def change_filter(
    request: Request, context: ContextDep, provider: ProviderDep, filter_id: str, form: FormDep
) -> Response:
    """Switches a filter on or off, or gives it another place."""
    values: dict[str, Any] = {"enabled": form.get("enabled") == "on"} if form.has("enabled") else {}
    if form.get("position").isdigit():
        values["position"] = int(form.get("position"))
    await context.tags.filters.change(provider.pk, filter_id, values)
    return go(request, f"/providers/{provider.id}/filters", "The filter was changed.")


@router.post("/filters/{filter_id}/remove")
async def remove_filter(
    request: Request, context: ContextDep, provider: ProviderDep, filter_id: str, form: FormDep
) -> Response:
    """Removes a filter."""
    del form
    await context.tags.filters.remove(provider.pk, filter_id)
    return go(request, f"/providers/{provider.id}/filters", "The filter was removed.")


@router.post("/rulesets")
async def assign_rulesets(request: Request, context: ContextDep, provider: ProviderDep, form: FormDep) -> Response:
    """Gives a provider these rulesets and no others."""
    await context.tags.rulesets.assign(provider.pk, form.all("rulesets"))
    return go(request, f"/providers/{provider.id}/filters", "The rulesets were changed.")


@router.post("/process")
async def process_tags(request: Request, context: ContextDep, provider: ProviderDep, form: FormDep) -> Response:
    """Marks everything by the rules and filters of now."""
    del form
    try:
        done = await context.tags.process(provider.pk)
    except Conflict as error:
        return go(request, f"/providers/{provider.id}/filters", error.detail)
    said = f"{plural(done.tags_created, 'tag')} given, {done.tags_removed:,} taken back."
    return go(request, f"/providers/{provider.id}/filters", said)


async def _trial(context: ProcessContext, provider: ProviderView, form: Form) -> Trial:
    added = filter_of(form)
    chosen = [*await context.tags.filters.every(provider.pk), added]
    kinds = added.kinds or tuple(Kind)
    return await context.tags.try_filters(provider.pk, provider.id, filters=chosen, kinds=kinds, samples=12)


async def _shown(
    request: Request, context: ProcessContext, provider: ProviderView, form: Form, status: int = 200, **told: Any
) -> Response:
    assigned = await context.tags.rulesets.assigned(provider.pk)
    chosen = {one.id for one in assigned}
    known = {
        "provider": provider,
        "assigned": chosen,
        "rulesets": [*assigned, *(one for one in await context.tags.rulesets.every() if one.id not in chosen)],
        "filters": await context.tags.filters.every(provider.pk),
    }
    return page(request, "filters.html", status, form=form, **known, **({"trial": None} | told), **ANSWERS)
