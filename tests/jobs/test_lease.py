import pytest
from sqlalchemy import update

from app.core.errors import Conflict, LeaseLost
from app.db.engine import Database
from app.db.tables import CatalogueHead
from app.jobs import lease


async def take(database: Database, provider_pk: int, job_id: str, seconds: int = 30) -> int:
    async with database.writer() as writer:
        return await lease.acquire(writer, provider_pk=provider_pk, job_id=job_id, seconds=seconds)


async def check(database: Database, provider_pk: int, fence: int) -> None:
    async with database.writer() as writer:
        await lease.require(writer, provider_pk=provider_pk, fence=fence)


async def run_out(database: Database) -> None:
    async with database.writer() as writer:
        await writer.execute(update(CatalogueHead).values(lease_until=1))


async def test_one_at_a_time(database: Database, provider_pk: int) -> None:
    fence = await take(database, provider_pk, "a")
    for other in ("b", "a"):
        with pytest.raises(Conflict):
            await take(database, provider_pk, other)
    await check(database, provider_pk, fence)


async def test_what_was_released_is_free(database: Database, provider_pk: int) -> None:
    fence = await take(database, provider_pk, "a")
    async with database.writer() as writer:
        await lease.release(writer, provider_pk=provider_pk, fence=fence)
    assert await take(database, provider_pk, "b") > fence


async def test_a_renewal_that_comes_after_the_release_holds_nothing(database: Database, provider_pk: int) -> None:
    fence = await take(database, provider_pk, "a")
    async with database.writer() as writer:
        await lease.release(writer, provider_pk=provider_pk, fence=fence)
        with pytest.raises(LeaseLost):
            await lease.renew(writer, provider_pk=provider_pk, fence=fence)
    assert await take(database, provider_pk, "b") > fence


async def test_a_zombie_is_refused_inside_its_transaction(database: Database, provider_pk: int) -> None:
    zombie = await take(database, provider_pk, "a")
    await run_out(database)
    await check(database, provider_pk, zombie)  # nobody followed: nothing is lost
    successor = await take(database, provider_pk, "b")
    with pytest.raises(LeaseLost):
        await check(database, provider_pk, zombie)
    async with database.writer() as writer:
        with pytest.raises(LeaseLost):
            await lease.renew(writer, provider_pk=provider_pk, fence=zombie)
        await lease.release(writer, provider_pk=provider_pk, fence=zombie)
    await check(database, provider_pk, successor)
    with pytest.raises(Conflict):
        await take(database, provider_pk, "c")


async def test_renewing_keeps_others_out(database: Database, provider_pk: int) -> None:
    fence = await take(database, provider_pk, "a", seconds=-1)
    async with database.writer() as writer:
        await lease.renew(writer, provider_pk=provider_pk, fence=fence)
    with pytest.raises(Conflict):
        await take(database, provider_pk, "b")


async def test_nobody_holds_a_catalogue_that_was_removed(database: Database) -> None:
    with pytest.raises(LeaseLost):
        await check(database, 99, 1)
