"""The first page: all providers at a glance."""

from fastapi import Request, Response

from app.api.deps import ContextDep
from app.pages.cards import all_cards
from app.pages.forms import FormDep
from app.pages.live import AllProviders
from app.pages.look import go, page
from app.pages.routing import page_router
from app.pages.words import plural

router = page_router()


@router.get("/")
async def show_overview(request: Request, context: ContextDep) -> Response:
    """A card for each provider."""
    return page(request, "overview.html", cards=await all_cards(context))


@router.get("/live")
async def watch_overview(context: ContextDep) -> Response:
    """Server-sent events: the state of a card whenever something changes, under the provider's id."""
    return AllProviders(context, await context.registry.list())


@router.post("/sync")
async def sync_all(request: Request, context: ContextDep, form: FormDep) -> Response:
    """Queues a sync of every provider that is switched on."""
    del form
    enabled = [view for view in await context.registry.list() if view.enabled]
    started = [await context.jobs.start(view.pk) for view in enabled]
    return go(request, "/", f"{plural(sum(one.created for one in started), 'sync', 'syncs')} begun.")
