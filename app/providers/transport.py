"""HTTP towards providers, over aiohttp.

It follows redirects by hand, guards the addresses it connects to, inflates under a limit, and shares one window per
host. Status codes are left to the dialects. It raises `Unavailable` (DNS, connect, timeout, reset, cut or damaged
body), `Malformed` (too big, endless redirects) or `Rejected` (a forbidden address); no text holds a query or a secret.
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Final

import aiohttp
from yarl import URL

from app.core.errors import Malformed, Unavailable
from app.core.ports import Hints
from app.providers.addresses import Networks, check
from app.providers.crossing import Sent, address, redirected, where
from app.providers.host import Host
from app.providers.hosts import Hosts
from app.providers.inflate import ACCEPTED, TOO_BIG, Inflater
from app.providers.pace import Pace
from app.providers.trouble import CONNECT_SECONDS, trouble
from app.providers.window import Window

IDLE_SECONDS: Final = 30.0  # without a byte, once the answer has begun
REDIRECTS: Final = 5
REDIRECT_CODES: Final = frozenset({301, 302, 303, 307, 308})
KEEP_SECONDS: Final = 15.0  # some panels count idle connections as streams
MiB: Final = 1024 * 1024
NONE: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One whole answer: header names in lower case, the body inflated, the URL after redirects."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    url: str = field(repr=False)


class Transport:
    """All connections of a process to providers."""

    def __init__(self, *, networks: Networks = "any", max_parallel: int = 150, hints: Hints | None = None) -> None:
        self._networks = networks
        self._max_parallel = max_parallel
        self._hosts = Hosts(max_parallel, hints)
        self._session: aiohttp.ClientSession | None = None

    def client(
        self,
        *,
        url: str,
        headers: Mapping[str, str] = NONE,
        cookies: Mapping[str, str] = NONE,
        max_parallel: int | None = None,
        per_second: float | None = None,
        verify: bool = True,
    ) -> "ProviderClient":
        """A client for the host of `url`; `max_parallel` lowers the ceiling of the window that its host shares.

        Without `verify` any TLS certificate is good enough.
        """
        host = self._hosts.of(url)
        sent = Sent(headers={"Accept-Encoding": ACCEPTED, **headers}, cookies=cookies)
        client = ProviderClient(self.session, host=host, pace=Pace(per_second), sent=sent, verify=verify)
        host.window.limit_for(client, min(max_parallel or self._max_parallel, self._max_parallel))
        return client

    def window(self, url: str) -> Window:
        """The window of a host, the same for everything that talks to it."""
        return self._hosts.of(url).window

    def session(self) -> aiohttp.ClientSession:
        """Made on first use, inside the loop that runs it."""
        if self._session is None or self._session.closed:
            # The windows bound what runs at once; a second limit here would only hide them.
            connector = aiohttp.TCPConnector(
                limit=0, ttl_dns_cache=60, keepalive_timeout=KEEP_SECONDS, socket_factory=self._socket
            )
            self._session = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
            )
        return self._session

    def _socket(self, info: "aiohttp.AddrInfoType") -> socket.socket:
        # Called for every connection with the address it goes to: names, literals and redirects alike.
        family, kind, protocol, _, address = info
        check(str(address[0]), self._networks)
        made = socket.socket(family=family, type=kind, proto=protocol)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return made

    async def close(self) -> None:
        await self._hosts.close()
        if self._session is not None:
            await self._session.close()


class StreamedReply:
    """An answer whose body is still coming."""

    def __init__(self, reply: aiohttp.ClientResponse, *, max_bytes: int) -> None:
        self._reply = reply
        self._max_bytes = max_bytes
        self.status = reply.status
        self.headers: Mapping[str, str] = _headers(reply)
        self.url = str(reply.url)
        self.blank = False  # the body ended before it began

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body, inflated, in pieces of any size; ends only when the body did, as far as HTTP can tell."""
        inflater = Inflater(self.headers.get("content-encoding", ""), max_bytes=self._max_bytes)
        blank = True
        while data := await self._read():
            for piece in inflater.feed(data):
                blank = False
                yield piece
        inflater.end()
        self.blank = blank

    async def body(self, max_bytes: int) -> bytes:
        """At most `max_bytes` of the body: the words of an answer that is no list."""
        found = bytearray()
        async for piece in self.chunks():
            found += piece
            if len(found) >= max_bytes:
                break
        return bytes(found[:max_bytes])

    async def _read(self) -> bytes:
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                return await self._reply.content.readany()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise trouble(error, self._reply.url) from None


