"""Which versions are kept, how far back the log tells, which rows may go, and which artifacts nobody refers to."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from msgspec import Struct
from sqlalchemy import and_, delete, exists, select, text
from sqlmodel import col

from app.core.ports import ArtifactStore
from app.db.engine import Database, Writer
from app.db.tables import Publication, Snapshot, SnapshotFile

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
BITE: Final = 2_000  # lines of the log deleted in one transaction
# A file that no row names is the rest of a crash, or of a version whose row is not written yet.
ORPHAN_HOURS: Final = 1.0


class Keep(Struct, frozen=True, kw_only=True):
    """At least so many versions and those this young; rows and files stay for the grace, for downloads under way.

    The log tells of the last days, and of no more changes than half of what a snapshot holds.
    """

    versions: int = 8
    hours: float = 24
    grace_hours: float = 48
    log_days: float = 30

    @property
    def orphan_seconds(self) -> float:
        """How long a file stays that no row names."""
        return max(self.grace_hours, ORPHAN_HOURS) * 3600


DEFAULT_KEEP: Final = Keep()


class Published(NamedTuple):
    """A version as retention sees it; times in ms, `operations` = its lines in the log."""

    version: int
    published_at: int
    operations: int = 0


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


def log_floor(versions: Sequence[Published], keep: Keep, live: int, now: int) -> int:
    """The oldest version from which the log is to tell: `versions` newest first, `live` = rows of the newest one."""
    told = 0
    for one in versions:
        told += one.operations
        if told > live / 2 or one.published_at <= now - keep.log_days * DAY_MS:
            return one.version
    return 0


async def raise_floor(writer: Writer, provider_pk: int, epoch: str, *, keep: Keep, live: int, now: int) -> int:
    """`log_floor` of what was published in this epoch; forgets what lies below it."""
    mine = and_(col(Publication.provider_pk) == provider_pk, col(Publication.epoch) == epoch)
    query = select(Publication.version, Publication.published_at, Publication.operations).where(mine)  # type: ignore[call-overload]
    rows = await writer.rows(query.order_by(col(Publication.version).desc()))
    floor = log_floor([Published(row.version, row.published_at, row.operations) for row in rows], keep, live, now)
    await writer.execute(delete(Publication).where(mine, col(Publication.version) < floor))
    lost = and_(col(Publication.provider_pk) == provider_pk, col(Publication.epoch) != epoch)
    await writer.execute(delete(Publication).where(lost))
    return floor


async def shorten_log(database: Database, provider_pk: int, floor: int) -> None:
    """Deletes the lines that nobody can be told of any more, in bites that let other writers in between."""
    owned = "provider_pk = :pk AND version <= :floor"
    statement = text(f"DELETE FROM change WHERE pk IN (SELECT pk FROM change WHERE {owned} LIMIT {BITE})")  # noqa: S608
    gone = BITE
    while gone == BITE:
        async with database.writer() as writer:
            gone = await writer.execute(statement, {"pk": provider_pk, "floor": floor})


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
    of_file = and_(
        col(Snapshot.provider_pk) == col(SnapshotFile.provider_pk),
        col(Snapshot.epoch) == col(SnapshotFile.epoch),
        col(Snapshot.version) == col(SnapshotFile.version),
    )
    files = delete(SnapshotFile).where(col(SnapshotFile.provider_pk) == provider_pk, ~exists().where(of_file))
    await writer.execute(files)


async def sweep(database: Database, artifacts: ArtifactStore, *, seconds: float) -> int:
    """Deletes artifacts that no row of any provider names; returns how many."""
    aged = set(await artifacts.aged(seconds))
    if not aged:
        return 0
    async with database.reader() as reader:
        named = {row.artifact for row in await reader.rows(select(SnapshotFile.artifact).distinct())}  # type: ignore[call-overload]
    for sha256 in aged - named:
        await artifacts.delete(sha256, min_age=seconds)
    return len(aged - named)
