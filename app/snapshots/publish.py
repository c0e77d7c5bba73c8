"""Makes the next version: build beside what is served, then move the one pointer."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Final

from msgspec import Struct

from app.core.clock import now_ms
from app.core.errors import NotFound
from app.core.jsonio import loads
from app.core.ports import ArtifactStore
from app.db.engine import Database
from app.domain.kinds import Kind
from app.snapshots import metrics, retention, rows, shelf
from app.snapshots.assembly import Assembly
from app.snapshots.build import Before, build
from app.snapshots.essentials import featured, write_essentials
from app.snapshots.files import Edition
from app.snapshots.layout import Layout
from app.snapshots.makers import LATE, Draft, Maker, Role, VersionFile, keep_member
from app.snapshots.retention import DEFAULT_KEEP, Keep
from app.snapshots.runs import lines
from app.snapshots.versions import Version
from app.snapshots.views import NEWLINE, View

LOOKS: Final = 16  # artifacts looked for at once
REBUILT: Final = (Role.PART, Role.TWIN, Role.INDEX)  # equal rows make equal files


class Made(Struct, frozen=True, kw_only=True):
    """A version whose files are all committed."""

    version: Version
    published_at: int
    layout: Layout
    files: Sequence[VersionFile]


class Publisher:
    """Publishes catalogues; `published` is told the provider of each new version, `makers` add files to it."""

    def __init__(
        self,
        database: Database,
        artifacts: ArtifactStore,
        *,
        makers: Sequence[Maker] = (),
        keep: Keep = DEFAULT_KEEP,
        published: Callable[[int], None] | None = None,
    ) -> None:
        self._database = database
        self._artifacts = artifacts
        self._makers = makers
        self._keep = keep
        self._published = published

    async def publish(self, provider_pk: int, fence: int) -> str | None:
        """The new version, None when nothing was pending; `LeaseLost` when the lease went to somebody else.

        Whatever happens in between, the version before is served until the last transaction commits. What an
        earlier publish left behind is removed here.
        """
        head = await rows.head(self._database, provider_pk)
        if head is None or (head.version == 0 and not head.pending):
            return None
        before = await shelf.edition(self._database, provider_pk, Version(head.epoch, head.version))
        files = await shelf.files(self._database, provider_pk, before.version) if before else []
        lost = await self._lost(files)
        if before and not head.pending and not lost:
            return None
        await self.tidy()
        with metrics.measured() as measured:
            made = await self._make(provider_pk, head, before, files, lost)
            if made is None:
                measured.outcome = "unchanged"
                return None
            measured.written = sum(one.artifact_bytes for one in made.files if one.born == made.version.number)
            floor = await shelf.flip(self._database, provider_pk, fence, made, self._keep)
            measured.outcome = "published"
        if self._published is not None:
            self._published(provider_pk)
        await retention.shorten_log(self._database, provider_pk, floor)
        return str(made.version)

    async def tidy(self) -> None:
        """Removes what dead publishers left, and artifacts that no version names any more."""
        await self._artifacts.drop_unfinished()
        await retention.sweep(self._database, self._artifacts, seconds=self._keep.orphan_seconds)

    async def _make(
        self,
        provider_pk: int,
        head: rows.Head,
        before: Edition | None,
        files: Sequence[VersionFile],
        lost: frozenset[str],
    ) -> "Made | None":
        """Builds all files of the next version; None when it would be the one before, whose files are back."""
        version = Version(head.epoch, head.version + 1)
        layout, index = await build(
            self._database,
            self._artifacts,
            provider_pk,
            head.provider,
            version=version.number,
            before=await self._kept(provider_pk, head, before, lost),
        )
        parts = _part_files(layout)
        if before and not head.pending and _back([*parts, index], files, lost):
            return None
        published_at = max(now_ms(), before.published_at + 1 if before else 0)
        titles = await featured(self._database, provider_pk)
        categories = await rows.categories(self._database, provider_pk, head.provider["id"])
        content = await asyncio.to_thread(write_essentials, version, layout.stats(), categories, titles)
        found = [*parts, index, await keep_member(self._artifacts, Role.ESSENTIALS, "", content)]
        draft = Draft(
            provider_pk=provider_pk,
            provider_id=head.provider["id"],
            version=version,
            published_at=published_at,
            stats=layout.stats(),
            categories=[loads(one) for one in categories],
            lines=partial(self._lines, layout),
            layout=layout,
            before=before.version if before else None,
            files_before=files,
        )
        for maker in self._makers:
            found += await maker.make(draft)
        return Made(version=version, published_at=published_at, layout=layout, files=found)

    async def _kept(self, provider_pk: int, head: rows.Head, before: Edition | None, lost: frozenset[str]) -> Before:
        """What may be kept of the version before: nothing where the log does not tell all that changed since."""
        if before is None or not head.logged:
            return Before()
        number = head.version + 1
        touched = {kind: await rows.touched(self._database, provider_pk, kind, number) for kind in Kind}
        return Before(items=before.layout.items, touched=touched, lost=lost)

    async def _lost(self, files: Sequence[VersionFile]) -> frozenset[str]:
        """Artifacts that are named and not there."""
        turns = asyncio.Semaphore(LOOKS)

        async def missing(name: str) -> bool:
            async with turns:
                try:
                    await self._artifacts.read(name, 0, 0)
                except NotFound:
                    return True
                return False

        names = sorted({one.artifact for one in files if one.role not in LATE})
        found = await asyncio.gather(*map(missing, names))
        return frozenset(name for name, gone in zip(names, found, strict=True) if gone)

    async def _lines(self, layout: Layout, kind: Kind, view: View) -> AsyncIterator[bytes]:
        rest = b""
        async for chunk in Assembly(pieces=lines(layout.items[kind].views[view])).plain(self._artifacts):
            whole, newline, rest = (rest + chunk).rpartition(NEWLINE)
            if newline:
                yield whole + newline


def _part_files(layout: Layout) -> list[VersionFile]:
    return [
        VersionFile(
            role=Role.PART,
            key=f"{view}/{kind}/{number:06d}",
            sha256=part.sha256,
            bytes=part.bytes,
            artifact=part.artifact,
            artifact_bytes=part.artifact_bytes,
            gzip=True,
            items=part.items,
            born=part.born,
        )
        for view, kind, number, part in layout.parts()
    ]


def _back(made: Sequence[VersionFile], files: Sequence[VersionFile], lost: frozenset[str]) -> bool:
    """Whether all that was lost has been made again, byte for byte."""
    again = {one.artifact for one in made}
    return all(one.role in REBUILT for one in files if one.artifact in lost) and lost <= again