class ProviderClient:
    """Requests to one provider: its headers, its cookies, the window of its host."""

    def __init__(
        self, session: Callable[[], aiohttp.ClientSession], *, host: Host, pace: Pace, sent: Sent, verify: bool
    ) -> None:
        self.window = host.window
        self._host = host
        self._session = session
        self._pace = pace
        self._sent = sent
        self._verify = verify

    async def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] = NONE,
        headers: Mapping[str, str] = NONE,
        max_bytes: int = 64 * MiB,
        first_byte_seconds: float = 30,
    ) -> Reply:
        """A whole answer of any status."""
        target = address(url, params)
        return await self._whole("GET", target, headers, None, cap=max_bytes, first_byte=first_byte_seconds)

    async def post(
        self, url: str, *, body: bytes, headers: Mapping[str, str] = NONE, cap: int = MiB, first_byte: float = 30
    ) -> Reply:
        """Sends a body; redirects are not followed. `cap` in bytes of the answer, `first_byte` in seconds."""
        return await self._whole("POST", address(url, NONE), headers, body, cap=cap, first_byte=first_byte)

    @asynccontextmanager
    async def stream(
        self,
        url: str,
        *,
        params: Mapping[str, str] = NONE,
        headers: Mapping[str, str] = NONE,
        max_bytes: int = 2048 * MiB,
        first_byte_seconds: float = 120,
    ) -> AsyncIterator[StreamedReply]:
        """An answer that is read as it arrives; it holds its slot of the window until it is left."""
        await self._host.enter(self._pace)
        try:
            asked = time.monotonic()
            answer = None
            try:
                reply = await self._open("GET", address(url, params), headers, None, first_byte=first_byte_seconds)
                answer, seconds = StreamedReply(reply, max_bytes=max_bytes), time.monotonic() - asked
                try:
                    yield answer
                finally:
                    reply.close()
            except Unavailable:
                if answer is None or (answer.status < 300 and not answer.blank):  # noqa: PLR2004 - the 2xx codes
                    self._host.failed(asked)
                else:
                    self._host.answered(reply.status, reply.headers, asked, seconds, blank=answer.blank)
                raise
            self._host.answered(reply.status, reply.headers, asked, seconds, blank=answer.blank)
        finally:
            self.window.leave()

    async def _whole(
        self, method: str, target: URL, headers: Mapping[str, str], body: bytes | None, *, cap: int, first_byte: float
    ) -> Reply:
        await self._host.enter(self._pace)
        try:
            asked = time.monotonic()
            try:
                reply = await self._open(method, target, headers, body, first_byte=first_byte)
                try:
                    data = await _body(reply, cap)
                finally:
                    reply.close()
            except Unavailable:
                self._host.failed(asked)
                raise
            self._host.answered(reply.status, reply.headers, asked, time.monotonic() - asked, blank=not data)
        finally:
            self.window.leave()
        return Reply(status=reply.status, headers=_headers(reply), body=data, url=str(reply.url))

    async def _open(
        self, method: str, target: URL, headers: Mapping[str, str], body: bytes | None, *, first_byte: float
    ) -> aiohttp.ClientResponse:
        home = target
        for _ in range(REDIRECTS + 1):
            reply = await self._ask(method, target, self._sent.headers(home, target, headers), body, first_byte)
            if "Set-Cookie" in reply.headers:
                self._sent.receive(target, reply.headers.getall("Set-Cookie"))
            location = reply.headers.get("Location") if reply.status in REDIRECT_CODES else None
            if location is None or body is not None:
                return reply
            reply.release()
            target = redirected(target, location)
        raise Malformed(f"{where(home)} redirects in circles.")

    async def _ask(
        self, method: str, target: URL, headers: Mapping[str, str], body: bytes | None, first_byte: float
    ) -> aiohttp.ClientResponse:
        try:
            return await self._session().request(
                method,
                target,
                headers=headers,
                data=body,
                allow_redirects=False,
                timeout=_timeout(first_byte),
                ssl=self._verify,
            )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # `from None`: the text of aiohttp's own errors holds the whole URL.
            raise trouble(error, target) from None


@cache
def _timeout(first_byte: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(connect=CONNECT_SECONDS, sock_connect=CONNECT_SECONDS, sock_read=first_byte)


async def _body(reply: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    if (reply.content_length or 0) > max_bytes:
        raise Malformed(TOO_BIG)
    parts: list[bytes] = []
    size = 0
    try:
        while data := await reply.content.readany():
            size += len(data)
            if size > max_bytes:
                raise Malformed(TOO_BIG)
            parts.append(data)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise trouble(error, reply.url) from None
    coding = reply.headers.get("Content-Encoding")
    if coding is None:
        return parts[0] if len(parts) == 1 else b"".join(parts)
    inflater = Inflater(coding, max_bytes=max_bytes)
    inflated = b"".join([piece for part in parts for piece in inflater.feed(part)])
    inflater.end()
    return inflated


def _headers(reply: aiohttp.ClientResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in reply.headers.items()}
