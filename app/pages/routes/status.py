"""How the installation is and how it is set."""

from fastapi import Request, Response

from app.api.deps import ContextDep
from app.pages.condition import condition_of
from app.pages.look import page
from app.pages.routing import page_router

router = page_router("/settings")


@router.get("")
async def show_condition(request: Request, context: ContextDep) -> Response:
    """Dependencies, queue, workers, storage, breakers, keys, settings."""
    return page(request, "settings.html", now=await condition_of(context, request.app.state.shared))
