"""Streams that only the account may open: followed to an address that anybody may know, or passed on as they come.

Nothing of it counts in the windows of the hosts: a film lasts longer than any walk.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final

import aiohttp
from yarl import URL

from app.core.errors import Malformed
from app.providers.crossing import Sent, address, redirected, where
from app.providers.retry import retry_after
from app.providers.statuses import judged
from app.providers.transport import CONNECT_SECONDS, IDLE_SECONDS, NONE, REDIRECT_CODES, REDIRECTS, Transport, trouble

PASSED: Final = ("content-type", "content-length", "content-range", "accept-ranges", "last-modified")
UNSATISFIABLE: Final = 416
_PATIENCE: Final = aiohttp.ClientTimeout(connect=CONNECT_SECONDS, sock_connect=CONNECT_SECONDS, sock_read=IDLE_SECONDS)


class Relayed:
    """An answer as its server gives it; to be closed by whoever holds it."""

    def __init__(self, reply: aiohttp.ClientResponse) -> None:
        self._reply = reply
        self.status = reply.status
        self.headers: Mapping[str, str] = {
            name: value for name in PASSED if (value := reply.headers.get(name)) is not None
        }
        self.url = str(reply.url)

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes; raises `Unavailable` when it breaks off."""
        try:
            while data := await self._reply.content.readany():
                yield data
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise trouble(error, self._reply.url) from None

    async def body(self, max_bytes: int) -> bytes:
        """The whole body; `Malformed` when it is longer."""
        found = bytearray()
        async for piece in self.pieces():
            found += piece
            if len(found) > max_bytes:
                raise Malformed(f"{where(self._reply.url)} sends a list that has no end.")
        return bytes(found)

    async def close(self) -> None:
        """Ends the connection: what was not read is not wanted."""
        self._reply.close()


class Relay:
    """Opens streams through the transport's connections and its guard of addresses."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def open(
        self, url: str, *, headers: Mapping[str, str] = NONE, span: str | None = None, bears: Callable[[str], bool]
    ) -> str | Relayed:
        """The first address on the way that does not `bear` the account, else the stream itself.

        `span` is a client's `Range`. Raises what the server's status means: `Unavailable`, `Rejected`, `Malformed`.
        """
        sent = Sent(headers={**headers, "Accept-Encoding": "identity"}, cookies=NONE)
        home = target = address(url, NONE)
        for _ in range(REDIRECTS + 1):
            crossing = dict(sent.headers(home, target, NONE)) | ({"Range": span} if span else {})
            reply = await self._ask(target, crossing)
            location = reply.headers.get("Location") if reply.status in REDIRECT_CODES else None
            if location is None:
                return _judged(reply)
            reply.close()
            target = redirected(target, location)
            if not bears(str(target)):
                return str(target)
        raise Malformed(f"{where(home)} redirects in circles.")

    async def _ask(self, target: URL, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        session = self._transport.session()
        asked = session.get(target, headers=headers, allow_redirects=False, timeout=_PATIENCE)
        try:
            async with asyncio.timeout(CONNECT_SECONDS + IDLE_SECONDS):
                return await asked
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise trouble(error, target) from None


def _judged(reply: aiohttp.ClientResponse) -> Relayed:
    if reply.status == UNSATISFIABLE:
        return Relayed(reply)
    error = judged(reply.status, retry_after(reply.headers.get("retry-after")))
    if error is None:
        return Relayed(reply)
    reply.close()
    raise error
