"""How soon a window is healthy, and how well a rate limit is kept: pages of a portal fetched by the transport alone."""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from app.providers.transport import ProviderClient, Transport
from app.queue.connection import connect
from app.queue.hints import RedisHints
from app.simulator.spec import CatalogueSpec
from bench.measure import Clock, Cost, measure
from bench.result import Result
from bench.sync import portal
from tests.support.valkey import running_valkey

SPEC = CatalogueSpec(channels=100, movies=100, series=100, categories=20)
PATH = "/stalker_portal/server/load.php?type=stb&action=handshake&JsHttpRequest=1-xml"
WORKERS = 300
LATENCY_MS = 50
HEALTHY_SECONDS = 3.0
HEALTHY = 0.8  # of the steady throughput
SECONDS = 8.0  # of the walk whose second half is the steady one
SLICE = 0.25
RATE, BURST = 20, 8
PAGES = 600
RETRY_SECONDS = 0.5


async def healthy(clock: Clock, given: dict[str, Any]) -> dict[str, Any]:
    """Asks for `SECONDS`; tells when throughput first was healthy."""
    transport = Transport()
    client = transport.client(url=given["url"])
    done: list[float] = []
    with clock:
        began = time.monotonic()

        async def work() -> None:
            while time.monotonic() - began < SECONDS:
                await client.get(given["url"] + PATH)
                done.append(time.monotonic() - began)

        await asyncio.gather(*(work() for _ in range(WORKERS)))
    await transport.close()
    slices = [sum(start <= at < start + SLICE for at in done) for start in _starts()]
    steady = sum(slices[len(slices) // 2 :]) / (len(slices) - len(slices) // 2)
    first = next(place for place, count in enumerate(slices) if count >= HEALTHY * steady)
    return {"seconds": (first + 1) * SLICE, "pages": len(done), "steady": steady / SLICE, "limit": client.window.limit}


def _starts() -> list[float]:
    return [place * SLICE for place in range(int(SECONDS / SLICE))]


async def limited(clock: Clock, given: dict[str, Any]) -> dict[str, Any]:
    """Fetches `PAGES`, by as many processes of their own connections as asked for; tells what was refused."""
    pools = [connect(given["redis"]) for _ in range(given["processes"])]
    transports = [Transport(hints=RedisHints(pool)) for pool in pools]
    clients = [transport.client(url=given["url"]) for transport in transports]
    pages = given["pages"] // len(clients)
    with clock:
        refused = await asyncio.gather(*(_walk(client, given["url"] + PATH, pages) for client in clients))
    await asyncio.sleep(1)  # what was learned is told
    for transport in transports:
        await transport.close()
    for pool in pools:
        await pool.aclose()
    return {"pages": pages * len(clients), "refused": sum(refused)}


async def _walk(client: ProviderClient, url: str, pages: int) -> int:
    left = iter(range(pages))
    refused = 0

    async def work() -> None:
        nonlocal refused
        for _ in left:
            while (await client.get(url)).status != 200:
                refused += 1
                await asyncio.sleep(RETRY_SECONDS)

    await asyncio.gather(*(work() for _ in range(WORKERS)))
    return refused


def bench(*, small: bool = False) -> list[Result]:
    """Both questions; a rate limit in both variants of nginx, without and with memory, by one process and by two."""
    pages = PAGES // 4 if small else PAGES
    results = [_healthy()]
    for delay in (True, False):
        variant = "delayed" if delay else "nodelay"
        for processes in (1, 2):
            with (
                tempfile.TemporaryDirectory() as folder,
                running_valkey(Path(folder)) as redis,
                portal("stock", SPEC, latency_ms=10, rate_limit=RATE, rate_burst=BURST, rate_delay=delay) as process,
            ):
                given = {"url": process.url, "redis": redis, "processes": processes, "pages": pages}
                for run in ("first", "again"):
                    cost = measure("bench.window", "limited", **given)
                    results.append(_kept(f"{RATE}/s burst {BURST} {variant}, {processes} at once, {run}", cost))
    return results


def _healthy() -> Result:
    with portal("stock", SPEC, latency_ms=LATENCY_MS) as process:
        cost = measure("bench.window", "healthy", url=process.url)
    told = cost.told
    name = f"Window, {LATENCY_MS} ms: healthy after {told['seconds']:.2f} s (of 3), {told['steady']:,.0f}/s"
    return Result(
        name=name, items=told["pages"], cost=_within(cost, told["seconds"]), floor=HEALTHY_SECONDS, aim="≤ 1.0"
    )


def _kept(name: str, cost: Cost) -> Result:
    pages, refused = cost.told["pages"], cost.told["refused"]
    share = refused / (pages + refused)
    return Result(
        name=f"{name}: {share:.1%} refused (≤ 2 %)", items=pages, cost=cost, floor=pages / RATE, aim="≥ 0.9", rate=True
    )


def _within(cost: Cost, seconds: float) -> Cost:
    return Cost(wall=seconds, cpu=cost.cpu, peak_mb=cost.peak_mb, idle_mb=cost.idle_mb, told=cost.told)
