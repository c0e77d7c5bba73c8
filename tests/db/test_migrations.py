import asyncio

import pytest
from sqlalchemy import inspect

from app.core.errors import Misconfigured
from app.db import migrate
from app.db.tables import metadata


async def table_names(url: str) -> set[str]:
    found: set[str] = set()
    await migrate.in_transaction(url, lambda connection: found.update(inspect(connection).get_table_names()))
    return found - {"alembic_version"}


async def test_an_upgrade_makes_every_table(empty_database_url: str) -> None:
    await migrate.upgrade(empty_database_url)
    assert set(metadata.tables) <= await table_names(empty_database_url)


async def test_migrations_and_tables_agree(database_url: str) -> None:
    assert await migrate.check(database_url) == []


async def test_an_empty_database_differs(empty_database_url: str) -> None:
    differences = await migrate.check(empty_database_url)
    assert differences[0] == f"the database is at revision None, this release at {migrate.head_revision()}"
    assert "add table provider" in differences


async def test_a_downgrade_to_base_leaves_nothing(database_url: str) -> None:
    await migrate.downgrade(database_url, "base")
    assert await table_names(database_url) == set()


async def test_every_migration_can_be_taken_back_and_applied_again(database_url: str) -> None:
    await migrate.downgrade(database_url, "base")
    await migrate.upgrade(database_url)
    assert await migrate.check(database_url) == []


async def test_upgrades_that_start_together_do_the_work_once(empty_database_url: str) -> None:
    await asyncio.gather(*(migrate.upgrade(empty_database_url) for _ in range(3)))
    assert await migrate.check(empty_database_url) == []


async def test_an_unreachable_database_is_named_without_its_password() -> None:
    with pytest.raises(Misconfigured, match="LINEUP_DATABASE_URL") as raised:
        await migrate.upgrade("postgresql://lineup:hidden-word@127.0.0.1:1/lineup")
    assert "hidden-word" not in str(raised.value)
