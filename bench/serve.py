"""A full catalogue served: snapshot pages beside the same bytes from a bare route, and browsing at any depth."""

import asyncio
import os
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import Request, Response
from prometheus_client.parser import text_string_to_metric_families

from app.config import Settings
from app.core.logs import configure_logs
from app.core.memory import calm_collector
from app.main import create_app
from app.simulator.spec import CatalogueSpec
from bench.measure import Clock, Cost, measure
from bench.result import Result
from bench.sync import LOGIN, portal
from workers.lifecycle import embedded_worker

CONNECTIONS = 16
REQUESTS = 4_000
BROWSES = 300  # per depth; one after another, as a person scrolls
DEPTH = 600
PAGE = 40  # in the middle of the movies
LIMIT = 50
READY_SECONDS = 300


async def serve(clock: Clock, given: dict[str, Any]) -> dict[str, Any]:
    """The child: the application, with a bare route beside it that answers bytes; runs until its parent ends it."""
    configure_logs(form="json", level="error")
    app = create_app(Settings(data_dir=Path(given["data"])), background=embedded_worker)
    bodies: dict[str, bytes] = {}

    @app.put("/bare")
    async def keep(request: Request) -> None:
        bodies["page"] = await request.body()

    @app.get("/bare")
    async def answer() -> Response:
        return Response(bodies["page"], media_type="application/json")

    async with app.router.lifespan_context(app):
        calm_collector()
        config = uvicorn.Config(app, port=given["port"], lifespan="off", log_level="error", access_log=False)
        await uvicorn.Server(config).serve()
    del clock
    return {}


def bench(spec: CatalogueSpec) -> list[Result]:
    """Syncs a catalogue into a server of its own and asks it for everything."""
    with portal("xtream", spec) as process, tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_bench(process.url, folder))


async def _bench(portal_url: str, folder: str) -> list[Result]:
    async with serving(folder) as client:
        body = {"name": "bench", "kind": "xtream", "url": portal_url, "credentials": LOGIN}
        added = (await client.post("/api/providers", json=body)).raise_for_status().json()
        job = await finished(client, added["jobId"])
        base = f"/api/providers/{added['id']}"
        page = f"{base}/snapshot?page={PAGE}&limit=1000&version={job['version']}"
        return [*await _pages(client, page), *await _browse(client, base)]


@asynccontextmanager
async def serving(folder: str) -> AsyncIterator[httpx.AsyncClient]:
    port = _free_port()
    command = [sys.executable, "-m", "bench.measure", "bench.serve", "serve", f'{{"data": "{folder}", "port": {port}}}']
    child = await asyncio.create_subprocess_exec(*command)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            await _until(lambda: _healthy(client))
            yield client
    finally:
        child.terminate()
        await child.wait()


async def _healthy(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/health")).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


async def finished(client: httpx.AsyncClient, job_id: str) -> dict[str, Any]:
    """The job once it ended; it has to have completed."""

    async def ended() -> bool:
        return (await client.get(f"/api/jobs/{job_id}")).json()["status"] not in ("queued", "running")

    await _until(ended)
    job: dict[str, Any] = (await client.get(f"/api/jobs/{job_id}")).json()
    if job["status"] != "completed":
        raise SystemExit(f"the sync ended {job['status']}: {job['errors']}")
    return job


async def _until(done: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not await done():
        if time.monotonic() > deadline:
            raise SystemExit("the server did not get ready")
        await asyncio.sleep(0.2)


async def _pages(client: httpx.AsyncClient, page: str) -> list[Result]:
    answer = await client.get(page, headers={"Accept-Encoding": "gzip"})
    raw = answer.raise_for_status().num_bytes_downloaded
    await client.put("/bare", content=os.urandom(raw))
    etag = answer.headers["etag"]
    ours, bare = fetched(client, page), fetched(client, "/bare")
    again, unchanged = fetched(client, page), fetched(client, page, {"If-None-Match": etag})
    ours = min(ours, again, key=lambda cost: cost.wall)
    return [
        Result(
            name=f"snapshot page, warm, {raw // 1000} kB",
            items=REQUESTS,
            cost=ours,
            floor=bare.wall,
            aim="≥ 0.7 ×",
            rate=True,
        ),
        Result(name="the same, 304", items=REQUESTS, cost=unchanged, floor=ours.wall, aim="> 1 ×", rate=True),
    ]


def fetched(client: httpx.AsyncClient, path: str, headers: dict[str, str] | None = None) -> Cost:
    url = client.base_url
    return measure("bench.serve", "load", host=url.host, port=url.port, path=path, headers=headers or {})


async def load(clock: Clock, given: dict[str, Any]) -> dict[str, Any]:
    """The other child: as many requests as fast as they are answered, over connections that stay open."""
    lines = [f"GET {given['path']} HTTP/1.1", "Host: bench", "Accept-Encoding: gzip"]
    lines += [f"{name}: {value}" for name, value in given["headers"].items()]
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    left = iter(range(REQUESTS))
    links = [await asyncio.open_connection(given["host"], given["port"], limit=2**20) for _ in range(CONNECTIONS)]

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in left:
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if b" 304 " not in head.split(b"\r\n", 1)[0]:
                await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
        writer.close()

    with clock:
        await asyncio.gather(*(ask(*link) for link in links))
    return {}


async def _browse(client: httpx.AsyncClient, base: str) -> list[Result]:
    categories = (await client.get(f"{base}/categories?kind=movies&limit=1000")).json()["categories"]
    category = max(categories, key=lambda one: one["count"])["id"]
    first = f"{base}/movies?category={category}&limit={LIMIT}"
    deep = f"{base}/movies?limit={LIMIT}"
    cursor = (await client.get(f"{deep}&page={DEPTH}")).json()["nextCursor"]
    results = []
    asked = {"browse by category, page 1": first, f"browse, cursor at depth {DEPTH}": f"{deep}&cursor={cursor}"}
    for name, path in asked.items():
        before = await _histogram(client)
        start = time.perf_counter()
        for _ in range(BROWSES):
            (await client.get(path)).raise_for_status()
        wall = time.perf_counter() - start
        p99 = _quantile(before, await _histogram(client), 0.99)
        cost = Cost(wall=wall, cpu=0, peak_mb=0, idle_mb=0, told={})
        results.append(Result(name=f"{name}: p99 ≤ {p99 * 1000:g} ms", items=BROWSES, cost=cost, aim="p99 ≤ 10 ms"))
    return [replace(results[0]), replace(results[1], floor=results[0].cost.wall)]


async def _histogram(client: httpx.AsyncClient) -> dict[float, float]:
    """Requests for movies so far by the upper end of their bucket in seconds, from the service's own metrics."""
    found: dict[float, float] = {}
    for family in text_string_to_metric_families((await client.get("/metrics")).text):
        for sample in family.samples:
            if sample.name.endswith("_seconds_bucket") and sample.labels.get("route", "").endswith("/movies"):
                bound = float(sample.labels["le"])
                found[bound] = found.get(bound, 0) + sample.value
    return found


def _quantile(before: dict[float, float], after: dict[float, float], share: float) -> float:
    counts = {bound: after[bound] - before.get(bound, 0) for bound in sorted(after)}
    total = max(counts.values())
    return next(bound for bound, count in counts.items() if count >= share * total)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port
