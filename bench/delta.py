"""How small a delta is beside the whole, and how soon its first byte comes."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import httpx

from app.artifacts.local import LocalStore
from app.db.engine import Database
from app.simulator.spec import CatalogueSpec
from app.snapshots.read import Snapshots
from bench.measure import Cost, measure
from bench.result import Result
from bench.serve import serving
from bench.snapshot import PUBLIC_ID, change, seed

ASKED = 500
BASE = f"/api/providers/{PUBLIC_ID}"


def bench(spec: CatalogueSpec) -> list[Result]:
    """1 % of the items changes, spread evenly; asked for over HTTP."""
    items = spec.channels + spec.movies + spec.series
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/lineup.db"
        asyncio.run(seed(url, items))
        measure("bench.snapshot", "publish", database=url, folder=f"{folder}/artifacts")
        asyncio.run(change(url, lambda _, total: range(7, total, 100)))
        measure("bench.snapshot", "publish", database=url, folder=f"{folder}/artifacts")
        whole = asyncio.run(_whole(url, folder))
        return asyncio.run(_served(folder, items // 100, whole))


async def _whole(url: str, folder: str) -> tuple[int, int]:
    database = Database(url)
    edition = await Snapshots(database, LocalStore(Path(folder) / "artifacts")).edition(PUBLIC_ID, None)
    await database.close()
    return edition.document.gzip_bytes, edition.lite_document.gzip_bytes


async def _served(folder: str, operations: int, whole: tuple[int, int]) -> list[Result]:
    async with serving(folder) as client:
        ready = f"{BASE}/changes?since=bench.1&to=bench.2"
        found = [
            await _asked(client, "ready", ready, operations, whole[0]),
            await _asked(client, "in the lite view", f"{ready}&view=lite", operations, whole[1]),
            await _asked(client, "a page of 500", f"{ready}&limit=500", 500, None),
        ]
    return [line for lines in found for line in lines]


async def _asked(client: httpx.AsyncClient, name: str, path: str, operations: int, whole: int | None) -> list[Result]:
    first, size = await _first_byte(client, path)
    times = [(await _first_byte(client, path))[0] for _ in range(ASKED)]
    p99 = statistics.quantiles(times, n=100)[98] * 1000
    told = f"delta {name}: first byte p99 {p99:.1f} ms, the very first {first * 1000:.0f} ms"
    cost = Cost(wall=sum(times), cpu=0, peak_mb=0, idle_mb=0, told={})
    results = [Result(name=told, items=ASKED, cost=cost, aim="p99 ≤ 20 ms")]
    if whole is not None:
        share = Cost(wall=size / 1e6, cpu=0, peak_mb=size / 1e6, idle_mb=0, told={})
        told = f"delta {name}: bytes of the whole, both gzipped (MB)"
        results.append(Result(name=told, items=operations, cost=share, floor=whole / 1e6, aim="≤ 0.02"))
    return results


async def _first_byte(client: httpx.AsyncClient, path: str) -> tuple[float, int]:
    start = time.perf_counter()
    async with client.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
        chunks = answer.raise_for_status().aiter_raw()
        size = len(await anext(chunks))
        took = time.perf_counter() - start
        async for chunk in chunks:
            size += len(chunk)
    return took, size
