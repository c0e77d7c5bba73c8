"""Raw ASGI in and out: on the hot path every object counts, so no framework stands between."""

import asyncio
import gzip
import struct
import zlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from functools import lru_cache
from socket import SO_LINGER, SOL_SOCKET
from typing import Any, Final
from urllib.parse import unquote, unquote_plus

from msgspec import Struct

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

TRANSPORT: Final = "lineup.transport"  # where our own HTTP protocol leaves the connection, for real resets
JSON: Final = b"application/json"
HTML: Final = b"text/html; charset=utf-8"
GZIP_LEVEL: Final = 1
MAX_POST: Final = 1 << 20
PATH_ACTIONS: Final = {"xmltv.php": "xmltv", "get.php": "list"}  # files that are an action by themselves


class Call(Struct, frozen=True):
    """One API request as the portals see it."""

    type: str
    action: str
    params: Mapping[str, str]
    headers: Mapping[bytes, bytes]
    client: str
    path: str

    @property
    def name(self) -> str:
        """`itv.get_genres`; for Xtream the action alone."""
        return f"{self.type}.{self.action}" if self.type else self.action

    @property
    def page(self) -> int:
        """`p`, 0 when missing or not a number, as PHP's intval has it."""
        text = self.params.get("p", "0")
        return int(text) if text.isdecimal() else 0


class Reply(Struct, frozen=True):
    """One answer: a body, or `chunks` for bulk ones (then the length is unknown beforehand)."""

    body: bytes = b""
    status: int = 200
    content_type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()
    chunks: Iterator[bytes] | None = None


def redirect(location: str, status: int = 301) -> Reply:
    """Somewhere else."""
    return Reply(status=status, content_type=HTML, headers=((b"location", location.encode()),))


def parse_query(raw: bytes) -> dict[str, str]:
    """Names and values; unquoting only where there is something to unquote."""
    params: dict[str, str] = {}
    for part in raw.decode("latin-1").split("&"):
        name, _, value = part.partition("=")
        params[name] = unquote_plus(value) if "%" in value or "+" in value else value
    return params


@lru_cache(maxsize=4096)
def parse_cookies(raw: bytes) -> Mapping[str, str]:
    """Cookies by name, percent-decoded."""
    pairs = (part.strip().partition("=") for part in raw.decode("latin-1").split(";"))
    return {name: unquote(value) for name, _, value in pairs}


async def read_call(scope: Scope, receive: Receive) -> Call:
    """The request; the fields of a POSTed form count like those of the query, as in PHP's $_REQUEST."""
    params = parse_query(scope["query_string"])
    headers = dict(scope["headers"])
    if scope["method"] == "POST":
        params |= parse_query(await read_body(receive))
    client = headers.get(b"x-real-ip")
    address = client.decode("latin-1") if client else (scope.get("client") or ("", 0))[0]
    path = scope["path"]
    action = params.get("action") or PATH_ACTIONS.get(path.rpartition("/")[2], "")
    return Call(params.get("type", ""), action, params, headers, address, path)


async def read_body(receive: Receive) -> bytes:
    """The whole body, up to a bound."""
    body = b""
    while len(body) < MAX_POST:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return body


async def respond(send: Send, reply: Reply) -> int:
    """Sends a whole body; returns its size."""
    body = reply.body
    await send(
        {
            "type": "http.response.start",
            "status": reply.status,
            "headers": [
                (b"content-type", reply.content_type),
                (b"content-length", str(len(body)).encode()),
                *reply.headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})
    return len(body)


async def respond_chunked(send: Send, reply: Reply, chunks: Iterator[bytes], pause: float) -> int:
    """Sends a bulk answer piece by piece, `pause` seconds apart, and lets others run in between."""
    headers = [(b"content-type", reply.content_type), *reply.headers]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    size = 0
    for chunk in chunks:
        size += len(chunk)
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await asyncio.sleep(pause)
    await send({"type": "http.response.body", "body": b""})
    return size


async def abort(scope: Scope, receive: Receive) -> None:
    """Resets the connection and waits until the server noticed, so that it logs no unfinished answer."""
    transport = scope.get(TRANSPORT)
    if transport is None:
        raise ConnectionAbortedError("this server cannot reset connections")
    # A linger time of zero turns the close into a TCP reset.
    transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass


def gzipped(reply: Reply) -> Reply:
    """The same answer with Content-Encoding gzip."""
    headers = (*reply.headers, (b"content-encoding", b"gzip"))
    if reply.chunks is None:
        return Reply(gzip.compress(reply.body, GZIP_LEVEL), reply.status, reply.content_type, headers)
    return Reply(b"", reply.status, reply.content_type, headers, _gzip_chunks(reply.chunks))


def _gzip_chunks(chunks: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    for chunk in chunks:
        packed = packer.compress(chunk)
        if packed:
            yield packed
    yield packer.flush()
