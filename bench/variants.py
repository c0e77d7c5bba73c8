"""Groups of copies and previews over 100,000 channels of four providers; times are of this process's own work."""

import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from app.browse.preview import Preview, PreviewWish
from app.browse.shelves import Shelves
from app.browse.variants import Variants, VariantWish
from app.db import items, migrate, search
from app.db.engine import Database
from app.db.items import ItemWrite
from app.domain.filters import Visibility
from app.domain.kinds import Kind
from app.domain.live import LiveChannel
from app.domain.marking import Marking
from app.domain.records import ChannelRecord
from app.sync.drafts import row
from app.sync.normalise import draft
from bench.measure import Cost, resident_mb
from bench.result import Result
from tests.support.scripted import add_provider

PROVIDERS = 4
CHANNELS = 25_000  # of each
REQUESTS = 100
AIM = "p99 ≤ 50 ms"
STATIONS = 9_000
FRONTS = ("US: ", "UK | ", "DE - ", "|FR| ", "")
BEHINDS = ("", " HD", " FHD", " [4K]", " HEVC", " +1", " backup", " SD")


def bench(postgres: Any = None) -> list[Result]:
    """Fills a database and asks it."""
    if postgres is not None:
        with postgres.database() as url:
            return asyncio.run(_bench(url, "Postgres"))
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_bench(f"sqlite:///{folder}/bench.db", "SQLite"))


async def _bench(url: str, dialect: str) -> list[Result]:
    await migrate.upgrade(url)
    database = Database(url)
    try:
        for number in range(PROVIDERS):
            await _fill(database, number)
        return await _ask(database, dialect)
    finally:
        await database.close()


async def _fill(database: Database, number: int) -> None:
    pk, draw = await add_provider(database, f"p{number}"), random.Random(number)
    rows: list[ItemWrite] = []
    for ordinal in range(CHANNELS):
        name = f"{draw.choice(FRONTS)}Station {draw.randrange(STATIONS)}{draw.choice(BEHINDS)}"
        record = ChannelRecord(external_id=str(ordinal), name=name, number=ordinal)
        rows.append(row(draft(record, f"p{number}", {}), ordinal, 1, Marking((), name, Visibility.SHOWN)))
    async with database.writer() as writer:
        await items.insert(writer, Kind.CHANNEL, pk, rows)
        await search.refresh(writer, provider_pk=pk, kind=Kind.CHANNEL)
        await items.analyze(writer, Kind.CHANNEL)


async def _nobody(provider_pk: int) -> list[LiveChannel]:
    raise AssertionError(provider_pk)


async def _ask(database: Database, dialect: str) -> list[Result]:
    shelves = Shelves()
    variants, preview = Variants(database, shelves), Preview(database, shelves, _nobody)
    groups = {
        "groups, first page": VariantWish(limit=50),
        "groups, page 100": VariantWish(limit=50, page=100),
        "groups by search": VariantWish(limit=50, search="station 1234"),
    }
    previews = {
        "preview, first page": PreviewWish(),
        "preview by search": PreviewWish(search="station 1234"),
        "preview, collapsed, by search": PreviewWish(search="station 1234", collapse=True),
        "preview, everything collapsed": PreviewWish(collapse=True),
    }
    began = time.perf_counter(), time.process_time()
    await variants.page(Kind.CHANNEL, VariantWish())
    cold = _cost(time.perf_counter() - began[0], time.process_time() - began[1])
    title = f"variants, {dialect}: all names worked out, once a version"
    found = [Result(name=title, items=CHANNELS * PROVIDERS, cost=cold)]
    found += [
        await _timed(f"{dialect}: {name}", partial(variants.page, Kind.CHANNEL, wish)) for name, wish in groups.items()
    ]
    return found + [await _timed(f"{dialect}: {name}", partial(preview.page, wish)) for name, wish in previews.items()]


async def _timed(name: str, ask: Callable[[], Awaitable[bytes]]) -> Result:
    await ask()
    walls, works = [], []
    for _ in range(REQUESTS):
        began = time.perf_counter(), time.process_time()
        await ask()
        walls.append(time.perf_counter() - began[0])
        works.append(time.process_time() - began[1])
    place = int(REQUESTS * 0.99) - 1
    wall, work = sorted(walls)[place] * 1000, sorted(works)[place] * 1000
    title = f"variants, {name}: p99 {wall:.1f} ms, own work {work:.1f} ms"
    return Result(name=title, items=REQUESTS, cost=_cost(sum(walls), sum(works)), aim=AIM)


def _cost(wall: float, cpu: float) -> Cost:
    return Cost(wall=wall, cpu=cpu, peak_mb=resident_mb(), idle_mb=0, told={})
