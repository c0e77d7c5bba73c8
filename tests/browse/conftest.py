from collections.abc import AsyncIterator, Sequence
from typing import Any

import orjson
import pytest
from sqlalchemy import update
from sqlmodel import col

from app.browse.service import Browse, ItemWish
from app.db.engine import Database
from app.db.tables import CatalogueHead
from app.domain.kinds import Kind
from app.domain.records import CategoryRecord, Record
from tests.support.scripted import ScriptedProvider, add_provider, record, sync


class Shop:
    """A database with catalogues brought by the real pipeline, and the feature that reads them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.browse = Browse(database)

    async def stock(
        self,
        lists: dict[Kind, list[Record]],
        *,
        name: str = "one",
        categories: Sequence[str] = ("One",),
        pk: int | None = None,
    ) -> int:
        """Syncs these records into a provider; category n has the external id n + 1."""
        pk = await add_provider(self.database, name) if pk is None else pk
        known = [
            CategoryRecord(external_id=str(number), name=title, position=number)
            for number, title in enumerate(categories, 1)
        ]
        provider = ScriptedProvider(lists=lists, categories_of=dict.fromkeys(Kind, known), size=1000)
        await sync(self.database, pk, provider, force=True)
        return pk

    async def page(self, kind: Kind, provider_id: str | None = None, **wish: Any) -> dict[str, Any]:
        answer: dict[str, Any] = orjson.loads(await self.browse.page(kind, ItemWish(**wish), provider_id))
        return answer

    async def item(self, kind: Kind, item_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = orjson.loads(await self.browse.item(kind, item_id))
        return answer

    async def publish(self, pk: int) -> None:
        """What a publish does to the head."""
        head = update(CatalogueHead).where(col(CatalogueHead.provider_pk) == pk)
        async with self.database.writer() as writer:
            await writer.execute(head.values(version=CatalogueHead.version + 1, pending=False))

    async def names(self, kind: Kind, provider_id: str | None = None, **wish: Any) -> list[str]:
        return [item["name"] for item in (await self.page(kind, provider_id, **wish))[kind.plural]]

    async def walk(self, kind: Kind, provider_id: str | None = None, **wish: Any) -> list[str]:
        """All names, gathered by following cursors."""
        found: list[str] = []
        cursor: str | None = None
        while True:
            answer = await self.page(kind, provider_id, cursor=cursor, **wish)
            found += [item["name"] for item in answer[kind.plural]]
            cursor = answer["nextCursor"]
            assert answer["hasMore"] is (cursor is not None)
            if cursor is None:
                return found


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    database = Database(database_url)
    yield Shop(database)
    await database.close()


def movies(count: int, **fields: Any) -> list[Record]:
    return [record(Kind.MOVIE, number, **fields) for number in range(1, count + 1)]
