"""Routes that answer with pages: browsers alone ask for them, and the schema of the API does not tell of them."""

from typing import Final

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from starlette.types import Scope

TAG: Final = "pages"


def page_router(prefix: str = "") -> APIRouter:
    """A router whose routes are known for what they are, also when they fail."""
    return APIRouter(prefix=prefix, tags=[TAG], include_in_schema=False, default_response_class=HTMLResponse)


def is_page(scope: Scope) -> bool | None:
    """Whether the route that took the request answers with pages; None where no route took it."""
    route = scope.get("route")
    return None if route is None else TAG in getattr(route, "tags", ())
