"""Files that a version has beside its parts: whoever makes them is asked after the parts and before the pointer moves.

A maker streams what it needs from the parts that were just written, never from the tables, and commits its files to the
artifact store. The rows it returns are written together with the version: the manifest lists them, `/blobs` serves
them, the sweep spares them. A maker that raises leaves the version before.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, Protocol

from msgspec import Struct

from app.core.ports import ArtifactStore
from app.domain.kinds import Kind
from app.snapshots.layout import Layout
from app.snapshots.member import member
from app.snapshots.versions import Version
from app.snapshots.views import View


class Role(StrEnum):
    """What a file of a version is for."""

    PART = "part"  # key = view/kind/number; the manifest lists it
    TWIN = "twin"  # a part whose lines an older file holds too: that one is in the manifest, this one in the layout
    INDEX = "index"  # categories, and which items are in them
    ZSTD = "zstd"  # a document or lines for those who ask for zstd, made then; not a blob
    ESSENTIALS = "essentials"
    SQLITE = "sqlite"  # key = flavour; the manifest lists it
    SQLITE_GZIP = "sqlite.gz"  # the same content, stored as one gzip member
    DELTA = "delta"  # key = the version it starts from, `epoch.n`; the manifest lists it


# Made when somebody asks for the first time: not among what a version was published with.
LATE: Final = frozenset({Role.ZSTD, Role.SQLITE, Role.SQLITE_GZIP})


class VersionFile(Struct, frozen=True, kw_only=True):
    """A row of `snapshot_file`; see there."""

    role: Role
    key: str
    sha256: str
    bytes: int
    artifact: str
    artifact_bytes: int
    gzip: bool
    items: int = 0
    born: int = 0  # 0 = the version that is being made


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A version whose parts are written and which nobody can see yet.

    `lines` = all items of a kind in their order, as chunks of whole lines, each ended by a newline; it may be called
    any number of times, and holds a few hundred kilobytes. `layout` = where they lie. `categories` = the category
    documents. `before` = the version that is served now, with its files; None in a new epoch.
    """

    provider_pk: int
    provider_id: str
    version: Version
    published_at: int
    stats: Mapping[str, int]
    categories: Sequence[Mapping[str, Any]]
    lines: Callable[[Kind, View], AsyncIterator[bytes]]
    layout: Layout
    before: Version | None
    files_before: Sequence[VersionFile]


class Maker(Protocol):
    """Makes files for one version."""

    async def make(self, draft: Draft) -> Sequence[VersionFile]:
        """The rows of files that are committed to the store; `born` may be left out, unless a file is an old one."""
        ...


async def keep_member(artifacts: ArtifactStore, role: Role, key: str, content: bytes, *, items: int = 0) -> VersionFile:
    """Commits content that fits into memory as one gzip member."""
    data = member(content)
    async with artifacts.create() as writer:
        await writer.write(data)
        stored = await writer.commit()
    return VersionFile(
        role=role,
        key=key,
        sha256=sha256(content).hexdigest(),
        bytes=len(content),
        artifact=stored.sha256,
        artifact_bytes=stored.bytes,
        gzip=True,
        items=items,
    )
