"""Floors: the same work by bare clients and drivers, with nothing of ours in between."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import orjson

from app.db import migrate
from bench.measure import Clock

BATCH = 2_000
TABLES = ("category", "channel", "movie", "series", "document", "item_category")
MAC = "00:1A:79:00:00:01"


async def fetch_stalker(clock: Clock, given: dict[str, Any]) -> dict[str, Any]:
    """All pages of a portal by one session of aiohttp, `window` at a time: bodies are read, nothing is parsed."""
    connector = aiohttp.TCPConnector(limit=0)
    cookies = {"Cookie": f"mac={given['mac']}; stb_lang=en; timezone=UTC", "Accept-Encoding": "gzip, deflate"}
    async with aiohttp.ClientSession(connector=connector, headers=cookies) as session:

        async def ask(**params: Any) -> bytes:
            params |= {"JsHttpRequest": "1-xml"}
            async with session.get(given["url"], params=params) as reply:
                return await reply.read()

        token = orjson.loads(await ask(type="stb", action="handshake", token=""))["js"]["token"]
        session.headers["Authorization"] = f"Bearer {token}"
        await ask(type="stb", action="get_profile", sn="BENCH0001")
        with clock:
            pages = await _stalker_pages(ask, given["lists"], given["window"])
    return {"requests": pages}


async def _stalker_pages(ask: Any, lists: list[list[Any]], window: int) -> int:
    asked = 0
    for kind, action, pages in lists:
        if action != "get_ordered_list":
            await ask(type=kind, action=action)
            asked += 1
            continue
        numbers = iter(range(1, pages + 1))

        async def work(numbers: Any = numbers, kind: str = kind) -> None:
            for number in numbers:
                await ask(type=kind, action="get_ordered_list", category="*", genre="*", sortby="added", p=number)

        await asyncio.gather(*(work() for _ in range(window)))
        asked += pages
    return asked


async def fetch_xtream(clock: Clock, given: dict[str, Any]) -> dict[str, Any]:
    """The six lists of a panel, two at a time, read to their end."""
    total = 0
    async with aiohttp.ClientSession() as session:
        with clock:
            for action in given["actions"]:
                params = {**given["login"], "action": action}
                async with session.get(given["url"], params=params) as reply:
                    async for chunk in reply.content.iter_any():
                        total += len(chunk)
    return {"bytes": total}


async def load_sqlite(clock: Clock, given: dict[str, Any]) -> dict[str, Any]:
    """The rows of one database into an empty one with the same tables and indexes, by the bare driver."""
    target = Path(given["target"])
    await migrate.upgrade(f"sqlite:///{target}")
    source = sqlite3.connect(given["source"])
    rows = {table: source.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES}
    words = source.execute("SELECT rowid, c0 FROM (SELECT id AS rowid, c0 FROM search_index_content)").fetchall()
    source.close()
    bare = sqlite3.connect(target, isolation_level=None)
    bare.execute("PRAGMA journal_mode=WAL")
    bare.execute("PRAGMA synchronous=NORMAL")
    bare.execute("PRAGMA cache_size=-16384")
    with clock:
        for table, found in rows.items():
            _insert(bare, table, found)
        bare.execute("BEGIN IMMEDIATE")
        bare.executemany("INSERT INTO search_index(rowid, words) VALUES (?, ?)", words)
        bare.execute("COMMIT")
    return {"rows": sum(map(len, rows.values()))}


def _insert(bare: sqlite3.Connection, table: str, rows: list[tuple[Any, ...]]) -> None:
    for start in range(0, len(rows), BATCH):
        part = rows[start : start + BATCH]
        marks = ",".join("?" * len(part[0]))
        bare.execute("BEGIN IMMEDIATE")
        bare.executemany(f"INSERT INTO {table} VALUES ({marks})", part)
        bare.execute("COMMIT")


async def load_postgres(clock: Clock, given: dict[str, Any]) -> dict[str, Any]:
    """The same by COPY, and the word index filled as a whole."""
    await migrate.upgrade(given["target"])
    source, bare = await asyncpg.connect(given["source"]), await asyncpg.connect(given["target"])
    rows = {table: [tuple(row) for row in await source.fetch(f"SELECT * FROM {table}")] for table in TABLES}
    provider = await source.fetch("SELECT * FROM provider")
    for row in provider:
        marks = ",".join(f"${number}" for number in range(1, len(row) + 1))
        await bare.execute(f"INSERT INTO provider VALUES ({marks})", *row)
    with clock:
        for table, found in rows.items():
            for start in range(0, len(found), BATCH):
                await bare.copy_records_to_table(table, records=found[start : start + BATCH])
        for number, table in enumerate(("channel", "movie", "series")):
            await bare.execute(
                f"INSERT INTO search_index SELECT provider_pk, {number}, ordinal, "
                f"array_to_tsvector(string_to_array(search_text, ' ')) FROM {table}"
            )
    await source.close()
    await bare.close()
    return {"rows": sum(map(len, rows.values()))}
