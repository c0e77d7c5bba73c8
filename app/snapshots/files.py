"""Files of a version as a server needs them: their tags before anything is read, their bytes when they are."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from hashlib import blake2b
from typing import Final

import zstandard

from app.snapshots.assembly import Assembly
from app.snapshots.layout import Layout
from app.snapshots.member import COMPRESSOR
from app.snapshots.pages import document_pieces
from app.snapshots.versions import Version
from app.snapshots.views import View

JSON: Final = "application/json"
LINES: Final = "application/x-ndjson"
GZIP: Final = "application/gzip"
BINARY: Final = "application/octet-stream"


class Encoding(StrEnum):
    """How content is sent; the names of `Content-Encoding`."""

    IDENTITY = "identity"
    GZIP = "gzip"
    ZSTD = "zstd"


@dataclass(frozen=True, kw_only=True)
class Edition:
    """A published version: its row."""

    provider_pk: int
    version: Version
    published_at: int
    layout: Layout

    @cached_property
    def document(self) -> Assembly:
        """The whole catalogue."""
        return Assembly(pieces=document_pieces(self.layout, self.version, self.published_at, View.FULL))

    @cached_property
    def lite_document(self) -> Assembly:
        """The whole catalogue in the lite view."""
        return Assembly(pieces=document_pieces(self.layout, self.version, self.published_at, View.LITE))

    @cached_property
    def identity(self) -> str:
        """What tells this edition apart from all others, of other epochs and providers too."""
        return f"{self.layout.provider['id']} {self.version} {self.published_at}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A file in one encoding: its bytes, or a way to stream them; `sha256` of these bytes."""

    length: int
    sha256: bytes
    body: bytes | None = None
    stream: Callable[[], AsyncIterator[bytes]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that a request asked for, not yet read.

    `identity` and `name` together name its content for ever. `pinned` = its URL names the version, so it never changes.
    `remade` = it is compressed when somebody asks: another release of the compressor may write other bytes, and a
    strong tag must tell.
    """

    version: str
    identity: str
    name: str
    pinned: bool
    open: Callable[["File", Encoding], Awaitable[Loaded]]
    remade: bool = False
    media_type: str = JSON
    zstd: bool = True  # False = too large to be compressed while somebody waits

    def tag(self, encoding: Encoding) -> str:
        """A strong tag of one encoding, without quotes."""
        spelled: str = encoding
        if encoding is Encoding.ZSTD:
            spelled = f"zstd {zstandard.ZSTD_VERSION}"
        elif encoding is Encoding.GZIP and self.remade:
            spelled = COMPRESSOR
        return blake2b(f"{self.identity} {self.name} {spelled}".encode(), digest_size=12).hexdigest()

    async def load(self, encoding: Encoding) -> Loaded:
        """Reads it, or says how."""
        return await self.open(self, encoding)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opaque:
    """A stored file as it lies in the store: any range of it can be sent. Its tag is its SHA-256 in hex."""

    version: str
    sha256: str
    length: int
    media_type: str
    pinned: bool
    stream: Callable[[int, int], AsyncIterator[bytes]]  # offset, length
    load: Callable[[], Awaitable[Loaded]] | None = None  # of a small file: the whole, kept in memory
