"""Thousands wait for a version: how soon all of them know of it, beside as many who wait for a bare event."""

import asyncio
import json
import resource
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import Response
from sqlalchemy import event
from sqlalchemy.engine import Engine

from app.config import Settings
from app.context import open_context
from app.core.logs import configure_logs
from app.core.memory import calm_collector
from app.main import create_app
from app.simulator.spec import CatalogueSpec
from bench.measure import Clock, Cost
from bench.result import Result
from bench.snapshot import PUBLIC_ID, change, seed
from tests.snapshots.catalogue import take_lease
from tests.support.valkey import running_valkey

WAITERS = 5_000
ITEMS = 1_000
SECONDS = 60.0
OPENED = 100  # connections opened at once
SECRET = "not-a-real-key"
BODY = b"x" * 400  # as long as a head


def bench(_: CatalogueSpec) -> list[Result]:
    """The server, the publisher and the clients are processes of their own."""
    _raise_limit()
    with tempfile.TemporaryDirectory() as folder, running_valkey(Path(folder)) as redis:
        asyncio.run(seed(f"sqlite:///{folder}/lineup.db", ITEMS))
        return asyncio.run(_bench({"data": folder, "redis": redis, "port": _free_port()}))


async def serve(_: Clock, given: dict[str, Any]) -> dict[str, Any]:
    """The server, with routes beside it: one that tells what it does, and one that waits for nothing but an event."""
    _raise_limit()
    configure_logs(form="json", level="error")
    app = create_app(_settings(given))
    asked: list[str] = []
    event.listen(Engine, "before_cursor_execute", lambda _c, _d, statement, *_: asked.append(statement))

    released = asyncio.Event()
    bare = 0

    @app.get("/told")
    async def told() -> dict[str, float]:
        waiting = bare or app.state.context.versions.waiting
        return {"waiting": waiting, "queries": len(asked), "cpu": time.process_time()}

    @app.get("/bare")
    async def wait() -> Response:
        nonlocal bare
        bare += 1
        await released.wait()
        bare -= 1
        return Response(BODY, media_type="application/json")

    @app.put("/bare")
    async def release() -> float:
        released.set()
        return time.time()

    async with app.router.lifespan_context(app):
        calm_collector()
        config = uvicorn.Config(
            app, port=given["port"], lifespan="off", log_level="error", access_log=False, backlog=4 * OPENED
        )
        await uvicorn.Server(config).serve()
    return {}


async def publish(clock: Clock, given: dict[str, Any]) -> dict[str, Any]:
    """The publisher; `at` = when the version could be seen."""
    at: list[float] = []
    async with open_context(_settings(given)) as context:
        told = context.publisher._published  # noqa: SLF001 - the moment that is measured

        def published(provider_pk: int) -> None:
            at.append(time.time())
            if told is not None:
                told(provider_pk)

        context.publisher._published = published  # noqa: SLF001 - as above
        fence = await take_lease(context.database, 1)
        with clock:
            version = await context.publisher.publish(1, fence)
    return {"version": version, "at": at[0]}


async def _bench(given: dict[str, Any]) -> list[Result]:
    await _child("publish", given)
    server = await _begin("serve", given)
    try:
        base = f"http://127.0.0.1:{given['port']}"
        async with httpx.AsyncClient(base_url=base, timeout=SECONDS, trust_env=False) as client:
            await _until(client, 0)
            return [await _woken(client, given)]
    finally:
        server.terminate()
        await server.wait()


async def _woken(client: httpx.AsyncClient, given: dict[str, Any]) -> Result:
    bare = await _together(client, given["port"], "/bare")
    released = (await client.put("/bare")).json()
    floor = max(at for at, _ in await asyncio.gather(*bare)) - released
    asking = await _together(client, given["port"], f"/api/providers/{PUBLIC_ID}/snapshot/head?after=bench.1&wait=60")
    await asyncio.to_thread(lambda: asyncio.run(change(_url(given), lambda _, total: range(7, total, 100))))
    before = (await client.get("/told")).json()
    found = await _child("publish", given)
    answers = await asyncio.gather(*asking)
    after = (await client.get("/told")).json()
    wrong = [body for _, body in answers if b'"bench.2"' not in body]
    if wrong:
        raise SystemExit(f"{len(wrong)} heard of no version")
    took = max(at for at, _ in answers) - found["at"]
    queries = round(after["queries"] - before["queries"])
    name = f"{WAITERS} wait for a version: all know; {queries} queries since the publisher began"
    cost = Cost(wall=took, cpu=after["cpu"] - before["cpu"], peak_mb=0, idle_mb=0, told={})
    return Result(name=name, items=WAITERS, cost=cost, floor=floor, aim="≤ 1 s, O(1) queries")


async def _together(client: httpx.AsyncClient, port: int, path: str) -> "list[asyncio.Task[tuple[float, bytes]]]":
    turns = asyncio.Semaphore(OPENED)
    asking = [asyncio.create_task(_wait(turns, port, path)) for _ in range(WAITERS)]
    await _until(client, WAITERS)
    return asking


async def _wait(turns: asyncio.Semaphore, port: int, path: str) -> tuple[float, bytes]:
    """When the answer had come, and its body."""
    async with turns:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
        await writer.drain()
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    body = await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
    at = time.time()
    writer.close()
    return at, body


async def _until(client: httpx.AsyncClient, waiting: int) -> None:
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                if (await client.get("/told")).json()["waiting"] == waiting:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)


async def _begin(work: str, given: dict[str, Any]) -> asyncio.subprocess.Process:
    command = [sys.executable, "-m", "bench.measure", "bench.waiters", work, json.dumps(given)]
    return await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)


async def _child(work: str, given: dict[str, Any]) -> dict[str, Any]:
    child = await _begin(work, given)
    out, _ = await child.communicate()
    if child.returncode:
        raise SystemExit(f"{work} failed")
    told: dict[str, Any] = json.loads(out.splitlines()[-1])["told"]
    return told


def _settings(given: dict[str, Any]) -> Settings:
    return Settings(data_dir=Path(given["data"]), database_url=_url(given), redis_url=given["redis"], secret_key=SECRET)


def _url(given: dict[str, Any]) -> str:
    return f"sqlite:///{given['data']}/lineup.db"


def _raise_limit() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port
