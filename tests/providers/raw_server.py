"""A server that sends exactly the bytes a test wants, and remembers what it was asked."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ssl import SSLContext
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, kw_only=True)
class Asked:
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def cookies(self) -> dict[str, str]:
        pairs = (part.partition("=") for part in self.headers.get("cookie", "").split("; ") if part)
        return {name: value for name, _, value in pairs}


Answer = Callable[[Asked], bytes | None]


def reply(body: bytes | str, status: int = 200, headers: Mapping[str, str] | None = None) -> bytes:
    """A whole answer with its length."""
    body = body.encode() if isinstance(body, str) else body
    return unmeasured(body, status, {"Content-Length": str(len(body)), **(headers or {})})


def unmeasured(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> bytes:
    """An answer as it stands: without a length it ends where the connection does."""
    lines = [f"HTTP/1.1 {status} Something", *(f"{name}: {value}" for name, value in (headers or {}).items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class RawServer:
    """`async with RawServer(answer) as server:`; `None` from `answer` resets the connection.

    `close` ends the connection after each answer; `hold` seconds pass before each.
    """

    def __init__(
        self,
        answer: Answer,
        *,
        close: bool = False,
        hold: float = 0,
        host: str = "127.0.0.1",
        tls: SSLContext | None = None,
    ) -> None:
        self._answer = answer
        self._close = close
        self._hold = hold
        self._host = host
        self._tls = tls
        self._writers: set[asyncio.StreamWriter] = set()
        self.asked: list[Asked] = []
        self.now = 0
        self.most = 0

    @property
    def connections(self) -> int:
        return len(self._writers)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self._host, 0, backlog=1000, ssl=self._tls)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"http{'s' if self._tls else ''}://{self._host}:{self.port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await self._server.wait_closed()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        asked = await _read(reader)
        self.asked.append(asked)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            if self._hold:
                await asyncio.sleep(self._hold)
            answer = self._answer(asked)
        finally:
            self.now -= 1
        if answer is None:
            writer.transport.abort()
            return False
        writer.write(answer)
        await writer.drain()
        return not self._close


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method=method, target=target, headers=headers, body=body)
