"""The mirror of an operator's table: 650,000 rows of 13 columns, and what is asked of it.

The floor is the same pages by a bare client, as many at a time, and the same rows loaded in bulk into an empty table.
"""

import asyncio
import sqlite3
import time
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

import aiohttp
import orjson
from sqlalchemy import update

from app.core.memory import calm_collector
from app.db import migrate
from app.db.engine import Database
from app.domain.jsonsql.language import transpile
from app.domain.kinds import ProviderKind, StepName, StepStatus
from app.domain.outcomes import job_outcome
from app.domain.portal_settings import PortalSettings
from app.domain.schemas import FieldSpec, FieldType, Schemas, SyncSpec, TableSchema
from app.jobs.requests import JobRequests
from app.jobs.run import Run
from app.mirror.desk import MirrorDesk, open_desk
from app.mirror.full import BATCH, PARTS
from app.mirror.homes import Homes
from app.mirror.query import Source
from app.mirror.remote import ranges
from app.providers.base import ProviderAccount
from app.providers.iptvportal.session import MemoryStore
from app.providers.transport import Transport
from app.registry.breakers import Breakers
from app.simulator.behaviour import Behaviour
from app.simulator.iptvportal.tables import ALL
from app.simulator.process import PortalProcess
from app.simulator.spec import CatalogueSpec
from bench.measure import Clock, measure
from bench.result import Result
from tests.support.scripted import T, add_job, add_provider

ROWS: Final = 650_000
CHUNK: Final = 1_000
ASKED: Final = 200
TABLE: Final = "subscriber"
TYPES: Final = {"integer": FieldType.INTEGER, "boolean": FieldType.BOOLEAN, "json": FieldType.JSON}
JOIN: Final = (
    "SELECT s.username, t.mac_addr FROM terminal t JOIN subscriber s ON t.subscriber_id = s.id "
    "WHERE s.id BETWEEN {low} AND {high} ORDER BY t.id"
)
STATEMENT: Final = (
    "SELECT s.max_terminal, COUNT(*) AS n FROM terminal t LEFT JOIN subscriber s ON t.subscriber_id = s.id "
    "WHERE s.disabled = FALSE AND (s.username LIKE 'a%' OR t.id IN (1, 2, 3)) GROUP BY s.max_terminal "
    "HAVING COUNT(*) > {number} ORDER BY n DESC LIMIT 10"
)


def bench(*, small: bool = False, postgres: Any = None) -> list[Result]:
    """The sync, then single questions, whose lines tell milliseconds in their names."""
    rows = ROWS // 10 if small else ROWS
    spec = CatalogueSpec(channels=10, movies=10, series=0, categories=4, subscribers=rows)
    where = "Postgres" if postgres else "SQLite"
    with PortalProcess(["iptvportal"], spec, Behaviour()) as portal, TemporaryDirectory() as folder:
        given = {"url": portal.url, "folder": folder, "rows": rows}
        floor = measure("bench.mirror", "floor", **given)
        if postgres:
            with postgres.database() as url:
                cost = measure("bench.mirror", "sync", **given, database=url)
        else:
            cost = measure("bench.mirror", "sync", **given, database=f"sqlite:///{folder}/lineup.db")
    seconds = floor.told["fetched"] + floor.told["loaded"]
    aim = "ratio 0.5, 150 MB"
    lines = [Result(name=f"mirror, {where}", items=rows, cost=cost, floor=seconds, aim=aim, rate=True)]
    for what, limit in (("cached", 1), ("join", 10), ("transpile", 2)):
        name = f"{what}: {cost.told[what]:.2f} ms"
        lines.append(Result(name=name, items=ASKED, cost=cost, aim=f"{limit} ms"))
    return lines


async def sync(clock: Clock, given: dict[str, Any]) -> dict[str, Any]:
    """One job of one table; then questions, outside the clock."""
    await migrate.upgrade(given["database"])
    database, transport = Database(given["database"]), Transport()
    pk = await add_provider(database)
    async with database.writer() as writer:
        await writer.execute(update(T["provider"]).values(kind=ProviderKind.IPTVPORTAL.value))
    account = ProviderAccount(
        id=f"{'one':a<16}",
        name="one",
        kind=ProviderKind.IPTVPORTAL,
        url=given["url"],
        credentials={"username": "bench", "password": "not-a-secret"},
        options={},
    )
    homes = Homes(database)
    desk = _desk(database, homes, transport, account)
    calm_collector()
    with clock:
        await _synced(database, desk, account, pk=pk, table=TABLE, rows=given["rows"])
    await _synced(database, desk, account, pk=pk, table="terminal", rows=None)
    told = await _asked(desk, pk)
    await transport.close()
    await homes.close()
    await database.close()
    return told


