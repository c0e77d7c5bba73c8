"""Providers: add, look, change, test, sync, clean, remove."""

from typing import Any, Final

from fastapi import Request, Response

from app.api.deps import ContextDep, ProviderDep
from app.context import ProcessContext
from app.core.errors import Invalid
from app.domain.kinds import ProviderKind, SyncMode
from app.pages.cards import card_of
from app.pages.forms import Form, FormDep
from app.pages.live import OneJob
from app.pages.look import go, page
from app.pages.progress import progress_of
from app.pages.provider_forms import change, first_form, form_of, guessed, new_provider, refusal
from app.pages.routing import page_router
from app.pages.words import dialect, plural

KINDS: Final = [("", "Find out from the URL"), *((kind.value, dialect(kind)) for kind in ProviderKind)]
RECENT: Final = 5  # jobs that the page of a provider shows

router = page_router("/providers")


@router.get("")
async def show_providers(request: Request) -> Response:
    """They are on the first page."""
    return go(request, "/")


@router.get("/new")
async def show_new(request: Request) -> Response:
    """The form to add a provider."""
    return _form(request, first_form())


@router.post("/guess")
async def guess_kind(request: Request, form: FormDep) -> Response:
    """The form with what the pasted URL tells."""
    return _form(request, guessed(form))


@router.post("/new")
async def add_provider(request: Request, context: ContextDep, form: FormDep) -> Response:
    """Tests the provider; adds it when it lets us in, or when that is wished all the same."""
    form = guessed(form)
    try:
        return await _tried(request, context, form)
    except Invalid as error:
        return _form(request, form.wrong(error), 422)


@router.get("/{provider_id}")
async def show_provider(request: Request, context: ContextDep, provider_id: str) -> Response:
    """One provider, with what it does now."""
    card = await card_of(context, provider_id)
    jobs, total = await context.history.page(provider_pk=card.provider.pk, limit=RECENT)
    progress = progress_of(card.job) if card.job and card.job.status.live else None
    return page(request, "provider.html", card=card, jobs=jobs, total=total, progress=progress)


@router.get("/{provider_id}/live")
async def watch_provider(context: ContextDep, provider: ProviderDep) -> Response:
    """Server-sent events: the progress of its jobs, as a piece of its page."""
    return OneJob(context.watches.provider(provider.pk))


@router.get("/{provider_id}/edit")
async def show_edit(request: Request, provider: ProviderDep) -> Response:
    """The form of what is stored; secrets stay where they are."""
    return _form(request, form_of(provider), provider=provider)


@router.post("/{provider_id}/edit")
async def edit_provider(request: Request, context: ContextDep, provider: ProviderDep, form: FormDep) -> Response:
    """Changes what was changed."""
    try:
        await context.registry.change(provider.id, change(form, provider))
    except Invalid as error:
        return _form(request, form.wrong(error), 422, provider=provider)
    return go(request, f"/providers/{provider.id}", f"{form.get('name')} was changed.")


@router.post("/{provider_id}/test")
async def test_provider(request: Request, context: ContextDep, provider: ProviderDep, form: FormDep) -> Response:
    """Logs in once."""
    del form
    status = await context.registry.test(provider.id)
    said = f"{provider.name} lets us in: {status.status}." if status.ok else refusal(status)
    return go(request, f"/providers/{provider.id}", said)


@router.post("/{provider_id}/sync")
async def start_sync(request: Request, context: ContextDep, provider: ProviderDep, form: FormDep) -> Response:
    """Queues a sync: what is due, all of it, or channels alone."""
    only = frozenset({"channels"}) if form.get("only") == "channels" else frozenset[str]()
    mode = SyncMode.FULL if form.get("mode") == "full" else SyncMode.AUTO
    started = await context.jobs.start(provider.pk, mode=mode, only=only)
    said = "The sync has begun." if started.created else "A sync is on its way already."
    return go(request, f"/providers/{provider.id}", said)


@router.post("/{provider_id}/cancel")
async def cancel_sync(request: Request, context: ContextDep, provider: ProviderDep, form: FormDep) -> Response:
    """Asks the live sync to stop."""
    del form
    await context.jobs.cancel(provider.pk)
    return go(request, f"/providers/{provider.id}", "The sync will stop in a moment.")


@router.get("/{provider_id}/clean")
async def ask_clean(request: Request, context: ContextDep, provider_id: str) -> Response:
    """Says what a clean takes away, and asks."""
    return page(request, "sure.html", card=await card_of(context, provider_id), deed="clean")


@router.post("/{provider_id}/clean")
async def clean_provider(request: Request, context: ContextDep, provider: ProviderDep, form: FormDep) -> Response:
    """Deletes the catalogue and keeps the provider."""
    del form
    deleted = await context.registry.clean(provider.pk)
    return go(request, f"/providers/{provider.id}", f"{plural(sum(deleted.values()), 'row')} deleted.")


@router.get("/{provider_id}/delete")
async def ask_delete(request: Request, context: ContextDep, provider_id: str) -> Response:
    """Says what goes with a provider, and asks."""
    return page(request, "sure.html", card=await card_of(context, provider_id), deed="delete")


@router.post("/{provider_id}/delete")
async def delete_provider(request: Request, context: ContextDep, provider: ProviderDep, form: FormDep) -> Response:
    """Removes a provider with everything that it synced."""
    del form
    await context.registry.remove(provider.id)
    return go(request, "/", f"{provider.name} was deleted.")


async def _tried(request: Request, context: ProcessContext, form: Form) -> Response:
    new = new_provider(form)
    status = await context.registry.try_out(new)
    if form.get("do") == "test" or not (status.ok or form.has("anyway")):
        return _form(request, form, 200 if form.get("do") == "test" else 422, tested=status)
    view = await context.registry.add(new)
    if view.enabled:
        await context.jobs.start(view.pk)
    return go(request, f"/providers/{view.id}", f"{view.name} was added.")


def _form(request: Request, form: Form, status: int = 200, **told: Any) -> Response:
    known = {"provider": None, "tested": None, "kinds": KINDS, **told}
    return page(request, "provider-form.html", status, form=form, **known)
