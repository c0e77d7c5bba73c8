"""Taking a catalogue away, in bites that let other writers in between."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from sqlalchemy import text, update
from sqlmodel import col

from app.core.errors import Conflict
from app.db import search
from app.db.engine import Database, Writer
from app.db.tables import CatalogueHead, Provider
from app.domain.kinds import Kind
from app.jobs import lease
from app.jobs.requests import JobRequests, live_job

Forget = Callable[[int], Awaitable[int]]
BITE: Final = 2_000  # rows with their documents: some 30 ms of the one writer that SQLite has
STOP_SECONDS: Final = 5.0  # cancelling is obeyed within two; a dead worker never answers
POLL_SECONDS: Final = 0.1
LEASE_SECONDS: Final = 60
# Children before parents. `item_category` has no provider of its own: it is found by the categories, which go last.
OWNED: Final = (
    "channel",
    "movie",
    "series",
    "document",
    "season",
    "episode",
    "change",
    "snapshot",
    "snapshot_file",
    "publication",
    "walk",
    "job_change",
    "tag_state",
    "epg_match",
    "guide",
)


class Removal:
    """Deletes catalogues. It holds the catalogue's lease meanwhile, so that no worker writes what was just deleted."""

    def __init__(self, database: Database, jobs: JobRequests, forget: Forget) -> None:
        self._database = database
        self._jobs = jobs
        self._forget = forget

    async def remove(self, provider_pk: int) -> None:
        """Deletes a provider with everything it synced; a live job is cancelled, a deaf one shut out."""
        async with self._database.writer() as writer:
            await writer.execute(update(Provider).where(col(Provider.pk) == provider_pk).values(enabled=False))
        await self._stop(provider_pk)
        fence = await self._seize(provider_pk)
        await self._empty(provider_pk, fence)
        async with self._database.writer() as writer:
            await writer.execute(text("DELETE FROM provider WHERE pk = :pk"), {"pk": provider_pk})

    async def clean(self, provider_pk: int, epoch: str) -> Mapping[str, int]:
        """Empties a catalogue and begins a new epoch; `Conflict` while a job is live.

        The breaker stays, for it is about the account, and so does the webhook: it is told of the next version.
        """
        async with self._database.writer() as writer:
            if await live_job(writer, provider_pk):
                raise Conflict("A sync of this provider is queued or running.", code="job_live")
            fence = await lease.acquire(writer, provider_pk=provider_pk, job_id="clean", seconds=LEASE_SECONDS)
        deleted = await self._empty(provider_pk, fence)
        async with self._database.writer() as writer:
            await lease.require(writer, provider_pk=provider_pk, fence=fence)
            await _begin_again(writer, provider_pk, epoch)
            await lease.release(writer, provider_pk=provider_pk, fence=fence)
        return deleted

    async def _stop(self, provider_pk: int) -> None:
        try:
            await self._jobs.cancel(provider_pk)
        except Conflict:
            return
        for _ in range(int(STOP_SECONDS / POLL_SECONDS)):
            async with self._database.reader() as reader:
                if await live_job(reader, provider_pk) is None:
                    return
            await asyncio.sleep(POLL_SECONDS)

    async def _seize(self, provider_pk: int) -> int:
        # Not `lease.acquire`: that waits for a holder, and this one had its time.
        async with self._database.writer() as writer:
            head = update(CatalogueHead).where(col(CatalogueHead.provider_pk) == provider_pk)
            until = lease.database_ms(writer) + LEASE_SECONDS * 1000
            taken = head.values(fence=CatalogueHead.fence + 1, lease_job="removal", lease_until=until)
            return int(await writer.scalar(taken.returning(col(CatalogueHead.fence))) or 0)

    async def _empty(self, provider_pk: int, fence: int) -> dict[str, int]:
        """Deletes what was synced; the counts are of rows, `artifacts` of stored files."""
        deleted = {"artifacts": await self._forget(provider_pk)}
        deleted["item_tag"] = await self._all(provider_pk, fence, "item_tag")
        deleted["item_category"] = await self._all(provider_pk, fence, "item_category")
        for table in OWNED:
            deleted[table] = await self._all(provider_pk, fence, table)
        deleted["programme"] = await self._all(provider_pk, fence, "programme")
        deleted["guide_generation"] = await self._all(provider_pk, fence, "guide_generation")
        deleted["sync_checkpoint"] = await self._all(provider_pk, fence, "sync_checkpoint")
        deleted["category"] = await self._all(provider_pk, fence, "category")
        await self._all(provider_pk, fence, search.NAME)
        return deleted

    async def _all(self, provider_pk: int, fence: int, table: str) -> int:
        total = 0
        while True:
            async with self._database.writer() as writer:
                await lease.renew(writer, provider_pk=provider_pk, fence=fence, seconds=LEASE_SECONDS)
                gone = await _bite(writer, provider_pk, table)
            total += gone
            if gone < BITE:
                return total


