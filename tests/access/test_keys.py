"""Keys at rest, in memory, and at their end."""

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256

import pytest
from sqlalchemy import select, text, update
from sqlmodel import col

from app.access import keys as module
from app.access.audit import Audit
from app.access.keys import Keys
from app.core.clock import now_ms
from app.core.errors import Invalid, NotFound
from app.db.engine import Database, DatabaseAway
from app.db.tables import ApiKey
from app.domain.access import KeyScope


@pytest.fixture
async def keys(database: Database) -> AsyncIterator[Keys]:
    found = Keys(database)
    yield found
    await found.close()


async def last_use(database: Database, public: str) -> int | None:
    async with database.reader() as reader:
        found = await reader.scalar(select(col(ApiKey.last_used_at)).where(col(ApiKey.id) == public))
        return None if found is None else int(found)


async def test_a_key_is_found_by_its_text_and_only_its_digest_is_stored(database: Database, keys: Keys) -> None:
    view, word = await keys.create("phone", KeyScope.READ)
    found = keys.find(word.encode())
    assert found is not None
    assert (found.name, found.scope, found.key) == ("phone", KeyScope.READ, view.id)
    assert keys.find(word.encode()[:-1]) is None
    assert keys.find(b"") is None
    async with database.reader() as reader:
        row = await reader.row(text("SELECT * FROM api_key"))
    assert row is not None
    assert row.sha256 == sha256(word.encode()).hexdigest()
    assert word not in repr(tuple(row))
    assert len(word) > 40


async def test_a_revoked_key_opens_nothing_and_its_name_is_free(keys: Keys) -> None:
    _, word = await keys.create("phone", KeyScope.ADMIN)
    with pytest.raises(Invalid, match="Another key"):
        await keys.create("phone", KeyScope.READ)
    assert (await keys.revoke("phone")).revoked_at is not None
    assert keys.find(word.encode()) is None
    assert keys.needed  # the last key went: nothing is open again
    with pytest.raises(NotFound):
        await keys.revoke("phone")
    again, _ = await keys.create("phone", KeyScope.SYNC)
    assert (await keys.revoke(again.id)).id == again.id
    assert len(await keys.list()) == 2


@pytest.mark.parametrize("name", ["", " x", "(session)", "x" * 65, "x\ny", "ключ"])
async def test_a_name_that_could_be_taken_for_something_else_is_refused(keys: Keys, name: str) -> None:
    with pytest.raises(Invalid, match="letters"):
        await keys.create(name, KeyScope.READ)


async def test_another_process_hears_of_keys_and_of_their_end(
    database: Database, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FRESH_SECONDS", 0)
    other = Keys(database)
    await other.load()
    assert not other.needed
    _, word = await keys.create("phone", KeyScope.READ)
    for opens in (True, False):
        async with asyncio.timeout(5):
            while (other.find(word.encode()) is not None) is not opens:
                await asyncio.sleep(0.01)
        if opens:
            await keys.revoke("phone")
    await other.close()


async def test_its_last_use_is_written_once_a_minute(database: Database, keys: Keys) -> None:
    view, word = await keys.create("phone", KeyScope.READ)
    assert await last_use(database, view.id) is None
    keys.find(word.encode())
    await keys.close()
    first = await last_use(database, view.id)
    assert first is not None
    keys.find(word.encode())
    await keys.close()
    assert await last_use(database, view.id) == first
    long_ago = now_ms() - 2 * module.USE_MS
    async with database.writer() as writer:
        await writer.execute(update(ApiKey).values(last_used_at=long_ago))
    again = Keys(database)
    await again.load()
    again.find(word.encode())
    await again.close()
    assert (await last_use(database, view.id) or 0) >= first


async def test_a_database_that_is_away_ends_no_key(
    database: Database, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FRESH_SECONDS", 0)
    _, word = await keys.create("phone", KeyScope.READ)

    def away() -> None:
        raise DatabaseAway("The database cannot be reached.")

    monkeypatch.setattr(database, "reader", away)
    monkeypatch.setattr(database, "writer", away)
    for _ in range(3):
        assert keys.find(word.encode()) is not None
        assert keys.needed
        await keys.close()


async def test_making_and_revoking_a_key_is_noted(database: Database, keys: Keys) -> None:
    view, word = await keys.create("phone", KeyScope.READ)
    await keys.revoke(view.id, by="boss")
    entries, total = await Audit(database).page()
    assert total == 2
    assert [(one.who, one.action) for one in entries] == [("boss", "revoke_key"), ("(command line)", "create_key")]
    assert word not in repr(entries)