async def floor(clock: Clock, given: dict[str, Any]) -> dict[str, Any]:
    """What no mirror of this table can do without."""
    calm_collector()
    connector = aiohttp.TCPConnector(limit=PARTS)
    async with aiohttp.ClientSession(base_url=given["url"], connector=connector) as session:
        login = {"jsonrpc": "2.0", "id": 1, "method": "authorize_user", "params": {"username": "b", "password": "b"}}
        async with session.post("/api/jsonrpc/", json=login) as answer:
            session_id = (await answer.json(content_type=None))["result"]["session_id"]
        headers = {"Iptvportal-Authorization": f"sessionid={session_id}", "Content-Type": "application/json"}
        await _page(session, headers, 0, 1)  # fills the table there
        with clock:
            began = time.perf_counter()
            spans = ranges(1, given["rows"], PARTS, least=CHUNK)
            walks = (_walk(session, headers, low or 0, high or given["rows"]) for low, high in spans)
            pages = [page for walk in await asyncio.gather(*walks) for page in walk]
            fetched = time.perf_counter() - began
            loaded = await asyncio.to_thread(_load, f"{given['folder']}/floor.db", pages)
    return {"fetched": fetched, "loaded": loaded}


async def _walk(session: aiohttp.ClientSession, headers: dict[str, str], low: int, high: int) -> list[Any]:
    found = []
    while low < high:
        rows = await _page(session, headers, low, high)
        found.append(rows)
        low = rows[-1][0]
    return found


async def _page(session: aiohttp.ClientSession, headers: dict[str, str], low: int, high: int) -> list[Any]:
    where = {"and": [{"gt": ["id", low]}, {"lte": ["id", high]}]}
    params = {"data": ["*"], "from": TABLE, "where": where, "order_by": "id", "limit": CHUNK}
    body = orjson.dumps({"jsonrpc": "2.0", "id": 1, "method": "select", "params": params})
    async with session.post("/api/jsonsql/", data=body, headers=headers) as answer:
        rows: list[Any] = orjson.loads(await answer.read())["result"]
    return rows


def _load(file: str, pages: list[Any]) -> float:
    began = time.perf_counter()
    database = sqlite3.connect(file, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    names = list(ALL[TABLE].columns)
    database.execute(f"CREATE TABLE t (id INTEGER PRIMARY KEY, {', '.join(names[1:])})")
    marks = ", ".join("?" * len(names))
    step = BATCH // CHUNK
    for start in range(0, len(pages), step):
        database.execute("BEGIN IMMEDIATE")
        rows = (row for page in pages[start : start + step] for row in page)
        database.executemany(f"INSERT INTO t VALUES ({marks})", rows)
        database.execute("COMMIT")
    database.close()
    return time.perf_counter() - began


def _desk(database: Database, homes: Homes, transport: Transport, account: ProviderAccount) -> MirrorDesk:
    async def accounts(_: int) -> ProviderAccount:
        return account

    return open_desk(
        database,
        homes,
        settings=PortalSettings(),
        schemas=Schemas(tables={name: _schema(name) for name in (TABLE, "terminal")}),
        transport=transport,
        accounts=accounts,
        sessions=lambda _: MemoryStore(),
        gates=Breakers(database).gate,
        jobs=JobRequests(database, _NoQueue()),
    )


def _schema(table: str) -> TableSchema:
    columns = ALL[table].columns
    fields = tuple(
        FieldSpec(position=at, name=name, type=TYPES.get(kind, FieldType.STRING))
        for at, (name, kind) in enumerate(columns.items())
    )
    return TableSchema(name=table, fields=fields, width=len(columns), sync=SyncSpec(chunk_size=CHUNK, ttl=86_400))


async def _synced(
    database: Database, desk: MirrorDesk, account: ProviderAccount, *, pk: int, table: str, rows: int | None
) -> None:
    async with Run(database, None, await add_job(database, pk, only=[f"table:{table}"])) as job:
        await desk.tables.plan(job, account)
        await desk.tables.refresh(job, account)
        step = next(one for one in job.steps if one.name is StepName.TABLES)
        await job.finish(job_outcome({step.name: step.status}), errors=job.errors, version=None)
    assert step.status is StepStatus.COMPLETED, step
    assert rows is None or step.fetched == rows, step


async def _asked(desk: MirrorDesk, pk: int) -> dict[str, float]:
    """Medians in milliseconds: of an answer that is remembered, of one with a JOIN, of a statement in JSONSQL."""
    sql = JOIN.format(low=100, high=120)
    await desk.queries.run(pk, sql)
    cached, joined, made = [], [], []
    for number in range(ASKED):
        began = time.perf_counter()
        found = await desk.queries.run(pk, sql)
        cached.append(time.perf_counter() - began)
        assert found.source is Source.MEMORY, found
        began = time.perf_counter()
        found = await desk.queries.run(pk, JOIN.format(low=number * 10, high=number * 10 + 50))
        joined.append(time.perf_counter() - began)
        assert found.source is Source.MIRROR, found
        began = time.perf_counter()
        transpile(STATEMENT.format(number=number))
        made.append(time.perf_counter() - began)
    return {"cached": median(cached) * 1e3, "join": median(joined) * 1e3, "transpile": median(made) * 1e3}


class _NoQueue:
    async def enqueue(self, *_: Any, **__: Any) -> None:
        """Nothing."""

    async def requeue(self, *_: Any, **__: Any) -> bool:
        return False
