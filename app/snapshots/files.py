"""Files of a version as a server needs them: their tags before anything is read, their bytes when they are."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

from zlib_ng import zlib_ng

from app.snapshots.assembly import Assembly
from app.snapshots.layout import Layout
from app.snapshots.pages import document_pieces
from app.snapshots.versions import Version


@dataclass(frozen=True, kw_only=True)
class Edition:
    """A published version: its row."""

    version: Version
    published_at: int
    artifact: str
    layout: Layout

    @cached_property
    def document(self) -> Assembly:
        """The whole catalogue."""
        pieces = document_pieces(self.layout, self.version, self.published_at)
        return Assembly(artifact=self.artifact, pieces=pieces)

    @cached_property
    def identity(self) -> str:
        """What tells this edition apart from all others, of other epochs and providers too."""
        return f"{self.layout.provider['id']} {self.version} {self.published_at} {self.artifact}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A file in one encoding: its bytes, or a way to stream them; `sha256` of these bytes where it is known."""

    length: int
    sha256: bytes | None
    body: bytes | None = None
    stream: Callable[[], AsyncIterator[bytes]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that a request asked for, not yet read.

    `pinned` = its URL names the version, so it never changes. `remade` = it is compressed when somebody asks: another
    release of the compressor may write other bytes, and a strong tag must tell.
    """

    edition: Edition
    name: str
    pinned: bool
    remade: bool
    open: Callable[["File", bool], Awaitable[Loaded]]

    @property
    def version(self) -> str:
        return str(self.edition.version)

    def tag(self, *, gzip: bool) -> str:
        """A strong tag of one encoding, without quotes."""
        encoding = "identity"
        if gzip:
            encoding = f"gzip {zlib_ng.ZLIBNG_RUNTIME_VERSION}" if self.remade else "gzip"
        return blake2b(f"{self.edition.identity} {self.name} {encoding}".encode(), digest_size=12).hexdigest()

    async def load(self, *, gzip: bool) -> Loaded:
        """Reads it, or says how."""
        return await self.open(self, gzip)
