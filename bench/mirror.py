"""The mirror of an operator's table: 650,000 rows of 13 columns, and what is asked of it.

The floor is the same pages by a bare client, as many at a time, and then the same rows loaded in bulk into an empty
table of the same database. Each sync stands against the floor that was taken right before it; lines tell the middle
one of them. The simulated portal, the floor and the sync are processes of their own. The peak is that of the sync's
whole process: imports, a sync of this table and of one with twice its rows, the questions.
"""

import asyncio
import sqlite3
import time
from itertools import chain
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

import aiohttp
import asyncpg
import orjson

from app.core.memory import calm_collector
from app.mirror.full import BATCH, PARTS
from app.mirror.remote import ranges
from app.simulator.behaviour import Behaviour
from app.simulator.iptvportal.tables import ALL
from app.simulator.process import PortalProcess
from app.simulator.spec import CatalogueSpec
from bench.measure import Clock, Cost, measure
from bench.mirrored import ASKED, CHUNK, OTHER, TABLE
from bench.result import Result

ROWS: Final = 650_000
ROUNDS: Final = 3
TOGETHER: Final = 250  # rows of one statement on SQLite
KINDS: Final = {"integer": "BIGINT", "boolean": "BOOLEAN"}


def bench(*, small: bool = False, postgres: Any = None) -> list[Result]:
    """The sync, then single questions, whose lines tell milliseconds in their names."""
    rows = ROWS // 10 if small else ROWS
    spec = CatalogueSpec(channels=10, movies=10, series=0, categories=4, subscribers=rows)
    with PortalProcess(["iptvportal"], spec, Behaviour()) as portal:
        rounds = [_round(portal.url, rows, postgres) for _ in range(ROUNDS)]
    seconds, cost = sorted(rounds, key=lambda one: one[0] / one[1].wall)[len(rounds) // 2]
    name = f"mirror, {'Postgres' if postgres else 'SQLite'}"
    lines = [Result(name=name, items=rows, cost=cost, floor=seconds, aim="ratio 0.5, 150 MB", rate=True)]
    for what, limit in (("cached", 1), ("join", 10), ("transpile", 2)):
        middle = median(one.told[what] for _, one in rounds)
        lines.append(Result(name=f"{what}: {middle:.2f} ms", items=ASKED, cost=cost, aim=f"{limit} ms"))
    return lines


def _round(url: str, rows: int, postgres: Any) -> tuple[float, Cost]:
    """Seconds of the floor, and what the sync cost."""
    tables = {name: dict(ALL[name].columns) for name in (TABLE, OTHER)}
    given: dict[str, Any] = {"url": url, "rows": rows, "tables": tables}
    with TemporaryDirectory() as folder:
        if postgres is None:
            floor = measure("bench.mirror", "floor", **given, database=f"{folder}/floor.db")
            cost = measure("bench.mirrored", "sync", **given, database=f"sqlite:///{folder}/lineup.db")
        else:
            with postgres.database() as database:
                floor = measure("bench.mirror", "floor", **given, database=database)
            with postgres.database() as database:
                cost = measure("bench.mirrored", "sync", **given, database=database)
    return floor.told["fetched"] + floor.told["loaded"], cost


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
            load = _copied if given["database"].startswith("postgres") else _loaded
            began = time.perf_counter()
            await load(given["database"], pages)
            loaded = time.perf_counter() - began
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


async def _loaded(file: str, pages: list[Any]) -> None:
    """Into SQLite, a transaction for as many rows as the mirror takes at once."""
    database = sqlite3.connect(file, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    names = list(ALL[TABLE].columns)
    database.execute(f"CREATE TABLE t (id INTEGER PRIMARY KEY, {', '.join(names[1:])})")
    one, step = f"({', '.join('?' * len(names))})", BATCH // CHUNK
    for start in range(0, len(pages), step):
        rows = list(chain.from_iterable(pages[start : start + step]))
        whole = len(rows) - len(rows) % TOGETHER
        spans = (list(chain.from_iterable(rows[at : at + TOGETHER])) for at in range(0, whole, TOGETHER))
        database.execute("BEGIN IMMEDIATE")
        database.executemany(f"INSERT INTO t VALUES {', '.join([one] * TOGETHER)}", spans)
        database.executemany(f"INSERT INTO t VALUES {one}", rows[whole:])
        database.execute("COMMIT")
    database.close()


async def _copied(url: str, pages: list[Any]) -> None:
    """Into Postgres, in one COPY."""
    database = await asyncpg.connect(url)
    columns = ", ".join(f"{name} {KINDS.get(kind, 'TEXT')}" for name, kind in ALL[TABLE].columns.items())
    await database.execute(f"CREATE TABLE t ({columns}, PRIMARY KEY (id))")
    await database.copy_records_to_table("t", records=(row for page in pages for row in page))
    await database.close()
