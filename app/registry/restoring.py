"""What a restored database is told before anybody reads it: its history is not the one that clients know."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import or_, select, text, update
from sqlmodel import col

from app.db.engine import Database, Writer
from app.db.tables import ApiKey, CatalogueHead
from app.registry.service import new_epoch

# What tells of versions: those that were published since the backup had the same numbers and other contents.
HISTORY: Final = ("change", "publication", "snapshot_file", "snapshot")


async def begin_again(writer: Writer, revoked: Mapping[str, int]) -> int:
    """A new epoch for every catalogue, whose rows are to be published again; returns how many there are.

    Leases are nobody's: whoever held one writes to the database that was. Keys that were `revoked` (SHA-256 → when)
    stay so.
    """
    for table in HISTORY:
        await writer.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - names of our own tables
    heads = await writer.rows(select(col(CatalogueHead.provider_pk)))
    published = or_(col(CatalogueHead.version) > 0, col(CatalogueHead.pending))
    for (pk,) in heads:
        values: dict[str, Any] = {"epoch": new_epoch(), "version": 0, "floor": 0, "published_at": None}
        values |= {"pending": published, "fence": CatalogueHead.fence + 1, "lease_job": None, "lease_until": None}
        await writer.execute(update(CatalogueHead).where(col(CatalogueHead.provider_pk) == pk).values(**values))
    for sha256, at in revoked.items():
        live = (col(ApiKey.sha256) == sha256, col(ApiKey.revoked_at).is_(None))
        await writer.execute(update(ApiKey).where(*live).values(revoked_at=at))
    return len(heads)


async def revoked_keys(database: Database) -> dict[str, int]:
    """The keys that were revoked in the database that is about to be replaced."""
    query = select(col(ApiKey.sha256), col(ApiKey.revoked_at)).where(col(ApiKey.revoked_at).is_not(None))
    async with database.reader() as reader:
        return {row.sha256: row.revoked_at for row in await reader.rows(query)}
