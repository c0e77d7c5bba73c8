"""A process that is suspended inside a transaction keeps nobody out for longer than a lease lasts."""

import asyncio

import pytest
from sqlalchemy import text

from app.db import engine
from app.db.engine import Database, DatabaseAway
from app.jobs.lease import LEASE_SECONDS

WRITE = text("UPDATE alembic_version SET version_num = version_num")


def test_locks_go_before_the_lease_does() -> None:
    assert engine.IDLE_IN_TRANSACTION_MS < LEASE_SECONDS * 1000


async def test_postgres_ends_a_transaction_that_nobody_goes_on_with(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "IDLE_IN_TRANSACTION_MS", 150)
    suspended, other = Database(postgres_url), Database(postgres_url)

    async def sleep_and_go_on() -> None:
        async with suspended.writer() as held:
            await held.execute(WRITE)
            async with asyncio.timeout(10), other.writer() as free:
                await free.execute(WRITE)
            await held.execute(WRITE)

    with pytest.raises(DatabaseAway):
        await sleep_and_go_on()
    async with suspended.reader() as again:
        assert await again.scalar(text("SELECT 1")) == 1
    await suspended.close()
    await other.close()
