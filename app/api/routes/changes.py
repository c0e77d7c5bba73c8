"""What changed between two versions, and who is told at once that there is a new one."""

from typing import Any, Final

from fastapi import APIRouter, Request, Response

from app.api.bodies import Caching, respond
from app.api.deps import ContextDep, ProviderId, context_of
from app.api.routes.snapshots import FILE, VIEW
from app.api.waits import VERSIONS, VersionStream
from app.snapshots.delta import MOST, parse_changes
from app.snapshots.pages import MAX_PAGE


def _query(name: str, description: str, *, required: bool = False, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": required, "description": description, "schema": schema}


# Told here and read by hand, as the files of a version are.
PARAMETERS: Final = {
    "parameters": [
        {"name": "provider_id", "in": "path", "required": True, "schema": {"type": "string"}},
        _query("since", "The version that you have.", required=True, type="string"),
        _query("to", "Up to this version: an answer that never changes. Left out: the current one.", type="string"),
        _query("limit", "Operations in one answer.", type="integer", minimum=1, maximum=MOST, default=MOST),
        _query("page", "From 1; `next` names it.", type="integer", minimum=1, maximum=MAX_PAGE, default=1),
        VIEW,
    ]
}

router = APIRouter(tags=["snapshots"])


@router.head("/{provider_id}/changes", include_in_schema=False)
@router.get("/{provider_id}/changes", response_class=Response, responses=FILE, openapi_extra=PARAMETERS)
async def get_changes(request: Request) -> Response:
    """One operation for each id that changed: rows to put, ids to take away; `next` links the rest."""
    context, query = context_of(request), request.query_params
    wanted = parse_changes(*(query.get(name) for name in ("since", "to", "limit", "page", "view")))
    file = await context.snapshots.changes(request.path_params["provider_id"], wanted)
    settings = context.settings
    caching = Caching(private=bool(settings.api_keys), max_age=settings.snapshot_max_age)
    return await respond(request, file, caching.control(pinned=file.pinned))


@router.get("/{provider_id}/snapshot/events", response_class=Response, responses=VERSIONS)
async def watch_versions(context: ContextDep, provider_id: ProviderId) -> Response:
    """Server-sent events: `version` with the number of the current one at once, then of each new one."""
    head = await context.snapshots.current(provider_id)
    return VersionStream(context.versions.watch(head.provider_pk), head.current)
