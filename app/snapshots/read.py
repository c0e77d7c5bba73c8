"""Reading versions: which one a request means, and its files in the encoding that is asked for."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, Final

from sqlalchemy import select
from sqlmodel import col

from app.core.errors import NotFound
from app.core.ports import ArtifactStore
from app.db.engine import Database
from app.db.tables import Snapshot
from app.snapshots.assembly import Assembly
from app.snapshots.cache import Cache
from app.snapshots.errors import Building, Reset, VersionAhead
from app.snapshots.files import Edition, File, Loaded
from app.snapshots.heads import Head, Heads
from app.snapshots.layout import PAGE_ITEMS, ItemList, Stretch, decode
from app.snapshots.member import COMMA, inflated, member
from app.snapshots.pack import LENGTH_BYTES, lengths_in
from app.snapshots.pages import WRITTEN, PageRequest, lay_page, list_start, page_pieces
from app.snapshots.retention import DEFAULT_KEEP, Keep
from app.snapshots.summary import summary
from app.snapshots.versions import Version, parse_version

PAGES_BYTES: Final = 64 << 20  # the gzipped pages of two catalogues of 95,182 items
INFLATED_BYTES: Final = 16 << 20  # segments that pages of 100, 250 or 500 are cut from, one after the other
EDITIONS_BYTES: Final = 16 << 20  # a layout takes about 0.5 kB for each 1,000 items


class Snapshots:
    """Serves published versions; one object per process, it holds the caches."""

    def __init__(self, database: Database, artifacts: ArtifactStore, *, keep: Keep = DEFAULT_KEEP) -> None:
        self._database = database
        self._artifacts = artifacts
        self._heads = Heads(database, keep)
        self._editions = Cache[Edition](EDITIONS_BYTES, lambda edition: 512 * len(edition.layout.segments()))
        self._pages = Cache[Loaded](PAGES_BYTES, lambda loaded: loaded.length)
        self._inflated = Cache[bytes](INFLATED_BYTES, len)

    async def document(self, provider_id: str, version: str | None) -> File:
        """The whole catalogue as one file; see `edition` for what may be raised."""
        edition = await self.edition(provider_id, version)
        return File(edition=edition, name="document", pinned=version is not None, remade=False, open=self._document)

    async def page(self, provider_id: str, version: str | None, wanted: PageRequest) -> File:
        """One page; `NotFound` for a pinned page past the end, else as `edition`."""
        edition, pinned = await self.edition(provider_id, version), version is not None
        wanted.check(edition.layout, pinned=pinned)
        return File(
            edition=edition,
            name=wanted.name,
            pinned=pinned,
            remade=wanted.limit % PAGE_ITEMS > 0,
            open=partial(self._page, wanted),
        )

    async def head(self, provider_id: str) -> dict[str, Any]:
        """What is current at this moment, never what was cached."""
        head = await self._heads.get(provider_id, fresh=True)
        edition = await self._edition(head, head.version) if head.version else None
        return await summary(self._database, head, edition)

    async def edition(self, provider_id: str, version: str | None) -> Edition:
        """The version that is meant, the current one for None.

        Raises `NotFound` (no such provider), `Building` (nothing published), `Invalid` (not a version), `Reset`
        (pruned, or of a lost epoch), `VersionAhead` (not yet known here).
        """
        wanted = None if version is None else parse_version(version)
        head = await self._heads.get(provider_id)
        if wanted is not None and (wanted.epoch != head.epoch or wanted.number > head.version):
            head = await self._heads.get(provider_id, fresh=True)  # another process may just have published it
        if wanted is not None and wanted.epoch != head.epoch:
            raise Reset(provider_id, "epoch_changed")
        if head.version == 0:
            raise Building
        number = head.version if wanted is None else wanted.number
        if number > head.version:
            raise VersionAhead(f"The newest version here is {head.epoch}.{head.version}.")
        if number not in head.kept:
            raise Reset(provider_id, "version_pruned")
        return await self._edition(head, number)

    def forget(self, provider_pk: int) -> None:
        """What is current is asked anew: call it when a publish was seen."""
        self._heads.forget(provider_pk)

    async def _edition(self, head: Head, number: int) -> Edition:
        key = f"{head.provider_pk} {head.epoch}.{number}"
        return await self._editions.get(key, partial(self._read_edition, head, number))

    async def _read_edition(self, head: Head, number: int) -> Edition:
        query = select(Snapshot.published_at, Snapshot.artifact, Snapshot.layout).where(  # type: ignore[call-overload]
            col(Snapshot.provider_pk) == head.provider_pk,
            col(Snapshot.epoch) == head.epoch,
            col(Snapshot.version) == number,
        )
        async with self._database.reader() as reader:
            row = await reader.row(query)
        if row is None:
            raise Reset(head.provider_id, "version_pruned")
        return Edition(
            version=Version(head.epoch, number),
            published_at=row.published_at,
            artifact=row.artifact,
            layout=decode(row.layout),
        )

    async def _document(self, file: File, gzip: bool) -> Loaded:  # noqa: FBT001 - the signature of File.open
        document = file.edition.document
        try:
            await self._artifacts.read(document.artifact, 0, 0)
        except NotFound:
            raise Building from None  # the next publish brings it back
        if gzip:
            stream = partial(document.gzip, self._artifacts)
            return Loaded(length=document.gzip_bytes, sha256=file.edition.layout.digest, stream=stream)
        return Loaded(length=document.raw_bytes, sha256=None, stream=partial(document.plain, self._artifacts))

    async def _page(self, wanted: PageRequest, file: File, gzip: bool) -> Loaded:  # noqa: FBT001 - the same
        make = partial(self._make_page, wanted, file, gzip)
        try:
            return await self._pages.get(file.tag(gzip=gzip), make)
        except NotFound:
            raise Building from None

    async def _make_page(self, wanted: PageRequest, file: File, gzip: bool) -> Loaded:  # noqa: FBT001 - the same
        edition = file.edition
        if file.remade:
            raw = await self._cut(edition, wanted)
            body = await asyncio.to_thread(member, raw) if gzip else raw
        else:
            pieces = page_pieces(edition.layout, lay_page(edition.layout, edition.version, wanted))
            assembly = Assembly(artifact=edition.artifact, pieces=pieces)
            chunks = assembly.gzip(self._artifacts) if gzip else assembly.plain(self._artifacts)
            body = b"".join([chunk async for chunk in chunks])
        return Loaded(length=len(body), sha256=hashlib.sha256(body).digest(), body=body)

    async def _cut(self, edition: Edition, wanted: PageRequest) -> bytes:
        """A page whose ends lie within segments."""
        page = lay_page(edition.layout, edition.version, wanted)
        parts = [page.head]
        for kind in WRITTEN:
            items = edition.layout.items[kind]
            bodies = [body async for body in self._bodies(edition.artifact, items, *page.spans[kind])]
            parts += [list_start(kind), COMMA.join(bodies), b"]"]
        return b"".join([*parts, b"}"])

    async def _bodies(self, artifact: str, items: ItemList, first: int, end: int) -> AsyncIterator[bytes]:
        """Items first … end - 1, those of each segment joined by commas."""
        for number in range(*items.overlapping(first, end)):
            segment, base = items.segments[number], items.starts[number]
            place = segment.stretch
            raw = await self._inflated.get(f"{artifact} {place.offset}", partial(self._inflate, artifact, place))
            where = items.lengths + LENGTH_BYTES * base
            lengths = lengths_in(await self._artifacts.read(artifact, where, LENGTH_BYTES * segment.items))
            low, high = max(first - base, 0), min(end - base, segment.items)
            begin = sum(lengths[:low]) + low
            yield raw[begin : begin + sum(lengths[low:high]) + high - low - 1]

    async def _inflate(self, artifact: str, place: Stretch) -> bytes:
        return await asyncio.to_thread(inflated, await self._artifacts.read(artifact, place.offset, place.length))
