"""A provider whose rules and lists tests change."""

from typing import Any

import orjson
from sqlalchemy import select, update

from app.db.engine import Database
from app.db.tables import metadata
from app.domain.kinds import Kind
from app.domain.live import LiveChannel
from app.domain.records import CategoryRecord
from app.jobs import lease
from app.tags.service import Tags
from app.tags.views import RuleView
from tests.support.scripted import ScriptedProvider, record, sync

T = metadata.tables
NAMES = ("US: ESPN ᴴᴰ", "UK: Dave", "US: CNN [EAST]")


class Home:
    """One provider whose lists and rules tests change."""

    def __init__(self, database: Database, pk: int) -> None:
        self.database = database
        self.pk = pk
        self.names = list(NAMES)
        self.category = "All"
        self.published: list[int] = []
        self.tags = Tags(database, publish=self.publish, live=self.nothing)

    async def nothing(self, provider_pk: int) -> list[LiveChannel]:
        return []

    async def publish(self, provider_pk: int, _fence: int) -> str | None:
        """What a publish does to the head."""
        head = T["catalogue_head"]
        async with self.database.writer() as writer:
            mine = (head.c.provider_pk == provider_pk, head.c.pending)
            if await writer.execute(update(head).where(*mine).values(version=head.c.version + 1, pending=False)):
                self.published.append(provider_pk)
        return None

    async def sync(self) -> bool:
        """A sync and what the worker does after it; whether that had something to publish."""
        items = [record(Kind.CHANNEL, number, name=name) for number, name in enumerate(self.names, 1)]
        films = [record(Kind.MOVIE, 1, name="EN - Dune (2021)")]
        listed = [CategoryRecord(external_id="1", name=self.category, position=1)]
        lists: dict[Kind, list[Any]] = {Kind.CHANNEL: items, Kind.MOVIE: films}
        provider = ScriptedProvider(lists=lists, categories_of=dict.fromkeys(Kind, listed))
        await sync(self.database, self.pk, provider, force=True)
        await self.publish(self.pk, 0)
        async with lease.held(self.database, provider_pk=self.pk, job_id="job") as fence:
            return await self.tags.processing.settle(self.pk, fence, await self.job())

    async def job(self) -> str:
        async with self.database.reader() as reader:
            return str(await reader.scalar(select(T["sync_job"].c.id).order_by(T["sync_job"].c.queued_at.desc())))

    async def rule(self, pattern: str, tag: str, **more: Any) -> RuleView:
        """One more rule in the provider's own ruleset."""
        own = [one for one in await self.tags.rulesets.assigned(self.pk) if not one.builtin]
        ruleset = own[0] if own else await self.tags.rulesets.add("Own")
        if not own:
            others = [one.id for one in await self.tags.rulesets.assigned(self.pk)]
            await self.tags.rulesets.assign(self.pk, [*others, ruleset.id])
        return await self.tags.rulesets.add_rule(ruleset.id, RuleView(pattern=pattern, tag=tag, **more))

    async def documents(self, kind: Kind = Kind.CHANNEL) -> dict[str, Any]:
        table, document = T[kind.value], T["document"]
        same = (document.c.provider_pk == table.c.provider_pk) & (document.c.ordinal == table.c.ordinal)
        query = select(table, document.c.body).join(document, same).where(document.c.kind == kind.number)
        async with self.database.reader() as reader:
            rows = await reader.rows(query.where(table.c.provider_pk == self.pk))
        return {row.name: (orjson.loads(row.body), row) for row in rows}

    async def marks(self, kind: Kind = Kind.CHANNEL) -> dict[str, tuple[list[str], str]]:
        found = await self.documents(kind)
        return {name: (body["tags"], body["cleanedName"]) for name, (body, _) in found.items()}

    async def rows(self) -> set[tuple[str, int, bool]]:
        async with self.database.reader() as reader:
            table = T["item_tag"]
            found = await reader.rows(select(table).where(table.c.kind == Kind.CHANNEL.number))
        return {(row.tag, row.ordinal, row.by_user) for row in found}

    async def log(self) -> list[Any]:
        async with self.database.reader() as reader:
            return list(await reader.rows(select(T["change"]).order_by(T["change"].c.pk)))
