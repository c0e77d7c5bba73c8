"""Serves what changed between two versions: ready files where there are, the log of changes merged otherwise."""

from functools import partial
from typing import Any, Final

from app.core.errors import Invalid, NotFound
from app.core.ports import ArtifactStore
from app.db.engine import Database
from app.snapshots.blobs import Blobs
from app.snapshots.cache import Cache
from app.snapshots.delta import ChangesRequest, end, start
from app.snapshots.delta_log import NOTHING, Teller, Window, merged, published_lines
from app.snapshots.editions import Editions
from app.snapshots.errors import Building, Reset, VersionAhead
from app.snapshots.files import Edition, Encoding, File, Loaded, Opaque
from app.snapshots.loading import Loading
from app.snapshots.makers import Role, VersionFile
from app.snapshots.versions import Version
from app.snapshots.views import View

WINDOWS_BYTES: Final = 8 << 20


class Deltas:
    """One per process; a window is merged once for all of its pages and readers."""

    def __init__(
        self, database: Database, artifacts: ArtifactStore, editions: Editions, loading: Loading, blobs: Blobs
    ) -> None:
        self._database = database
        self._artifacts = artifacts
        self._editions = editions
        self._loading = loading
        self._blobs = blobs
        self._windows = Cache[Window](WINDOWS_BYTES, lambda window: window.size)

    async def get(self, provider_id: str, wanted: ChangesRequest) -> File:
        """What changed. Raises as `Editions.get`, and `Reset` where a snapshot has to be fetched instead."""
        await self._check(provider_id, wanted.since)
        edition = await self._editions.get(provider_id, None if wanted.to is None else str(wanted.to))
        to = edition.version
        if to.number < wanted.since.number:
            if wanted.to is None:
                raise VersionAhead(f"The newest version here is {to}.")
            raise Invalid([("to", "must not be older than since")])
        head = await self._editions.heads.get(provider_id)
        if to != wanted.since and wanted.since.number < head.told_from:
            raise Reset(provider_id, "too_old")
        ready = await self._ready(edition, wanted)
        if ready is not None:
            return _file(edition, wanted, f"ready {ready.artifact}", partial(self._stored, edition, ready))
        window = await self._window(edition, wanted.since)
        if window.bytes > edition.document.raw_bytes:
            raise Reset(provider_id, "larger_than_snapshot")
        wanted.check(window.operations)
        return _file(edition, wanted, "made", partial(self._made, edition, wanted, window))

    async def _check(self, provider_id: str, since: Version) -> None:
        """Whether `since` is a version of this catalogue."""
        head = await self._editions.heads.get(provider_id)
        if since.epoch != head.epoch or since.number > head.version:
            head = await self._editions.heads.get(provider_id, fresh=True)
        if since.epoch != head.epoch:
            raise Reset(provider_id, "epoch_changed")
        if head.version and since.number > head.version:
            raise VersionAhead(f"The newest version here is {head.epoch}.{head.version}.")

    async def _ready(self, edition: Edition, wanted: ChangesRequest) -> VersionFile | None:
        """A file that was published with the version and is just what is wanted."""
        if wanted.page > 1 or wanted.view is not View.FULL:
            return None
        key = str(wanted.since)
        for file in await self._editions.files(edition):
            if file.role is Role.DELTA and file.key == key and file.items <= wanted.limit:
                return file if file.bytes <= edition.document.raw_bytes else None
        return None

    async def _window(self, edition: Edition, since: Version) -> Window:
        if since == edition.version:
            return NOTHING
        pk, to = edition.provider_pk, edition.version.number
        return await self._windows.get(f"{pk} {since} {to}", partial(self._merged, edition, since.number))

    async def _merged(self, edition: Edition, since: int) -> Window:
        pk, to = edition.provider_pk, edition.version
        window = await merged(self._database, pk, since, to.number)
        if window.lines != await published_lines(self._database, pk, to.epoch, since, to.number):
            raise Reset(edition.layout.provider["id"], "too_old")  # shortened, or emptied, since the head was read
        return window

    async def _stored(self, edition: Edition, ready: VersionFile, file: File, encoding: Encoding) -> Loaded:
        try:
            blob = await self._blobs.get(edition.provider_pk, ready.sha256)
            if isinstance(blob, Opaque):
                raise Building
            return await blob.open(file, encoding)
        except NotFound:
            raise Building from None  # its artifact is lost: the next publish brings another

    async def _made(
        self, edition: Edition, wanted: ChangesRequest, window: Window, file: File, encoding: Encoding
    ) -> Loaded:
        return await self._loading.whole(partial(self._write, edition, wanted, window), None, file, encoding)

    async def _write(self, edition: Edition, wanted: ChangesRequest, window: Window) -> bytes:
        provider_id = edition.layout.provider["id"]
        following = wanted.next(provider_id, edition.version, window.operations)
        teller = Teller(self._database, self._artifacts, edition.layout)
        chunks = [chunk async for chunk in teller.told(window.part(wanted), wanted.view)]
        return b"".join([start(wanted.since, edition.version), *chunks, end(following, edition.layout.total)])


def _file(edition: Edition, wanted: ChangesRequest, how: str, load: Any) -> File:
    return File(
        version=str(edition.version),
        identity=edition.identity,
        name=f"changes/{wanted.since}/{wanted.limit}/{wanted.page}/{wanted.view}/{how}",
        pinned=wanted.to is not None,
        open=load,
        remade=True,
    )
