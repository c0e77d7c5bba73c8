"""Published versions of a catalogue: as one document, in pages, and which one is current."""

from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from app.api.bodies import Caching, respond
from app.api.deps import ContextDep, ProviderId, context_of
from app.api.model import Answer, Problem, Time
from app.api.schemas import StatsBody
from app.domain.kinds import PLURALS
from app.snapshots.pages import LIMITS, MAX_PAGE, parse_page

HEAD_CACHING: Final = {"Cache-Control": "public, max-age=5"}
FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"application/json": {}}, "description": "The document, or a page of it; gzip when accepted."},
    304: {"description": "`If-None-Match` names what would be sent."},
    404: {"model": Problem, "description": "No such provider, or `page_out_of_range`: a pinned page past the end."},
    409: {"model": Problem, "description": "`version_ahead`: not known here yet; see `Retry-After`."},
    410: {"model": Problem, "description": "`reset`: that version is gone, fetch anew; `reason`, `manifest`."},
    503: {"model": Problem, "description": "`building`: the first version; see `Retry-After`."},
}


def _query(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


# Told here and read by hand: filling a signature costs as much as sending the page.
PARAMETERS: Final = {
    "parameters": [
        {"name": "provider_id", "in": "path", "required": True, "schema": {"type": "string"}},
        _query("version", "`epoch.n`: an answer that never changes. Left out: the current version.", type="string"),
        _query("page", "From 1. Left out: the whole catalogue.", type="integer", minimum=1, maximum=MAX_PAGE),
        _query("limit", "Items on a page; pages of 1000 are prebuilt.", type="integer", enum=LIMITS, default=1000),
        _query("kind", "Items of this kind alone, in pages.", type="string", enum=list(PLURALS)),
    ]
}

router = APIRouter(tags=["snapshots"])


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
@router.get("/{provider_id}/snapshot", response_class=Response, responses=FILE, openapi_extra=PARAMETERS)
async def get_snapshot(request: Request) -> Response:
    """The catalogue, built and compressed before anybody asks: one document, or in pages that `next` links."""
    context, query, provider_id = context_of(request), request.query_params, request.path_params["provider_id"]
    wanted, version = parse_page(query.get("page"), query.get("limit"), query.get("kind")), query.get("version")
    if wanted is None:
        file = await context.snapshots.document(provider_id, version)
    else:
        file = await context.snapshots.page(provider_id, version, wanted)
    settings = context.settings
    return await respond(request, file, Caching(private=bool(settings.api_keys), max_age=settings.snapshot_max_age))


@router.head("/{provider_id}/snapshot/head", include_in_schema=False)
@router.get("/{provider_id}/snapshot/head", response_class=JSONResponse, responses={200: {"model": HeadBody}})
async def get_snapshot_head(context: ContextDep, provider_id: ProviderId) -> JSONResponse:
    """Which version is current, what it holds, how the sync stands and when to ask again."""
    head = await context.snapshots.head(provider_id)
    named = {"X-Catalog-Version": head["version"]} if head["version"] else {}
    return JSONResponse(head, headers=HEAD_CACHING | named)
