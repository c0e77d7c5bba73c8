"""Rules over a stored catalogue: everything marked for the first time, then again; and what they cost a first sync."""

import asyncio
import random
import tempfile
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import insert, update
from sqlmodel import col

from app.core.clock import now_ms
from app.core.memory import calm_collector
from app.db import items, migrate
from app.db.engine import Database
from app.db.tables import CatalogueHead, ProviderRuleset
from app.domain.kinds import Kind
from app.domain.marking import Marker, Policy
from app.domain.records import CategoryRecord, ChannelRecord
from app.jobs import lease
from app.sync.drafts import row
from app.sync.normalise import draft
from app.tags.processing import Processing
from app.tags.rulesets import Rulesets
from bench.measure import Clock, measure
from bench.result import Result
from tests.support.scripted import ScriptedProvider, add_provider, sync

CHANNELS: Final = 100_000
SYNCED: Final = 20_000
BATCH: Final = 2_000
AIM: Final = "≤ 5 s"
COUNTRIES: Final = ("US", "UK", "FR", "DE", "NL", "ES", "IT", "PT", "TR", "AR", "SE", "CA")
WORDS: Final = ("Sport", "Cinema", "News", "Kids", "Premium", "Action", "Discovery", "Music", "Nature", "Comedy", "One")
STYLES: Final = ("{c}: {n}", "|{c}| {n}", "{c} - {n}", "{c} ★ {n}", "{n}", "[{c}] {n}")
ENDS: Final = ("", " HD", " FHD", " ᴴᴰ", " UHD/4K", " [EAST]", " +1", " (BACKUP)", " HEVC", " ᴿᴬᵂ", " SD", "")


def bench(*, small: bool) -> list[Result]:
    """Processing with the built-in rules, and with a person's copy of them, whose patterns run under a limit."""
    count, synced = (CHANNELS // 10, SYNCED // 10) if small else (CHANNELS, SYNCED)
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for name, copied in (("built-in rules", False), ("a copy of them, under limits", True)):
            url = f"sqlite:///{folder}/{copied}.db"
            asyncio.run(_seed(url, count, copied=copied))
            for turn in ("all changes", "nothing changes"):
                cost = measure("bench.tags", "process", database=url)
                told = f"tags: {cost.told['rules']} {name}, {turn}"
                results.append(Result(name=told, items=count, cost=cost, aim=AIM))
        plain = measure("bench.tags", "first_sync", database=f"sqlite:///{folder}/plain.db", count=synced, ruled=False)
        ruled = measure("bench.tags", "first_sync", database=f"sqlite:///{folder}/ruled.db", count=synced, ruled=True)
    told = "tags: a first sync with rules beside one without (CPU s)"
    results.append(Result(name=told, items=synced, cost=ruled, floor=plain.cpu, aim="≤ 1.10"))
    return results


async def process(clock: Clock, arguments: dict[str, Any]) -> dict[str, Any]:
    """Marks all that is stored."""
    database = Database(arguments["database"])
    rules = (await Rulesets(database).assigned(1))[0].rules
    calm_collector()  # as every worker does
    async with lease.held(database, provider_pk=1, job_id="bench") as fence:
        with clock:
            run = await Processing(database).whole(1, fence)
    await database.close()
    return {"rules": rules, "changed": run.changed}


async def first_sync(clock: Clock, arguments: dict[str, Any]) -> dict[str, Any]:
    """Syncs an empty catalogue from a provider that costs next to nothing."""
    database = await _opened(arguments["database"])
    pk = await add_provider(database, "bench")
    if arguments["ruled"]:
        await _assign(database, pk, "default")
    records = list(_records(arguments["count"]))
    listed = [CategoryRecord(external_id=str(number), name=f"Group {number}", position=number) for number in range(40)]
    categories = {Kind.CHANNEL: listed, Kind.MOVIE: [], Kind.SERIES: []}
    provider = ScriptedProvider(lists={Kind.CHANNEL: records}, categories_of=categories, size=1_000)
    calm_collector()
    with clock:
        await sync(database, pk, provider)
    await database.close()
    return {}


async def _seed(url: str, count: int, *, copied: bool) -> None:
    """A catalogue that was synced and published before there were rules."""
    database = await _opened(url)
    pk = await add_provider(database, "bench")
    chosen = (await Rulesets(database).add("Copy", copy_of="default")).id if copied else "default"
    await _assign(database, pk, chosen)
    marker, now, rows = Marker(Kind.CHANNEL, Policy(), {}), now_ms(), []
    for place, record in enumerate(_records(count)):
        made = draft(record, "bench", {})
        rows.append(row(made, place, now, marker.mark(made.document.name, ())))
    async with database.writer() as writer:  # published, so that every change has to be told
        await writer.execute(update(CatalogueHead).where(col(CatalogueHead.provider_pk) == pk).values(version=1))
    for start in range(0, count, BATCH):
        async with database.writer() as writer:
            await items.insert(writer, Kind.CHANNEL, pk, rows[start : start + BATCH])
    await database.close()


async def _opened(url: str) -> Database:
    await migrate.upgrade(url)
    return Database(url)


async def _assign(database: Database, pk: int, ruleset: str) -> None:
    async with database.writer() as writer:
        await writer.execute(insert(ProviderRuleset).values(provider_pk=pk, ruleset_id=ruleset, position=0))


def _records(count: int) -> Iterator[ChannelRecord]:
    draw = random.Random(5)  # the same names each time
    for number in range(count):
        name = f"{draw.choice(WORDS)} {draw.choice(WORDS)} {number % 500}"
        styled = draw.choice(STYLES).format(c=draw.choice(COUNTRIES), n=name) + draw.choice(ENDS)
        yield ChannelRecord(
            external_id=str(number),
            name=styled,
            category_ids=(str(number % 40),),
            number=number,
            epg_id=f"c{number}.tv",
        )
