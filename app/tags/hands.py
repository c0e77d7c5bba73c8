"""Who marks: this process, or one beside it that leaves the interpreter of a worker to everything else.

What goes to that process and comes back is a length of four bytes, the highest first, then msgpack: what to mark by,
and for each stretch what was found and what is to be written. It ends with its input.
"""

import asyncio
import contextlib
import gc
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import IO, Final, Protocol

import structlog
from msgspec import Struct, msgpack

from app.core.clock import now_ms, rfc3339
from app.core.pace import Pace
from app.core.pauses import undisturbed
from app.domain.marking import Guide, Marker
from app.domain.stretches import Found, Marked

APART: Final = 20_000  # items from which on it pays: a process takes half a second to start
LENGTH: Final = 4  # bytes

_encode: Final = msgpack.Encoder().encode
log = structlog.get_logger()


class Answer(Struct, frozen=True):
    """A stretch's marking, and the rules and filters left out by then: why, by their ids."""

    marked: Marked
    troubles: dict[str, str]


class Hand(Protocol):
    """Marks one stretch after the other."""

    @property
    def troubles(self) -> dict[str, str]:
        """Rules and filters left out so far, and why, by their ids."""
        ...

    async def give(self, found: Found) -> None:
        """Gives a stretch to mark."""
        ...

    async def take(self) -> Marked:
        """What is to be written of the stretch that was given."""
        ...


@asynccontextmanager
async def hand(marker: Marker, items: int) -> AsyncIterator[Hand]:
    """Who marks so many items best."""
    if items < APART:
        yield Here(marker)
        return
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        beside = Beside(process, marker)
        await beside.send(marker.guide)
        yield beside
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()  # it holds nothing
        await undisturbed(process.wait())


class Here:
    """Marks in this process, when what was given is taken."""

    def __init__(self, marker: Marker) -> None:
        self._marker = marker
        self._found = Found()

    @property
    def troubles(self) -> dict[str, str]:
        return self._marker.troubles

    async def give(self, found: Found) -> None:
        self._found = found

    async def take(self) -> Marked:
        made, pace = _begun(), Pace()
        for item in self._found.items:
            if pace.due():
                await asyncio.sleep(0)
            made.add(self._marker, self._found, item)
        return made


class Beside:
    """Marks in a process of its own; should that be `lost`, in this one."""

    def __init__(self, process: asyncio.subprocess.Process, marker: Marker) -> None:
        self.pid = process.pid
        self._process = process
        self._here = Here(marker)
        self.lost = False
        self._told: dict[str, str] = {}

    @property
    def troubles(self) -> dict[str, str]:
        return {**self._told, **self._here.troubles}

    async def give(self, found: Found) -> None:
        await self._here.give(found)
        await self.send(found)

    async def take(self) -> Marked:
        if not self.lost:
            try:
                return await self._received()
            except (OSError, asyncio.IncompleteReadError):
                self._gone()
        return await self._here.take()

    async def send(self, message: Guide | Found) -> None:
        """Lets the process have a message, as far as there is one."""
        if self.lost or self._process.stdin is None:
            return
        body = _encode(message)
        try:
            self._process.stdin.writelines((len(body).to_bytes(LENGTH), body))
            await self._process.stdin.drain()
        except OSError:
            self._gone()

    async def _received(self) -> Marked:
        if self._process.stdout is None:
            raise BrokenPipeError
        length = int.from_bytes(await self._process.stdout.readexactly(LENGTH))
        answer = msgpack.decode(await self._process.stdout.readexactly(length), type=Answer)
        self._told = answer.troubles
        return answer.marked

    def _gone(self) -> None:
        self.lost = True
        log.warning("marking_process_lost", code=self._process.returncode)


def _begun() -> Marked:
    now = now_ms()
    return Marked((now, rfc3339(now)))


def main() -> None:
    """The process beside: answers until its input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    guide = msgpack.decode(_next(source), type=Guide)
    marker = Marker(guide.kind, guide.policy, guide.categories)
    read = msgpack.Decoder(Found, strict=False).decode  # SQLite has 0 and 1 for no and yes
    gc.disable()  # nothing here goes in circles
    while body := _next(source):
        found, made = read(body), _begun()
        for item in found.items:
            made.add(marker, found, item)
        answer = _encode(Answer(made, marker.troubles))
        sink.write(len(answer).to_bytes(LENGTH))
        sink.write(answer)
        sink.flush()


def _next(source: IO[bytes]) -> bytes:
    return source.read(int.from_bytes(source.read(LENGTH)))


if __name__ == "__main__":
    main()
