"""Streams as players get them: sent on to an address that tells nothing, or passed on piece by piece."""

import asyncio
from http import HTTPStatus
from typing import Final

import structlog
from fastapi import Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

from app.api.deps import base_of, context_of
from app.core.errors import ProviderError
from app.providers.base import StreamLink
from app.providers.relay import Relayed
from app.streams.passing import Holder

NO_STORE: Final = {"cache-control": "no-store"}  # links are good for this moment
AS_TOLD: Final = {**NO_STORE, "x-content-type-options": "nosniff"}  # whatever it is, it becomes no page of this server
HLS: Final = "application/vnd.apple.mpegurl"

log = structlog.get_logger(__name__)


class _Passed(StreamingResponse):
    """The body of a stream; its connection ends with the client's, whoever leaves first."""

    def __init__(self, relayed: Relayed) -> None:
        super().__init__(relayed.pieces(), relayed.status, {**relayed.headers, **AS_TOLD})
        self._relayed = relayed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(None) as patience:
                self._relayed.when_over(lambda: patience.reschedule(loop.time()))
                await super().__call__(scope, receive, send)
        except (ProviderError, TimeoutError) as error:
            # Said already that all is well: the client sees a connection that breaks off, as it would have there.
            log.info("stream_broke_off", reason=getattr(error, "detail", "The server ends."))
        finally:
            self._relayed.close()


async def respond_played(request: Request, link: StreamLink, holder: Holder) -> Response:
    """A redirect where the link tells nothing of the account, else the stream, for `holder` alone."""
    passing = context_of(request).streams.passing
    found = await passing.open(link, span=request.headers.get("range"))
    if isinstance(found, str):
        return RedirectResponse(found, HTTPStatus.FOUND, NO_STORE)
    if found.listed:
        try:
            text = await passing.segments(found, link, base_of(request), holder)
        finally:
            found.close()
        return Response(text, headers=AS_TOLD, media_type=HLS)
    if request.method == "HEAD":
        found.close()
        return StreamingResponse((), found.status, {**found.headers, **AS_TOLD})
    return _Passed(found)
