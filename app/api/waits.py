"""Answers that wait for a version: a head that is held back, and server-sent events."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager
from typing import Any, Final

from fastapi import Request, Response
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from starlette.types import Receive

from app.api.streaming import MEDIA_TYPE, PING_SECONDS, RETRY, HeldStream
from app.snapshots.versions import Version, parse_version
from app.snapshots.waiting import VersionWatches, Watch

MOST_SECONDS: Final = 60
HEAD_CACHING: Final = {"Cache-Control": "public, max-age=5"}
# Kept by a cache, "nothing new" would be the answer to the next question, at once and again and again.
NOTHING_NEW: Final = {"Cache-Control": "no-store"}
VERSIONS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "Versions.", "content": {MEDIA_TYPE: {"example": "event: version\ndata: k7f2.412\n"}}}
}


def parse_after(text: str | None) -> Version | None:
    """The version that a client has; `Invalid` names the field."""
    return None if text is None else parse_version(text, "after")


async def wait_for_head(
    request: Request, watches: VersionWatches, provider_id: str, after: Version, seconds: float
) -> Response:
    """The head, as soon as it is not that of `after`; a client that leaves is not waited with."""
    leaving = asyncio.create_task(_left(request.receive))
    try:
        told = await watches.head(provider_id, after, seconds, leaving)
    finally:
        leaving.cancel()
    headers = NOTHING_NEW if told.version in (None, str(after)) else HEAD_CACHING
    named = {"X-Catalog-Version": told.version} if told.version else {}
    return Response(told.body, headers=headers | named, media_type="application/json")


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class VersionStream(HeldStream[Watch]):
    """The current version, then each new one; who reads slowly skips what lies between."""

    def __init__(
        self, watching: AbstractContextManager[Watch], current: Version, *, ping_seconds: float = PING_SECONDS
    ) -> None:
        super().__init__(watching, ping_seconds=ping_seconds)
        self._current = current

    async def events(self, watch: Watch) -> AsyncGenerator[bytes, None]:
        yield RETRY
        known = self._current
        if known.number:
            yield _event(known)
        while not watch.over:
            found = await watch.next(known, self._ping_seconds)
            known = found or known
            yield _event(found) if found else KEEPALIVE_COMMENT


def _event(version: Version) -> bytes:
    return format_sse_event(data_str=str(version), event="version")
