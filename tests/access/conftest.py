from collections.abc import AsyncIterator

import pytest

from app.db.engine import Database


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    found = Database(database_url)
    yield found
    await found.close()
