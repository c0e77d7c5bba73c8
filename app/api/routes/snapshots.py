"""Published versions of a catalogue: as one document, in pages, and which one is current."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from app.api.bodies import Caching, respond
from app.snapshots.pages import parse_page
from app.snapshots.read import Snapshots

HEAD_SECONDS = 5

router = APIRouter(tags=["snapshots"])


def _context(request: Request) -> Any:
    return request.app.state.context


ContextDep = Annotated[Any, Depends(_context)]
VersionQuery = Annotated[str | None, Query(description="A version `epoch.n`; without it the current one")]
PageQuery = Annotated[str | None, Query(description="From 1; without it the whole catalogue as one document")]
LimitQuery = Annotated[str | None, Query(description="100, 250, 500, 1000 (default), 2000 or 5000")]
KindQuery = Annotated[str | None, Query(description="movies, series or channels")]


@router.head("/{provider_id}/snapshot", include_in_schema=False)
@router.get("/{provider_id}/snapshot", response_class=Response)
async def read_snapshot(
    *,
    request: Request,
    context: ContextDep,
    provider_id: str,
    version: VersionQuery = None,
    page: PageQuery = None,
    limit: LimitQuery = None,
    kind: KindQuery = None,
) -> Response:
    """The catalogue, prebuilt and gzipped: whole, or in pages (`page`, `limit`, `kind`)."""
    snapshots: Snapshots = context.snapshots
    wanted = parse_page(page, limit, kind)
    if wanted is None:
        file = await snapshots.document(provider_id, version)
    else:
        file = await snapshots.page(provider_id, version, wanted)
    settings = context.settings
    return await respond(request, file, Caching(private=bool(settings.api_keys), max_age=settings.snapshot_max_age))


@router.get("/{provider_id}/snapshot/head", response_class=JSONResponse)
async def read_head(context: ContextDep, provider_id: str) -> JSONResponse:
    """Is there something new? `version` is null before the first publish."""
    head = await context.snapshots.head(provider_id)
    who = "private" if context.settings.api_keys else "public"
    headers = {"Cache-Control": f"{who}, max-age={HEAD_SECONDS}"}
    if head["version"]:
        headers["X-Catalog-Version"] = head["version"]
    return JSONResponse(head, headers=headers)
