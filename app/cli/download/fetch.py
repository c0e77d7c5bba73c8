"""Fetches files by content: several at once, each from where it was cut, verified before it counts."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO, Final

import httpx

from app.cli.download.folder import Folder, digest_of
from app.cli.download.plan import Manifest, Part
from app.cli.download.server import Lost, Server, Tries, lost_by
from app.core.errors import LineupError
from app.core.pauses import together

PARALLEL: Final = 4
SPAN_BYTES: Final = 4 << 20  # asked for at once
SPOILT: Final = 4  # times that a file may come with other bytes than its name says

Seen = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A file on a server: `tag` when a change of it can be told, otherwise its address names its content."""

    url: str
    sha256: str
    bytes: int
    tag: str | None = None


class Changed(LineupError):
    """The server has another file at this address now."""


class Fetcher:
    """Counts what comes; `seen` is told of the bytes of each piece, negative ones of those thrown away."""

    def __init__(self, server: Server, folder: Folder, seen: Seen) -> None:
        self._server = server
        self._folder = folder
        self._seen = seen
        self.bytes = 0

    async def parts(self, manifest: Manifest, wanted: Iterable[Part]) -> int:
        """Has all of these in the folder; returns how many were there already."""
        parts = list({part.sha256: part for part in wanted}.values())
        missing = [part for part in parts if not self._folder.has(part)]
        waiting = iter(missing)

        async def work() -> None:
            for part in waiting:
                await self.file(_remote(manifest, part), self._folder.fetched(part))

        async with together() as group:
            for _ in range(min(PARALLEL, len(missing))):
                group.create_task(work())
        return len(parts) - len(missing)

    async def file(self, remote: Remote, target: Path) -> None:
        """Has one file, all of it and as its SHA-256 says."""
        partial = target.with_suffix(".partial")
        for _ in range(SPOILT):
            await self._rest(remote, partial)
            if await asyncio.to_thread(digest_of, partial) == remote.sha256:
                _rename(partial, target)
                return
            self._seen(-remote.bytes)
            _remove(partial)
        raise LineupError(f"{remote.url} came {SPOILT} times with other bytes than its checksum says.", code="spoilt")

    async def _rest(self, remote: Remote, partial: Path) -> None:
        tries, size = Tries(), _size(partial)
        if size > remote.bytes:
            _remove(partial)
            size = 0
        self._seen(size)
        while size < remote.bytes:
            try:
                await self._span(remote, partial, size)
            except Lost as lost:
                await self._again(lost, partial, size, tries)
            except httpx.RequestError as error:
                await self._again(lost_by(error), partial, size, tries)
            size = _size(partial)

    async def _again(self, lost: Lost, partial: Path, before: int, tries: Tries) -> None:
        if _size(partial) > before:
            tries.well()
        await tries.after(lost)

    async def _span(self, remote: Remote, partial: Path, offset: int) -> None:
        end = min(offset + SPAN_BYTES, remote.bytes)
        headers = {"Range": f"bytes={offset}-{end - 1}", "Accept-Encoding": "identity"}
        if remote.tag:
            headers["If-Range"] = remote.tag
        async with self._server.asked(remote.url, headers) as answer:
            if answer.status_code != HTTPStatus.PARTIAL_CONTENT:
                if remote.tag:
                    raise Changed(f"{remote.url} changed while it was fetched.", code="changed")
                self._seen(-offset)  # a server that knows no ranges begins anew
                offset, end = 0, remote.bytes
            with _opened(partial, offset) as file:
                left = end - offset
                async for chunk in answer.aiter_raw():
                    file.write(chunk[:left])
                    self._count(len(chunk[:left]))
                    left -= len(chunk[:left])
            if left:
                raise Lost("The server cut the connection.")

    def _count(self, number: int) -> None:
        self.bytes += number
        self._seen(number)


# Each is a moment on the disk: a thread would take longer.
def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _rename(path: Path, target: Path) -> None:
    path.replace(target)


def _opened(path: Path, offset: int) -> BinaryIO:
    """A file to be written from there on."""
    file = path.open("r+b" if path.exists() else "w+b")
    file.truncate(offset)
    file.seek(offset)
    return file


def _remote(manifest: Manifest, part: Part) -> Remote:
    gzip = part.encodings.gzip
    url = f"{manifest.blob_base}/{gzip.sha256}"
    return Remote(url=url, sha256=gzip.sha256, bytes=gzip.bytes)
