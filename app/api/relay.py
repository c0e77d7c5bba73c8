"""Streams as players get them: sent on to an address that tells nothing, or passed on piece by piece."""

from collections.abc import AsyncIterator
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
from app.streams.hls import is_hls

NO_STORE: Final = {"cache-control": "no-store"}  # links are good for this moment
HLS: Final = "application/vnd.apple.mpegurl"

log = structlog.get_logger(__name__)


class _Passed(StreamingResponse):
    """The body of a stream; its connection ends with the client's, whoever leaves first."""

    def __init__(self, relayed: Relayed) -> None:
        super().__init__(self._pieces(relayed), relayed.status, {**relayed.headers, **NO_STORE})
        self._relayed = relayed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except ProviderError as error:
            # Said already that all is well: the client sees a connection that breaks off, as it would have there.
            log.info("stream_broke_off", reason=error.detail)
        finally:
            await self._relayed.close()

    async def _pieces(self, relayed: Relayed) -> AsyncIterator[bytes]:
        async for piece in relayed.pieces():
            yield piece


async def respond_played(request: Request, link: StreamLink) -> Response:
    """A redirect where the link tells nothing of the account, else the stream."""
    passing = context_of(request).streams.passing
    found = await passing.open(link, span=request.headers.get("range"))
    if isinstance(found, str):
        return RedirectResponse(found, HTTPStatus.FOUND, NO_STORE)
    if request.method == "HEAD":
        await found.close()
        return Response(None, found.status, {**found.headers, **NO_STORE})
    if not is_hls(found.headers, found.url):
        return _Passed(found)
    try:
        return Response(await passing.segments(found, link, base_of(request)), headers=NO_STORE, media_type=HLS)
    finally:
        await found.close()
