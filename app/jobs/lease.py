"""Who may write a catalogue: one holder at a time, told apart by a fencing number that only grows.

A worker that was stopped, suspended or cut off may wake up as a zombie. Its transactions call `require`, which
refuses them once another worker holds the lease; time alone takes no lease away from a holder whom nobody followed.
"""

from typing import Any

from sqlalchemy import BigInteger, cast, func, or_, select, update
from sqlmodel import col

from app.core.clock import now_ms
from app.core.errors import Conflict, LeaseLost
from app.db.engine import Reader, Writer
from app.db.tables import CatalogueHead

LEASE_SECONDS = 30
RENEW_SECONDS = 10.0


def database_ms(reader: Reader) -> Any:
    """The present as the database sees it: workers on several machines share its clock, not each other's."""
    if reader.sqlite:
        return now_ms()
    return cast(func.extract("epoch", func.clock_timestamp()) * 1000, BigInteger)


async def acquire(writer: Writer, *, provider_pk: int, job_id: str, seconds: int = LEASE_SECONDS) -> int:
    """Takes the lease and returns its fence; `Conflict` while somebody, be it the same job, holds it."""
    now = database_ms(writer)
    free = or_(col(CatalogueHead.lease_until).is_(None), col(CatalogueHead.lease_until) < now)
    taken = await writer.scalar(
        update(CatalogueHead)
        .where(col(CatalogueHead.provider_pk) == provider_pk, free)
        .values(fence=CatalogueHead.fence + 1, lease_job=job_id, lease_until=now + seconds * 1000)
        .returning(col(CatalogueHead.fence))
    )
    if taken is None:
        raise Conflict("Another worker is writing this catalogue.", code="catalogue_busy")
    return int(taken)


async def require(writer: Writer, *, provider_pk: int, fence: int) -> None:
    """Refuses the transaction when the lease went to somebody else; on Postgres it also holds the head row."""
    found = await writer.scalar(
        select(col(CatalogueHead.fence)).where(col(CatalogueHead.provider_pk) == provider_pk).with_for_update()
    )
    if found != fence:
        raise LeaseLost("Another worker writes this catalogue now.")


async def renew(writer: Writer, *, provider_pk: int, fence: int, seconds: int = LEASE_SECONDS) -> None:
    """Prolongs the lease; `LeaseLost` when it went to somebody else."""
    renewed = await writer.execute(
        update(CatalogueHead)
        .where(col(CatalogueHead.provider_pk) == provider_pk, col(CatalogueHead.fence) == fence)
        .values(lease_until=database_ms(writer) + seconds * 1000)
    )
    if not renewed:
        raise LeaseLost("Another worker writes this catalogue now.")


async def release(writer: Writer, *, provider_pk: int, fence: int) -> None:
    """Gives the lease back; harmless when it is somebody else's."""
    await writer.execute(
        update(CatalogueHead)
        .where(col(CatalogueHead.provider_pk) == provider_pk, col(CatalogueHead.fence) == fence)
        .values(lease_job=None, lease_until=None)
    )


async def revoke(writer: Writer, *, provider_pk: int, job_id: str) -> None:
    """Takes the lease from a job whose worker is lost, so that nothing passes should that worker wake up."""
    await writer.execute(
        update(CatalogueHead)
        .where(col(CatalogueHead.provider_pk) == provider_pk, col(CatalogueHead.lease_job) == job_id)
        .values(fence=CatalogueHead.fence + 1, lease_job=None, lease_until=None)
    )
