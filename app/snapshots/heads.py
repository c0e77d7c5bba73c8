"""What is current: asked of the database once in a while, not once per request."""

import asyncio
import time
from typing import Final

from msgspec import Struct
from sqlalchemy import and_, select
from sqlmodel import col

from app.core.clock import now_ms
from app.core.errors import NotFound
from app.db.engine import Database
from app.db.tables import CatalogueHead, Provider, Snapshot
from app.snapshots.retention import Keep, Published, kept
from app.snapshots.versions import Version

FRESH_SECONDS: Final = 0.25  # how late another process may hear of a publish


class Head(Struct, frozen=True, kw_only=True):
    """A catalogue as readers see it; `version` 0 = nothing published in this epoch."""

    provider_pk: int
    provider_id: str
    epoch: str
    version: int
    floor: int
    published_at: int | None
    kept: frozenset[int]

    @property
    def current(self) -> Version:
        """What is served; its number is 0 when nothing is."""
        return Version(self.epoch, self.version)

    @property
    def told_from(self) -> int:
        """The oldest version from which the log tells all; a first load under way tells nothing of what comes."""
        return max(min(self.floor, self.version), 1)


class Heads:
    """The heads of all providers that are asked for."""

    def __init__(self, database: Database, keep: Keep) -> None:
        self._database = database
        self._keep = keep
        self._known: dict[str, tuple[float, Head]] = {}
        self._asking: dict[str, asyncio.Task[Head]] = {}
        self._forgotten = 0

    async def get(self, provider_id: str, *, fresh: bool = False) -> Head:
        """The head, at most FRESH_SECONDS old, with `fresh` read after this call; `NotFound` without the provider."""
        until, head = self._known.get(provider_id, (0.0, None))
        if head is not None and not fresh and time.monotonic() < until:
            return head
        if fresh:
            return await self._ask(provider_id)
        task = self._asking.get(provider_id)
        if task is None:
            task = self._asking[provider_id] = asyncio.create_task(self._ask(provider_id))
            task.add_done_callback(lambda _: self._asking.pop(provider_id, None))
        return await asyncio.shield(task)

    def forget(self, provider_pk: int) -> None:
        """The next reader asks the database."""
        self._forgotten += 1  # what is being asked now may be what was
        for provider_id in [one for one, (_, head) in self._known.items() if head.provider_pk == provider_pk]:
            del self._known[provider_id]
            self._asking.pop(provider_id, None)

    async def _ask(self, provider_id: str) -> Head:
        until, forgotten = time.monotonic() + FRESH_SECONDS, self._forgotten
        head = await self._read(provider_id)
        if head is None:
            self._known.pop(provider_id, None)
            raise NotFound(f"There is no provider {provider_id}.")
        if forgotten == self._forgotten:
            self._known[provider_id] = (until, head)
        return head

    async def _read(self, provider_id: str) -> Head | None:
        query = (
            select(  # type: ignore[call-overload]
                Provider.pk,
                CatalogueHead.epoch,
                CatalogueHead.version,
                CatalogueHead.floor,
                CatalogueHead.published_at,
                Snapshot.version.label("kept"),  # type: ignore[attr-defined]
                Snapshot.published_at.label("kept_at"),  # type: ignore[attr-defined]
            )
            .outerjoin(CatalogueHead, col(CatalogueHead.provider_pk) == col(Provider.pk))
            .outerjoin(
                Snapshot,
                and_(
                    col(Snapshot.provider_pk) == col(Provider.pk),
                    col(Snapshot.epoch) == col(CatalogueHead.epoch),
                    col(Snapshot.version) <= col(CatalogueHead.version),
                ),
            )
            .where(col(Provider.id) == provider_id)
            .order_by(col(Snapshot.version).desc())
        )
        async with self._database.reader() as reader:
            found = await reader.rows(query)
        if not found:
            return None
        first = found[0]
        versions = [Published(row.kept, row.kept_at) for row in found if row.kept is not None]
        return Head(
            provider_pk=first.pk,
            provider_id=provider_id,
            epoch=first.epoch or "",
            version=first.version or 0,
            floor=first.floor or 0,
            published_at=first.published_at,
            kept=kept(versions, self._keep, now_ms()),
        )
