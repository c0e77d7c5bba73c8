"""Makes the next version: build beside what is served, then move the one pointer."""

import hashlib
from collections.abc import Callable

import msgspec
from sqlalchemy import insert, select, update
from sqlmodel import col

from app.core.clock import now_ms
from app.core.errors import LeaseLost
from app.core.ports import ArtifactInfo, ArtifactStore
from app.db.engine import Database
from app.db.tables import CatalogueHead, Snapshot
from app.jobs import lease
from app.snapshots import metrics, retention, rows
from app.snapshots.assembly import Assembly
from app.snapshots.build import build
from app.snapshots.layout import Layout, decode, encode
from app.snapshots.pack import Previous, previous
from app.snapshots.pages import document_pieces
from app.snapshots.retention import DEFAULT_KEEP, Keep
from app.snapshots.versions import Version


class Publisher:
    """Publishes catalogues; `published` is told the provider of each new version."""

    def __init__(
        self,
        database: Database,
        artifacts: ArtifactStore,
        *,
        keep: Keep = DEFAULT_KEEP,
        published: Callable[[int], None] | None = None,
    ) -> None:
        self._database = database
        self._artifacts = artifacts
        self._keep = keep
        self._published = published

    async def publish(self, provider_pk: int, fence: int) -> str | None:
        """The new version, None when nothing was pending; `LeaseLost` when the lease went to somebody else.

        Whatever happens in between, the version before is served until the last transaction commits. What an
        earlier publish left behind is removed here.
        """
        head = await rows.head(self._database, provider_pk)
        if head is None:
            return None
        artifact, before = await self._before(provider_pk, Version(head.epoch, head.version))
        lost = bool(artifact) and not before.artifact
        if not head.pending and not lost:
            return None
        await self._tidy()
        with metrics.measured() as made:
            layout, pack = await build(self._database, self._artifacts, provider_pk, head.provider, before)
            made.written = pack.bytes
            if not head.pending and pack.sha256 == artifact:
                made.outcome = "unchanged"
                return None  # equal rows make equal packs: the lost one is back
            version = Version(head.epoch, head.version + 1)
            await self._flip(provider_pk, fence, version, layout, pack)
            made.outcome = "published"
        if self._published is not None:
            self._published(provider_pk)
        return str(version)

    async def _before(self, provider_pk: int, version: Version) -> tuple[str, Previous]:
        query = select(Snapshot.artifact, Snapshot.layout).where(  # type: ignore[call-overload]
            col(Snapshot.provider_pk) == provider_pk,
            col(Snapshot.epoch) == version.epoch,
            col(Snapshot.version) == version.number,
        )
        async with self._database.reader() as reader:
            row = await reader.row(query)
        if row is None:
            return "", Previous()
        return row.artifact, await previous(self._artifacts, row.artifact, decode(row.layout))

    async def _tidy(self) -> None:
        await self._artifacts.drop_unfinished()
        await retention.sweep(self._database, self._artifacts)

    async def _flip(self, provider_pk: int, fence: int, version: Version, layout: Layout, pack: ArtifactInfo) -> None:
        now = now_ms()
        document = Assembly(artifact=pack.sha256, pieces=document_pieces(layout, version, now))
        layout = msgspec.structs.replace(layout, digest=await self._digest(document))
        row = {
            "provider_pk": provider_pk,
            "epoch": version.epoch,
            "version": version.number,
            "published_at": now,
            "stats": layout.stats(),
            "artifact": pack.sha256,
            "artifact_bytes": pack.bytes,
            "layout": encode(layout),
        }
        async with self._database.writer() as writer:
            await lease.require(writer, provider_pk=provider_pk, fence=fence)
            moved = await writer.execute(
                update(CatalogueHead)
                .where(
                    col(CatalogueHead.provider_pk) == provider_pk,
                    col(CatalogueHead.epoch) == version.epoch,
                    col(CatalogueHead.version) == version.number - 1,
                )
                .values(version=version.number, pending=False, published_at=now)
            )
            if not moved:
                raise LeaseLost(f"The catalogue moved on while version {version} was built.")
            await writer.execute(insert(Snapshot), [row])
            await retention.drop_rows(writer, provider_pk, version.epoch, self._keep, now)

    async def _digest(self, document: Assembly) -> bytes:
        digest = hashlib.sha256()
        async for chunk in document.gzip(self._artifacts):
            digest.update(chunk)
        return digest.digest()