async def _bite(writer: Writer, provider_pk: int, table: str) -> int:
    if table == search.NAME:
        return await search.forget(writer, provider_pk, limit=BITE)
    row = "rowid" if writer.sqlite else "ctid"
    if table == "item_category":
        return await _bite_members(writer, provider_pk)
    if table == "programme":
        return await _bite_programmes(writer, provider_pk)
    if table == "item_tag":
        return await _bite_tags(writer, provider_pk)
    owned = "provider_pk = :pk"
    if table == "sync_checkpoint":
        owned = "job_id IN (SELECT id FROM sync_job WHERE provider_pk = :pk)"
    chosen = f"SELECT {row} FROM {table} WHERE {owned} LIMIT {BITE}"  # noqa: S608 - names of our own tables
    among = f"IN ({chosen})" if writer.sqlite else f"= ANY(ARRAY({chosen}))"
    return await writer.execute(text(f"DELETE FROM {table} WHERE {row} {among}"), {"pk": provider_pk})  # noqa: S608


async def _bite_members(writer: Writer, provider_pk: int) -> int:
    mine = "category_id IN (SELECT id FROM category WHERE provider_pk = :pk)"
    chosen = f"SELECT category_id, ordinal FROM item_category WHERE {mine} LIMIT {BITE}"  # noqa: S608
    statement = f"DELETE FROM item_category WHERE (category_id, ordinal) IN ({chosen})"  # noqa: S608
    return await writer.execute(text(statement), {"pk": provider_pk})


async def _bite_tags(writer: Writer, provider_pk: int) -> int:
    key = "provider_pk, kind, tag, ordinal"
    chosen = f"SELECT {key} FROM item_tag WHERE provider_pk = :pk LIMIT {BITE}"  # noqa: S608
    return await writer.execute(text(f"DELETE FROM item_tag WHERE ({key}) IN ({chosen})"), {"pk": provider_pk})  # noqa: S608


async def _bite_programmes(writer: Writer, provider_pk: int) -> int:
    mine = "generation IN (SELECT pk FROM guide_generation WHERE provider_pk = :pk)"
    chosen = f"SELECT generation, number, start_ms FROM programme WHERE {mine} LIMIT {BITE}"  # noqa: S608
    statement = f"DELETE FROM programme WHERE (generation, number, start_ms) IN ({chosen})"  # noqa: S608
    return await writer.execute(text(statement), {"pk": provider_pk})


async def _begin_again(writer: Writer, provider_pk: int, epoch: str) -> None:
    fresh = {"epoch": epoch, "version": 0, "floor": 0, "pending": False, "published_at": None}
    await writer.execute(update(CatalogueHead).where(col(CatalogueHead.provider_pk) == provider_pk).values(**fresh))
    never: dict[str, None] = {f"{part}_synced_at": None for part in ("channels", "movies", "series", "epg")}
    never["epg_tried_at"] = None
    never |= {f"{kind.plural}_walked_at": None for kind in Kind}
    await writer.execute(update(Provider).where(col(Provider.pk) == provider_pk).values(**never))
