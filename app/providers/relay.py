"""Streams that only the account may open: followed to an address that anybody may know, or passed on as they come.

Nothing of it counts in the windows of the hosts: a film lasts longer than any walk.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import ExitStack
from typing import Final
from urllib.parse import urlsplit
from weakref import WeakSet

import aiohttp
from yarl import URL

from app.core.errors import Malformed, Unavailable
from app.providers.bearing import bears, holds
from app.providers.crossing import Sent, address, redirected, where
from app.providers.inflate import Inflater
from app.providers.retry import retry_after
from app.providers.statuses import judged
from app.providers.transport import IDLE_SECONDS, NONE, REDIRECT_CODES, REDIRECTS, Transport
from app.providers.trouble import CONNECT_SECONDS, trouble

PASSED: Final = ("content-type", "content-length", "content-range", "accept-ranges", "last-modified")
MEASURES: Final = frozenset({"content-length", "content-range", "accept-ranges"})  # of the body as it was sent
LIST_TYPES: Final = frozenset(
    {"application/vnd.apple.mpegurl", "application/x-mpegurl", "audio/mpegurl", "audio/x-mpegurl"}
)
LIST_BEGIN: Final = b"#EXTM3U"
LONGEST_LIST: Final = 4 * 2**20  # bytes of a list of segments
PAGE_TYPES: Final = frozenset(
    {"text/html", "application/xhtml+xml", "application/json", "application/xml", "text/xml", "application/dash+xml"}
)
LOOKED_AT: Final = 512  # bytes of a body, to see what it is
SHORTEST_PAGE: Final = 17  # characters; a key of 16 bytes may look like anything
UNSATISFIABLE: Final = 416
PARTIAL: Final = 206
ENDLESS: Final = 2**62
_BINARY: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_PAGE: Final = re.compile(r"\s*(?:<[!?a-z]|[{\[])", re.IGNORECASE)
_PATIENCE: Final = aiohttp.ClientTimeout(connect=CONNECT_SECONDS, sock_connect=CONNECT_SECONDS, sock_read=IDLE_SECONDS)


class Relayed:
    """An answer as its server gives it; to be closed by whoever holds it."""

    def __init__(self, reply: aiohttp.ClientResponse) -> None:
        self._reply = reply
        self._coding = reply.headers.get("content-encoding", "")
        self._body = self._inflated()
        self._first = b""
        self._told: Callable[[], object] | None = None
        self.status = reply.status
        self.url = str(reply.url)
        self.headers: Mapping[str, str] = {
            name: value
            for name in PASSED
            if (value := reply.headers.get(name)) is not None and not (self._coding and name in MEASURES)
        }

    @property
    def listed(self) -> bool:
        """Whether it is a list of segments, whatever it calls itself."""
        begins = self._first.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(LIST_BEGIN)
        return begins and self.status != UNSATISFIABLE

    @property
    def dim(self) -> bool:
        """Whether it is a part of what may be a list, which does not show."""
        total = self.headers.get("content-range", "").rpartition("/")[2]
        return self.status == PARTIAL and not (total.isdecimal() and int(total) > LONGEST_LIST)

    def check(self, words: frozenset[str]) -> None:
        """Raises `Malformed` for a page where a stream should be: it may quote what it was asked with."""
        if self.listed or self.dim or self.status == UNSATISFIABLE:
            return
        text = _text(self._first)
        page = len(text) >= SHORTEST_PAGE and (self._named or _PAGE.match(text))
        if page or self._type in PAGE_TYPES or holds(text, words):
            raise Malformed(f"{where(self._reply.url)} answers with a page instead of a stream.")

    async def begin(self) -> None:
        """Reads so much of the body that it tells what it is."""
        while len(self._first) < LOOKED_AT and (piece := await anext(self._body, b"")):
            self._first += piece

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes; raises `Unavailable` when it breaks off."""
        if self._first:
            yield self._first
        async for piece in self._body:
            yield piece

    async def text(self) -> str:
        """The whole body of a list; `Malformed` when it does not end."""
        found = bytearray()
        async for piece in self.pieces():
            found += piece
            if len(found) > LONGEST_LIST:
                raise Malformed(f"{where(self._reply.url)} sends a list that has no end.")
        return found.decode(errors="replace")

    def close(self) -> None:
        """Ends the connection: what was not read is not wanted."""
        self._told = None
        self._reply.close()

    def when_over(self, told: Callable[[], object]) -> None:
        """Has somebody told when the process ends the stream: who waits for a client hears of nothing else."""
        self._told = told

    def end(self) -> None:
        """Ends it in the middle."""
        told = self._told
        self.close()
        if told:
            told()

    @property
    def _type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def _named(self) -> bool:
        return self._type in LIST_TYPES or urlsplit(self.url).path.lower().endswith(".m3u8")

    async def _inflated(self) -> AsyncGenerator[bytes, None]:
        try:
            if not self._coding:
                while data := await self._reply.content.readany():
                    yield data
                return
            inflater = Inflater(self._coding, max_bytes=ENDLESS)
            while data := await self._reply.content.readany():
                for piece in inflater.feed(data):
                    yield piece
            inflater.end()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise trouble(error, self._reply.url) from None


