"""What `GET …/snapshot/head` answers: is there something new, and when to ask again."""

from typing import Any, Final

from sqlalchemy import select
from sqlmodel import col

from app.core.clock import rfc3339
from app.db.engine import Database
from app.db.tables import SyncJob
from app.snapshots.files import Edition
from app.snapshots.heads import Head

POLL_SECONDS: Final = 300  # catalogues change every few hours; a client that must know at once listens to events
SPREAD_MS: Final = 30_000  # clients wait a random part of this on top, so that a publish is no stampede


async def summary(database: Database, head: Head, edition: Edition | None) -> dict[str, Any]:
    """Version, counts and the state of the sync; `version` is null before the first publish."""
    stats = edition.layout.stats() if edition else dict.fromkeys(_STATS, 0)
    return {
        "version": str(edition.version) if edition else None,
        "publishedAt": rfc3339(edition.published_at) if edition else None,
        "stats": stats,
        "minSince": f"{head.epoch}.{head.told_from}" if edition else None,
        "sync": await _sync(database, head.provider_pk),
        "nextPollSeconds": POLL_SECONDS,
        "spreadMs": SPREAD_MS,
    }


_STATS: Final = ("totalMovies", "totalSeries", "totalChannels", "totalCategories")


async def _sync(database: Database, provider_pk: int) -> dict[str, Any]:
    query = (
        select(SyncJob.status, SyncJob.progress)  # type: ignore[call-overload]
        .where(col(SyncJob.provider_pk) == provider_pk)
        .order_by(col(SyncJob.queued_at).desc())
        .limit(1)
    )
    async with database.reader() as reader:
        row = await reader.row(query)
    return {"status": row.status if row else None, "progress": row.progress if row else 0}
