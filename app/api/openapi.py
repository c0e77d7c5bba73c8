"""The interface as /docs shows it."""

from collections.abc import Callable
from typing import Any, Final

from fastapi import FastAPI

from app.api.errors import MEDIA_TYPE

DESCRIPTION: Final = """
A complete, tidy, local copy of IPTV catalogues.

Add a **provider**; its catalogue is synced at once and then by its schedule. **Browse** it, page by page or by keyset
cursor; fetch it whole from **snapshots**; ask for a **stream** when something is to be played.

An account is a provider: everything below `/api/providers` answers under `/api/accounts` too. With API keys set, send
`X-API-Key`, `Authorization: Bearer` or `?key=`. A key has a scope: `read` looks, `sync` starts and cancels syncs too,
`admin` changes things; 403 `scope_missing` names the one that is needed, 429 says when to come back. Errors are problem
documents (RFC 9457) with a stable `code`.
"""
TAGS: Final = [
    {"name": "providers", "description": "Upstream accounts: add, change, test, remove."},
    {"name": "sync", "description": "Bring a catalogue up to date, watch, cancel, look back."},
    {"name": "browse", "description": "Channels, movies, series and categories, filtered, sorted and paged."},
    {"name": "tags", "description": "Rules that tag items and tidy names, and filters that hide them."},
    {"name": "streams", "description": "Seasons, episodes and links to play."},
    {"name": "playlists", "description": "Saved line-ups, what is changed in them by hand, and who may ask for them."},
    {"name": "outputs", "description": "What players are given: M3U, XMLTV, a tuner. A token in the URL opens each."},
    {"name": "epg", "description": "Programme guides: what channels show, how well guides cover them, and pins."},
    {"name": "tables", "description": "The tables of an operator's portal: mirrored, and asked in SQL."},
    {"name": "snapshots", "description": "Whole catalogues as immutable, compressed files."},
    {"name": "audit", "description": "Who changed what."},
    {"name": "health", "description": "For probes and dashboards; needs no key, metrics excepted."},
]
KEYS: Final = {
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "bearer": {"type": "http", "scheme": "bearer"},
    "query": {"type": "apiKey", "in": "query", "name": "key"},
}
FIRST_ERROR: Final = 400


def described(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """The application's own description, with errors as what they are and the ways to present a key."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = made()
            for operations in schema["paths"].values():
                for operation in operations.values():
                    _mark_problems(operation["responses"])
            schema["components"]["securitySchemes"] = KEYS
            schema["security"] = [{}, *({name: []} for name in KEYS)]
            app.openapi_schema = schema
        return app.openapi_schema

    return openapi


def _mark_problems(responses: dict[str, Any]) -> None:
    for status, response in responses.items():
        content = response.get("content", {})
        if int(status) >= FIRST_ERROR and "application/json" in content:
            content[MEDIA_TYPE] = content.pop("application/json")
