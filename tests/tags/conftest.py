from collections.abc import AsyncIterator

import pytest
from sqlalchemy import insert

from app.db.engine import Database
from tests.support.scripted import add_provider
from tests.tags.home import Home, T


@pytest.fixture
async def home(database_url: str) -> AsyncIterator[Home]:
    database = Database(database_url)
    pk = await add_provider(database, "one")
    async with database.writer() as writer:
        await writer.execute(insert(T["provider_ruleset"]).values(provider_pk=pk, ruleset_id="default", position=0))
    yield Home(database, pk)
    await database.close()
