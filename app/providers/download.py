"""Large files of providers: brought whole to a file on disk before anyone reads them.

A cut body is known before its first line is believed, a slow reader holds no connection open, and what is read twice
is asked for once.
"""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, Final, cast

from app.core.errors import Unavailable
from app.providers.retry import retry_after, retrying
from app.providers.statuses import judged
from app.providers.transport import NONE, ProviderClient
from app.providers.unpack import opened

__all__ = ["Download", "Unchanged", "downloaded", "fetched", "opened"]

NOT_MODIFIED: Final = 304
IN_MEMORY: Final = 8 * 1024 * 1024  # bytes; larger bodies go to a file
MAX_BYTES: Final = 2048 * 1024 * 1024
FIRST_BYTE_SECONDS: Final = 120.0  # such files are often made when they are asked for


class Unchanged(Exception):
    """304: what the caller holds is what there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A whole body as it was sent, but for its Content-Encoding; `opened(download.file)` reads what it holds."""

    file: BinaryIO = field(repr=False)
    size: int
    headers: Mapping[str, str] = field(repr=False)
    url: str = field(repr=False)  # after redirects

    def close(self) -> None:
        """Removes the file."""
        self.file.close()


@asynccontextmanager
async def downloaded(
    client: ProviderClient,
    url: str,
    *,
    headers: Mapping[str, str] = NONE,
    folder: str | os.PathLike[str] | None = None,
    max_bytes: int = MAX_BYTES,
    attempts: int = 3,
    base_seconds: float = 1.0,
) -> AsyncIterator[Download]:
    """The body of a URL, in a temporary file in `folder` that is gone when the block is left.

    Asked for again after `Unavailable`, as `retrying` does. Raises `Unavailable` (also for a cut or empty body),
    `Rejected` or `Malformed`; `Unchanged` where the headers ask for that.
    """
    download = await fetched(
        client,
        url,
        headers=headers,
        folder=folder,
        max_bytes=max_bytes,
        attempts=attempts,
        base_seconds=base_seconds,
    )
    try:
        yield download
    finally:
        download.close()


async def fetched(
    client: ProviderClient,
    url: str,
    *,
    headers: Mapping[str, str] = NONE,
    folder: str | os.PathLike[str] | None = None,
    max_bytes: int = MAX_BYTES,
    attempts: int = 3,
    base_seconds: float = 1.0,
) -> Download:
    """The same for who keeps it longer than a block, and closes it."""

    async def once() -> Download:
        with ExitStack() as undone:
            spool = undone.enter_context(
                SpooledTemporaryFile(max_size=IN_MEMORY, dir=None if folder is None else str(folder))
            )
            download = await _fetch(client, url, headers, cast("BinaryIO", spool), max_bytes)
            undone.pop_all()
        return download

    return await retrying(once, attempts=attempts, base_seconds=base_seconds)


async def _fetch(
    client: ProviderClient, url: str, headers: Mapping[str, str], spool: BinaryIO, max_bytes: int
) -> Download:
    async with client.stream(url, headers=headers, max_bytes=max_bytes, first_byte_seconds=FIRST_BYTE_SECONDS) as reply:
        if reply.status == NOT_MODIFIED and headers:  # nobody else asked whether it is
            raise Unchanged
        error = judged(reply.status, retry_after(reply.headers.get("retry-after")))
        if error is not None:
            raise error
        size = 0
        async for piece in reply.chunks():
            size += len(piece)
            spool.write(piece)
    if not size:
        raise Unavailable(
            "The server answered with nothing.", retry_after=retry_after(reply.headers.get("retry-after"))
        )
    spool.seek(0)
    return Download(file=spool, size=size, headers=reply.headers, url=reply.url)