class Relay:
    """Opens streams through the transport's connections and its guard of addresses."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._open: WeakSet[Relayed] = WeakSet()
        self._over = False

    async def open(
        self, url: str, *, headers: Mapping[str, str] = NONE, span: str | None = None, words: frozenset[str]
    ) -> str | Relayed:
        """The first address on the way that does not tell the account's `words`, else the stream itself.

        `span` is a client's `Range`. Raises what the server's status means: `Unavailable`, `Rejected`, `Malformed`.
        """
        sent = Sent(headers={**headers, "Accept-Encoding": "identity"}, cookies=NONE)
        home = target = address(url, NONE)
        for _ in range(REDIRECTS + 1):
            crossing = dict(sent.headers(home, target, NONE)) | ({"Range": span} if span else {})
            reply = await self._ask(target, crossing)
            location = reply.headers.get("Location") if reply.status in REDIRECT_CODES else None
            if location is None:
                return await self._begun(reply, words)
            reply.close()
            sent.receive(target, reply.headers.getall("Set-Cookie", []))
            target = redirected(target, location)
            if not bears(str(target), words):
                return str(target)
        raise Malformed(f"{where(home)} redirects in circles.")

    def end(self) -> None:
        """Ends every stream that is passed on: the process ends."""
        self._over = True
        for relayed in tuple(self._open):
            relayed.end()

    async def _ask(self, target: URL, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        session = self._transport.session()
        asked = session.get(target, headers=headers, allow_redirects=False, timeout=_PATIENCE)
        try:
            async with asyncio.timeout(CONNECT_SECONDS + IDLE_SECONDS):
                return await asked
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise trouble(error, target) from None

    async def _begun(self, reply: aiohttp.ClientResponse, words: frozenset[str]) -> Relayed:
        relayed = Relayed(reply)
        self._open.add(relayed)
        with ExitStack() as unless_whole:
            unless_whole.callback(relayed.close)
            self._judge(reply)
            await relayed.begin()
            relayed.check(words)
            unless_whole.pop_all()
        return relayed

    def _judge(self, reply: aiohttp.ClientResponse) -> None:
        if self._over:
            raise Unavailable("The server is about to end.")
        error = judged(reply.status, retry_after(reply.headers.get("retry-after")))
        if error is not None and reply.status != UNSATISFIABLE:
            raise error


def _text(data: bytes) -> str:
    """What a body begins with, where it is a text: a media file holds bytes there that no text does."""
    begin = data[:LOOKED_AT]
    return "" if _BINARY.search(begin) else begin.decode(errors="replace")
