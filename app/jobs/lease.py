"""Who may write a catalogue: one holder at a time, told apart by a fencing number that only grows.

A worker that was stopped, suspended or cut off may wake up as a zombie. Its transactions call `require`, which
refuses them once another worker holds the lease; time alone takes no lease away from a holder whom nobody followed.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, cast, func, or_, select, update
from sqlmodel import col

from app.core.clock import machine_ms
from app.core.errors import Conflict, LeaseLost
from app.core.pauses import beside, pause
from app.db.engine import Database, DatabaseAway, Reader, Writer
from app.db.tables import CatalogueHead

LEASE_SECONDS = 20
RENEW_SECONDS = 5.0
LONGEST_SECONDS = 600  # nobody may ask for more: a lease that seems to last longer was given before its clock went back


def database_ms(reader: Reader) -> Any:
    """The present as all workers of a database see it, in ms of no meaning but for comparisons.

    On Postgres its clock: several machines share it, not each other's. On SQLite that of the machine since its start:
    setting the time of day ends no lease and prolongs none.
    """
    if reader.sqlite:
        return machine_ms()
    return cast(func.extract("epoch", func.clock_timestamp()) * 1000, BigInteger)


def free(reader: Reader) -> ColumnElement[bool]:
    """The condition that nobody holds a catalogue: a clock that was set back must not keep it for hours."""
    now = database_ms(reader)
    until = col(CatalogueHead.lease_until)
    return or_(until.is_(None), until < now, until > now + LONGEST_SECONDS * 1000)


async def acquire(writer: Writer, *, provider_pk: int, job_id: str, seconds: int = LEASE_SECONDS) -> int:
    """Takes the lease and returns its fence; `Conflict` while somebody, be it the same job, holds it."""
    taken = await writer.scalar(
        update(CatalogueHead)
        .where(col(CatalogueHead.provider_pk) == provider_pk, free(writer))
        .values(fence=CatalogueHead.fence + 1, lease_job=job_id, lease_until=database_ms(writer) + seconds * 1000)
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
    """Prolongs the lease; `LeaseLost` when it went to somebody else, or was given back meanwhile."""
    # A renewal that waited for its turn while the job ended must not hold the catalogue for nobody.
    ours = (col(CatalogueHead.fence) == fence, col(CatalogueHead.lease_job).is_not(None))
    renewed = await writer.execute(
        update(CatalogueHead)
        .where(col(CatalogueHead.provider_pk) == provider_pk, *ours)
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


@asynccontextmanager
async def held(database: Database, *, provider_pk: int, job_id: str) -> AsyncIterator[int]:
    """Holds the lease around the block for who is no job; yields the fence. `Conflict` while somebody has it."""
    async with database.writer() as writer:
        fence = await acquire(writer, provider_pk=provider_pk, job_id=job_id)
    try:
        async with beside(partial(_keep, database, provider_pk, fence)):
            yield fence
    finally:
        async with database.writer() as writer:
            await release(writer, provider_pk=provider_pk, fence=fence)


async def _keep(database: Database, provider_pk: int, fence: int, over: asyncio.Event) -> None:
    while not await pause(over, RENEW_SECONDS):
        try:
            async with database.writer() as writer:
                await renew(writer, provider_pk=provider_pk, fence=fence)
        except DatabaseAway:
            continue  # the next try may come in time
        except LeaseLost:
            return  # whoever writes hears of it in the transaction


async def abandoned(reader: Reader, *, provider_pk: int, job_id: str) -> bool:
    """Whether a job that should hold the lease does not."""
    lost = or_(free(reader), col(CatalogueHead.lease_job).is_distinct_from(job_id))
    return bool(await reader.scalar(select(lost).where(col(CatalogueHead.provider_pk) == provider_pk)))


async def revoke(writer: Writer, *, provider_pk: int, job_id: str) -> None:
    """Takes the lease from a job whose worker is lost, so that nothing passes should that worker wake up."""
    await writer.execute(
        update(CatalogueHead)
        .where(col(CatalogueHead.provider_pk) == provider_pk, col(CatalogueHead.lease_job) == job_id)
        .values(fence=CatalogueHead.fence + 1, lease_job=None, lease_until=None)
    )
