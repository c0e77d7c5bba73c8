"""Which versions are kept, which rows may go, and which artifacts nobody refers to."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from msgspec import Struct
from sqlalchemy import delete, select
from sqlmodel import col

from app.core.ports import ArtifactStore
from app.db.engine import Database, Writer
from app.db.tables import Snapshot

HOUR_MS: Final = 3_600_000
# A pack that no row names is either the rest of a crash or about to be named: between commit and flip lie milliseconds.
ORPHAN_SECONDS: Final = 3_600.0


class Keep(Struct, frozen=True, kw_only=True):
    """At least so many versions and those this young; rows and files stay for the grace, for downloads under way."""

    versions: int = 8
    hours: float = 24
    grace_hours: float = 48


DEFAULT_KEEP: Final = Keep()


class Published(NamedTuple):
    """A version as retention sees it; times in ms."""

    version: int
    published_at: int


def left_at(versions: Sequence[Published], keep: Keep) -> list[float]:
    """When each version ceased to be kept, newest version first; infinity = it is among the newest.

    A version is pushed out by the one that made it too many, and not before its hours are over.
    """
    old = [
        max(versions[place - keep.versions].published_at, one.published_at + keep.hours * HOUR_MS)
        for place, one in enumerate(versions[keep.versions :], keep.versions)
    ]
    return [float("inf")] * min(keep.versions, len(versions)) + old


def kept(versions: Sequence[Published], keep: Keep, now: int) -> frozenset[int]:
    """The versions that may be served; `versions` newest first."""
    return frozenset(one.version for one, end in zip(versions, left_at(versions, keep), strict=True) if end > now)


async def drop_rows(writer: Writer, provider_pk: int, epoch: str, keep: Keep, now: int) -> None:
    """Forgets versions whose grace is over; those of lost epochs too."""
    mine = col(Snapshot.provider_pk) == provider_pk
    query = select(Snapshot.version, Snapshot.published_at).where(mine, col(Snapshot.epoch) == epoch)  # type: ignore[call-overload]
    rows = await writer.rows(query.order_by(col(Snapshot.version).desc()))
    versions = [Published(row.version, row.published_at) for row in rows]
    grace = keep.grace_hours * HOUR_MS
    gone = [one.version for one, end in zip(versions, left_at(versions, keep), strict=True) if end + grace <= now]
    await writer.execute(delete(Snapshot).where(mine, col(Snapshot.epoch) == epoch, col(Snapshot.version).in_(gone)))
    lost = col(Snapshot.published_at) <= now - keep.hours * HOUR_MS - grace
    await writer.execute(delete(Snapshot).where(mine, col(Snapshot.epoch) != epoch, lost))


async def sweep(database: Database, artifacts: ArtifactStore, *, seconds: float = ORPHAN_SECONDS) -> int:
    """Deletes artifacts that no row of any provider names; returns how many."""
    aged = set(await artifacts.aged(seconds))
    if not aged:
        return 0
    async with database.reader() as reader:
        named = {row.artifact for row in await reader.rows(select(Snapshot.artifact).distinct())}  # type: ignore[call-overload]
    for sha256 in aged - named:
        await artifacts.delete(sha256, min_age=seconds)
    return len(aged - named)
