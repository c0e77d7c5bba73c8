"""Published versions of a catalogue: as one document, in pages, and which one is current."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from app.api.bodies import Caching, respond
from app.api.deps import ContextDep, ProviderId
from app.api.model import Answer, Problem, Time
from app.api.schemas import StatsBody
from app.snapshots.pages import parse_page

HEAD_CACHING: Final = {"Cache-Control": "public, max-age=5"}
FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"application/json": {}}, "description": "The document, or a page of it; gzip when accepted."},
    304: {"description": "`If-None-Match` names what would be sent."},
    404: {"model": Problem, "description": "No such provider, or `page_out_of_range`: a pinned page past the end."},
    409: {"model": Problem, "description": "`version_ahead`: not known here yet; see `Retry-After`."},
    410: {"model": Problem, "description": "`reset`: that version is gone, fetch anew; `reason`, `manifest`."},
    503: {"model": Problem, "description": "`building`: the first version; see `Retry-After`."},
}

router = APIRouter(tags=["snapshots"])

VersionText = Annotated[
    str | None, Query(description="`epoch.n`: an answer that never changes. Left out: the current version.")
]
PageText = Annotated[str | None, Query(description="From 1; left out: the whole catalogue.", examples=["1"])]
LimitText = Annotated[
    str | None, Query(description="100, 250, 500, 1000 (default, prebuilt), 2000 or 5000 items on a page.")
]
KindText = Annotated[str | None, Query(description="`movies`, `series` or `channels` alone, in pages.")]


class SyncBody(Answer):
    status: str | None
    progress: int


class HeadBody(Answer):
    """Is there something new? `version` is null before the first publish."""

    version: str | None
    published_at: Time
    stats: StatsBody
    min_since: str | None
    sync: SyncBody
    next_poll_seconds: int
    spread_ms: int


@router.head("/{provider_id}/snapshot", include_in_schema=False)
@router.get("/{provider_id}/snapshot", response_class=Response, responses=FILE)
async def get_snapshot(
    *,
    request: Request,
    context: ContextDep,
    provider_id: ProviderId,
    version: VersionText = None,
    page: PageText = None,
    limit: LimitText = None,
    kind: KindText = None,
) -> Response:
    """The catalogue, built and compressed before anybody asks: one document, or in pages that `next` links."""
    wanted, snapshots = parse_page(page, limit, kind), context.snapshots
    if wanted is None:
        file = await snapshots.document(provider_id, version)
    else:
        file = await snapshots.page(provider_id, version, wanted)
    settings = context.settings
    return await respond(request, file, Caching(private=bool(settings.api_keys), max_age=settings.snapshot_max_age))


@router.head("/{provider_id}/snapshot/head", include_in_schema=False)
@router.get("/{provider_id}/snapshot/head", response_class=JSONResponse, responses={200: {"model": HeadBody}})
async def get_snapshot_head(context: ContextDep, provider_id: ProviderId) -> JSONResponse:
    """Which version is current, what it holds, how the sync stands and when to ask again."""
    head = await context.snapshots.head(provider_id)
    named = {"X-Catalog-Version": head["version"]} if head["version"] else {}
    return JSONResponse(head, headers=HEAD_CACHING | named)
