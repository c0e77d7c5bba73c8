"""Several providers over real routes, filled with names by the real pipeline."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace
from sqlalchemy import update
from sqlmodel import col

from app.db.tables import CatalogueHead
from app.domain.kinds import Kind
from app.domain.records import CategoryRecord
from tests.support.scripted import ScriptedProvider, record, sync
from tests.support.server import Served

Names = Mapping[Kind, Sequence[str]]


class Town:
    """Providers over real routes, filled by the real pipeline."""

    def __init__(self, served: Served, body: dict[str, Any]) -> None:
        self.served = served
        self.body = body
        self.ids: list[str] = []

    async def add(self, lists: Names | None, categories: Sequence[str] = ("One",), **fields: Any) -> str:
        mac = f"00:1A:79:00:00:{len(self.ids) + 1:02X}"
        body = {**self.body, "name": mac, "credentials": {"mac": mac}}
        added = await self.served.json("POST", "/api/providers", 201, json=body)
        self.ids.append(added["id"])
        if lists is not None:
            await self.fill(added["id"], lists, categories, **fields)
        return str(added["id"])

    async def fill(self, provider_id: str, lists: Names, categories: Sequence[str] = ("One",), **fields: Any) -> None:
        known = [CategoryRecord(external_id=str(at), name=name, position=at) for at, name in enumerate(categories, 1)]
        view = await self.served.context.registry.by_id(provider_id)
        records = {
            kind: [
                replace(record(kind, at, name=name), **{key: value(at) for key, value in fields.items()})
                for at, name in enumerate(names, 1)
            ]
            for kind, names in lists.items()
        }
        provider = ScriptedProvider(lists=records, categories_of=dict.fromkeys(Kind, known), size=1000)
        await sync(self.served.context.database, view.pk, provider, force=True)

    async def publish(self, provider_id: str) -> None:
        """What a publish does to the head."""
        view = await self.served.context.registry.by_id(provider_id)
        head = update(CatalogueHead).where(col(CatalogueHead.provider_pk) == view.pk)
        async with self.served.context.database.writer() as writer:
            await writer.execute(head.values(version=CatalogueHead.version + 1, pending=False))

    async def get(self, path: str, **query: Any) -> Any:
        return await self.served.json("GET", path, params=query)
