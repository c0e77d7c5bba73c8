"""Published versions of a catalogue: as one document, in pages, as lines, by parts, and which one is current."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from app.api.bodies import Caching, respond, respond_opaque
from app.api.deps import ContextDep, ProviderId, context_of
from app.api.model import Answer, Problem, Time
from app.api.schemas import StatsBody
from app.api.waits import HEAD_CACHING, MOST_SECONDS, parse_after, wait_for_head
from app.domain.kinds import PLURALS
from app.snapshots.files import File
from app.snapshots.pages import LIMITS, MAX_PAGE, parse_kind, parse_page, parse_view
from app.snapshots.views import View

GONE: Final[dict[int | str, dict[str, Any]]] = {
    304: {"description": "`If-None-Match` names what would be sent."},
    409: {"model": Problem, "description": "`version_ahead`: not known here yet; see `Retry-After`."},
    410: {"model": Problem, "description": "`reset`: that version is gone, fetch anew; `reason`, `manifest`."},
    503: {"model": Problem, "description": "`building`: the first version; see `Retry-After`."},
}
FILE: Final = GONE | {
    200: {"content": {"application/json": {}}, "description": "gzip when accepted, zstd when preferred."},
    404: {"model": Problem, "description": "No such provider, or `page_out_of_range`: a pinned page past the end."},
}
LINES: Final = GONE | {
    200: {"content": {"application/x-ndjson": {}}, "description": "gzip when accepted, zstd when preferred."},
}
BLOB: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"application/x-ndjson": {}, "application/gzip": {}}, "description": "The content."},
    206: {"description": "The range that was asked for, of a `.gz`."},
    304: {"description": "`If-None-Match` names what would be sent."},
    404: {"model": Problem, "description": "No such provider, or `blob_not_found`."},
    416: {"description": "A range behind the end."},
}


def _query(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def _told(*queries: dict[str, Any], path: str | None = None) -> dict[str, Any]:
    names = ["provider_id", *([path] if path else [])]
    paths = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    return {"parameters": [*paths, *queries]}


# Told here and read by hand: filling a signature costs as much as sending the page.
VERSION: Final = _query(
    "version", "`epoch.n`: an answer that never changes. Left out: the current version.", type="string"
)
KIND: Final = _query("kind", "Items of this kind alone.", type="string", enum=list(PLURALS))
VIEW: Final = _query("view", "`lite`: what a list on a phone shows.", type="string", enum=list(View), default="full")
PAGES: Final = (
    _query("page", "From 1. Left out: the whole catalogue.", type="integer", minimum=1, maximum=MAX_PAGE),
    _query("limit", "Items on a page; pages of 1000 are prebuilt.", type="integer", enum=LIMITS, default=1000),
)

After = Annotated[str | None, Query(description="The version that you have: answered when it is not current any more.")]
Wait = Annotated[int, Query(ge=0, le=MOST_SECONDS, description="Seconds to wait for another version than `after`.")]

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
@router.get(
    "/{provider_id}/snapshot",
    response_class=Response,
    responses=FILE,
    openapi_extra=_told(VERSION, *PAGES, KIND, VIEW),
)
async def get_snapshot(request: Request) -> Response:
    """The catalogue, built and compressed before anybody asks: one document, or in pages that `next` links."""
    snapshots, query, provider_id = context_of(request).snapshots, request.query_params, _provider_id(request)
    wanted = parse_page(query.get("page"), query.get("limit"), query.get("kind"), view := query.get("view"))
    if wanted is not None:
        return await _sent(request, await snapshots.page(provider_id, query.get("version"), wanted))
    return await _sent(request, await snapshots.document(provider_id, query.get("version"), parse_view(view)))


@router.head("/{provider_id}/snapshot.ndjson", include_in_schema=False)
@router.get(
    "/{provider_id}/snapshot.ndjson",
    response_class=Response,
    responses=LINES,
    openapi_extra=_told(VERSION, KIND, VIEW),
)
async def get_snapshot_lines(request: Request) -> Response:
    """One item per line, between a line that begins and one that ends; without the last one it is cut off."""
    query = request.query_params
    kind, view = parse_kind(query.get("kind")), parse_view(query.get("view"))
    lines = context_of(request).snapshots.lines(_provider_id(request), query.get("version"), kind, view)
    return await _sent(request, await lines)


@router.head("/{provider_id}/snapshot/manifest", include_in_schema=False)
@router.get(
    "/{provider_id}/snapshot/manifest",
    response_class=Response,
    responses=FILE,
    openapi_extra=_told(VERSION, VIEW),
)
async def get_snapshot_manifest(request: Request) -> Response:
    """What a version consists of: parts of 1-4 MiB with their checksums, databases, ready deltas."""
    query = request.query_params
    view = parse_view(query.get("view"))
    manifest = context_of(request).snapshots.manifest(_provider_id(request), query.get("version"), view)
    return await _sent(request, await manifest)


@router.head("/{provider_id}/snapshot/essentials", include_in_schema=False)
@router.get("/{provider_id}/snapshot/essentials", response_class=Response, responses=FILE, openapi_extra=_told(VERSION))
async def get_snapshot_essentials(request: Request) -> Response:
    """A first screen in 100 kB: counts, categories, and the newest titles that have a poster."""
    version = request.query_params.get("version")
    return await _sent(request, await context_of(request).snapshots.essentials(_provider_id(request), version))


@router.head("/{provider_id}/blobs/{name}", include_in_schema=False)
@router.get("/{provider_id}/blobs/{name}", response_class=Response, responses=BLOB, openapi_extra=_told(path="name"))
async def get_blob(request: Request) -> Response:
    """A file by its SHA-256: in an encoding that suits; with `.gz`, as it is stored and by `Range`."""
    blob = await context_of(request).snapshots.blob(_provider_id(request), request.path_params["name"])
    control = _caching(request).blob
    if isinstance(blob, File):
        return await respond(request, blob, control)
    return await respond_opaque(request, blob, control)


@router.head("/{provider_id}/snapshot/head", include_in_schema=False)
@router.get("/{provider_id}/snapshot/head", response_class=JSONResponse, responses={200: {"model": HeadBody}})
async def get_snapshot_head(
    request: Request, context: ContextDep, provider_id: ProviderId, after: After = None, wait: Wait = 0
) -> Response:
    """Which version is current, what it holds, how the sync stands and when to ask again."""
    known = parse_after(after)
    if known is not None and wait:
        return await wait_for_head(request, context.versions, provider_id, known, wait)
    head = await context.snapshots.head(provider_id)
    named = {"X-Catalog-Version": head["version"]} if head["version"] else {}
    return JSONResponse(head, headers=HEAD_CACHING | named)


async def _sent(request: Request, file: File) -> Response:
    return await respond(request, file, _caching(request).control(pinned=file.pinned))


def _caching(request: Request) -> Caching:
    settings = context_of(request).settings
    return Caching(private=bool(settings.api_keys), max_age=settings.snapshot_max_age)


def _provider_id(request: Request) -> str:
    provider_id: str = request.path_params["provider_id"]
    return provider_id
