"""Deltas that lie ready when a version is published: from the versions that most clients have."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from hashlib import sha256
from typing import Final

from sqlalchemy import select
from sqlmodel import col
from zlib_ng import zlib_ng

from app.core.ports import ArtifactStore
from app.db.engine import Database
from app.db.tables import Publication
from app.snapshots import rows
from app.snapshots.delta import end, start
from app.snapshots.delta_log import Teller, Window, merged
from app.snapshots.makers import Draft, Role, VersionFile
from app.snapshots.member import HEADER, deflated, trailer
from app.snapshots.retention import HOUR_MS, Published
from app.snapshots.versions import Version
from app.snapshots.views import View

AGES: Final = (1, 6, 24)  # hours: clients that look every hour, a few times a day, once a day
MOST_READY: Final = 25_000  # operations; more is asked for in pages


class ReadyDeltas:
    """A maker: at most one delta from the version before and one for each age, in the full view."""

    def __init__(self, database: Database, artifacts: ArtifactStore) -> None:
        self._database = database
        self._artifacts = artifacts

    async def make(self, draft: Draft) -> Sequence[VersionFile]:
        """The files of those windows that the log tells all of and that are small beside a snapshot."""
        head = await rows.head(self._database, draft.provider_pk)
        if head is None or draft.before is None:
            return []
        known = await self._published(draft, max(head.floor, 1))
        made = []
        for number in starts(known, draft.published_at):
            since = Version(draft.version.epoch, number)
            window = await merged(self._database, draft.provider_pk, number, draft.version.number)
            if window.operations <= min(MOST_READY, draft.layout.total):
                made.append(await self._write(draft, since, window))
        return made

    async def _published(self, draft: Draft, floor: int) -> list[Published]:
        query = select(Publication.version, Publication.published_at).where(  # type: ignore[call-overload]
            col(Publication.provider_pk) == draft.provider_pk,
            col(Publication.epoch) == draft.version.epoch,
            col(Publication.version) >= floor,
            col(Publication.version) < draft.version.number,
        )
        async with self._database.reader() as reader:
            found = await reader.rows(query.order_by(col(Publication.version).desc()))
        return [Published(row.version, row.published_at) for row in found]

    async def _write(self, draft: Draft, since: Version, window: Window) -> VersionFile:
        digest, crc, size = sha256(), 0, 0
        async with self._artifacts.create() as writer:
            await writer.write(HEADER)
            async for raw in self._text(draft, since, window):
                digest.update(raw)
                crc, size = zlib_ng.crc32(raw, crc), size + len(raw)
                await writer.write(await asyncio.to_thread(deflated, raw))
            await writer.write(trailer(crc, size))
            stored = await writer.commit()
        return VersionFile(
            role=Role.DELTA,
            key=str(since),
            sha256=digest.hexdigest(),
            bytes=size,
            artifact=stored.sha256,
            artifact_bytes=stored.bytes,
            gzip=True,
            items=window.operations,
        )

    async def _text(self, draft: Draft, since: Version, window: Window) -> AsyncIterator[bytes]:
        yield start(since, draft.version)
        async for chunk in Teller(self._database, self._artifacts, draft.layout).told(window, View.FULL):
            yield chunk
        yield end(None, draft.layout.total)


def starts(known: Sequence[Published], now: int) -> list[int]:
    """The versions to start from: the one before, and the newest that is so old; `known` newest first."""
    chosen = [one.version for one in known[:1]]
    for hours in AGES:
        chosen += [one.version for one in known if one.published_at <= now - hours * HOUR_MS][:1]
    return list(dict.fromkeys(chosen))
