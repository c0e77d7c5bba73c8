"""Reading versions: their files, in the encoding that is asked for."""

from functools import partial
from hashlib import blake2b
from typing import Any, Final

from app.core.errors import NotFound
from app.core.ports import ArtifactStore
from app.db.engine import Database
from app.domain.kinds import Kind
from app.snapshots import shelf
from app.snapshots.assembly import Assembly
from app.snapshots.blobs import Blobs
from app.snapshots.cutting import Cutting
from app.snapshots.delta import ChangesRequest
from app.snapshots.deltas import Deltas
from app.snapshots.editions import Editions
from app.snapshots.files import LINES, Edition, Encoding, File, Loaded, Opaque
from app.snapshots.heads import Head
from app.snapshots.loading import Loading
from app.snapshots.makers import Role
from app.snapshots.manifest import write_manifest
from app.snapshots.pages import PageRequest, lay_page, line_pieces, page_pieces, whole
from app.snapshots.retention import DEFAULT_KEEP, Keep
from app.snapshots.summary import summary
from app.snapshots.views import View

BLOBS: Final = "/api/providers/{}/blobs"


class Snapshots:
    """Serves published versions; one object per process, it holds the caches.

    `public_url` = where clients find the stored files by their names without asking this process.
    """

    def __init__(
        self,
        database: Database,
        artifacts: ArtifactStore,
        *,
        keep: Keep = DEFAULT_KEEP,
        public_url: str | None = None,
    ) -> None:
        self._database = database
        self._public_url = public_url.rstrip("/") if public_url else None
        self._editions = Editions(database, keep)
        self._loading = Loading(database, artifacts)
        self._cutting = Cutting(artifacts)
        self._blobs = Blobs(database, artifacts, self._loading)
        self._deltas = Deltas(database, artifacts, self._editions, self._loading, self._blobs)

    async def document(self, provider_id: str, version: str | None, view: View = View.FULL) -> File:
        """The whole catalogue as one file; see `edition` for what may be raised."""
        edition = await self.edition(provider_id, version)
        return _file(edition, f"document/{view}", version, partial(self._document, edition, view))

    async def page(self, provider_id: str, version: str | None, wanted: PageRequest) -> File:
        """One page; `NotFound` for a pinned page past the end, else as `edition`."""
        edition = await self.edition(provider_id, version)
        wanted.check(edition.layout, pinned=version is not None)
        laid = lay_page(edition.layout, edition.version, wanted)
        if not whole(edition.layout, laid):
            cut = partial(self._cut, edition, wanted)
            return _file(edition, wanted.name, version, cut, remade=True)

        def assemble() -> Assembly:
            return Assembly(pieces=page_pieces(edition.layout, laid, wanted.view))

        return _file(edition, wanted.name, version, partial(self._loading.assembled, assemble, edition))

    async def lines(self, provider_id: str, version: str | None, kind: Kind | None, view: View) -> File:
        """All items, or those of a kind, one per line."""
        edition = await self.edition(provider_id, version)

        def assemble() -> Assembly:
            return Assembly(pieces=line_pieces(edition.layout, edition.version, kind, view))

        name = f"lines/{view}/{kind.plural if kind else 'all'}"
        return _file(edition, name, version, partial(self._loading.assembled, assemble, edition), media_type=LINES)

    async def manifest(self, provider_id: str, version: str | None, view: View) -> File:
        """What a version consists of; unpinned, with the databases that were built since it was published."""
        edition = await self.edition(provider_id, version)
        base = self._public_url or BLOBS.format(provider_id)
        late = [] if version else await shelf.databases(self._database, edition.provider_pk, edition.version)

        async def make() -> bytes:
            return write_manifest(edition, [*await self._editions.files(edition), *late], view, base)

        told = " ".join([base, *(one.sha256 for one in late)])
        name = f"manifest/{view}/{blake2b(told.encode(), digest_size=8).hexdigest()}"
        return _file(edition, name, version, partial(self._whole, make), remade=True)

    async def essentials(self, provider_id: str, version: str | None) -> File:
        """What a first screen shows."""
        edition = await self.edition(provider_id, version)
        return _file(edition, "essentials", version, partial(self._essentials, edition))

    async def changes(self, provider_id: str, wanted: ChangesRequest) -> File:
        """What changed between two versions; see `Deltas.get` for what may be raised."""
        return await self._deltas.get(provider_id, wanted)

    async def blob(self, provider_id: str, name: str) -> File | Opaque:
        """A stored file by its content or its name; `NotFound` when no version of the provider has it."""
        head = await self._editions.heads.get(provider_id)
        return await self._blobs.get(head.provider_pk, name)

    async def head(self, provider_id: str) -> dict[str, Any]:
        """What is current at this moment, never what was cached."""
        head = await self._editions.heads.get(provider_id, fresh=True)
        return await summary(self._database, head, await self._editions.current(head))

    async def current(self, provider_id: str) -> Head:
        """What is current, as it was known a moment ago; shared by all who ask; `NotFound` without the provider."""
        return await self._editions.heads.get(provider_id)

    async def edition(self, provider_id: str, version: str | None) -> Edition:
        """The version that is meant, the current one for None; see `Editions.get` for what may be raised."""
        return await self._editions.get(provider_id, version)

    def forget(self, provider_pk: int) -> None:
        """What is current is asked anew: call it when a publish was seen."""
        self._editions.heads.forget(provider_pk)

    async def _document(self, edition: Edition, view: View, file: File, encoding: Encoding) -> Loaded:
        def assemble() -> Assembly:
            return edition.document if view is View.FULL else edition.lite_document

        return await self._loading.assembled(assemble, edition, file, encoding)

    async def _cut(self, edition: Edition, wanted: PageRequest, file: File, encoding: Encoding) -> Loaded:
        return await self._loading.whole(partial(self._cutting.page, edition, wanted), None, file, encoding)

    async def _whole(self, make: Any, file: File, encoding: Encoding) -> Loaded:
        return await self._loading.whole(make, None, file, encoding)

    async def _essentials(self, edition: Edition, file: File, encoding: Encoding) -> Loaded:
        found = [one for one in await self._editions.files(edition) if one.role is Role.ESSENTIALS]
        if not found:
            raise NotFound("This version has no essentials.")
        blob = await self._blobs.get(edition.provider_pk, found[0].sha256)
        if isinstance(blob, Opaque):
            raise NotFound("This version has no essentials.")
        return await blob.open(file, encoding)


def _file(edition: Edition, name: str, version: str | None, load: Any, **more: Any) -> File:
    return File(
        version=str(edition.version),
        identity=edition.identity,
        name=name,
        pinned=version is not None,
        open=load,
        **more,
    )
