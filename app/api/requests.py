"""What happens around every request: an id, a place in the log, a measured duration. Pure ASGI."""

import re
import time
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.errors import invalid
from app.api.metrics import REQUESTS, SECONDS
from app.api.paths import shown, template
from app.core.ids import new_id

SANE_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")

log = structlog.get_logger(__name__)


class RequestId:
    """Names each request, by the caller's `X-Request-ID` where it is sane, in the answer and in every log line."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if SANE_ID.fullmatch(given) else new_id()

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start" and not _bare(scope["path"]):
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self._app(scope, receive, named)


class Measure:
    """Counts and times requests by route template; logs them without their query, which may hold a key."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            seconds = time.perf_counter() - began
            method, route = scope["method"], template(scope)
            REQUESTS.labels(method, route, str(status)).inc()
            SECONDS.labels(method, route).observe(seconds)
            log.debug("request", method=method, path=shown(scope), status=status, ms=round(seconds * 1000, 2))


class Sane:
    """Refuses NUL characters at the door: no name holds one, and Postgres takes none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and ("\0" in scope["path"] or b"%00" in scope["query_string"]):
            await invalid([("url", "An address holds no NUL characters.")])(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _bare(path: str) -> bool:
    """Blobs are the same for everybody and events have no one moment: neither is named."""
    return "/blobs/" in path or path.endswith("/events")
