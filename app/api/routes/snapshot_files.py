"""A version as a database that a phone opens as it is: the file itself, and the same as one opaque gzip file."""

from typing import Any, Final

from fastapi import APIRouter, Request, Response

from app.api.bodies import Caching, respond_opaque
from app.api.deps import context_of
from app.api.model import Problem
from app.api.routes.snapshots import VERSION
from app.snapshots.databases import MEDIA_TYPE, parse_flavor
from app.snapshots.files import GZIP
from app.snapshots.sqlite_schema import Flavor

FLAVOR: Final = {
    "name": "flavor",
    "in": "query",
    "required": False,
    "description": "`fts5` has an index of the words in names, `plain` has none.",
    "schema": {"type": "string", "enum": list(Flavor), "default": "fts5"},
}
PROVIDER: Final = {"name": "provider_id", "in": "path", "required": True, "schema": {"type": "string"}}
PARAMETERS: Final = {"parameters": [PROVIDER, VERSION, FLAVOR]}
DATABASE: Final[dict[int | str, dict[str, Any]]] = {
    206: {"description": "The range that was asked for."},
    304: {"description": "`If-None-Match` names what would be sent."},
    404: {"model": Problem, "description": "No such provider."},
    409: {"model": Problem, "description": "`version_ahead`: not known here yet; see `Retry-After`."},
    410: {"model": Problem, "description": "`reset`: that version is gone, fetch anew; `reason`, `manifest`."},
    416: {"description": "A range behind the end."},
    503: {"model": Problem, "description": "`building`: ask again after `Retry-After` seconds."},
}
PLAIN: Final = DATABASE | {200: {"content": {MEDIA_TYPE: {}}, "description": "The file."}}
PACKED: Final = DATABASE | {200: {"content": {GZIP: {}}, "description": "The file as one gzip member."}}

router = APIRouter(tags=["snapshots"])


@router.head("/{provider_id}/snapshot.sqlite", include_in_schema=False)
@router.get("/{provider_id}/snapshot.sqlite", response_class=Response, responses=PLAIN, openapi_extra=PARAMETERS)
async def get_database(request: Request) -> Response:
    """The catalogue as an SQLite file, built when it is first asked for; goes on where it was cut by `Range`."""
    return await _sent(request, gzip=False)


@router.head("/{provider_id}/snapshot.sqlite.gz", include_in_schema=False)
@router.get("/{provider_id}/snapshot.sqlite.gz", response_class=Response, responses=PACKED, openapi_extra=PARAMETERS)
async def get_packed_database(request: Request) -> Response:
    """The same file compressed; a third of the bytes, to be inflated by whoever fetched it."""
    return await _sent(request, gzip=True)


async def _sent(request: Request, *, gzip: bool) -> Response:
    context, query = context_of(request), request.query_params
    flavor, version = parse_flavor(query.get("flavor")), query.get("version")
    edition = await context.snapshots.edition(request.path_params["provider_id"], version)
    file = await context.databases.get(edition, flavor, gzip=gzip, pinned=version is not None)
    settings = context.settings
    caching = Caching(private=bool(settings.api_keys), max_age=settings.snapshot_max_age)
    return await respond_opaque(request, file, caching.control(pinned=file.pinned))
