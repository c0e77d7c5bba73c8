"""How fast a prebuilt page leaves, beside a bare route with the same bytes in the same process; floor of all: a 304.

`python -m bench.snapshot_serve [--items 20000] [--seconds 3]`
"""

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import uvicorn
from fastapi import Response

from app.config import Settings
from app.core.logs import configure_logs
from app.main import create_app
from app.snapshots.pages import PageRequest
from bench.snapshot import build_apart, seed

CONNECTIONS = 16
PAGE = "/api/providers/benchprovider000/snapshot?page=8&limit=1000"
BARE = "/bare"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one URL gave; on a busy machine the server's CPU for one answer compares, the rate does not."""

    rate: float
    cpu_us: float
    bytes: int


def serve(folder: Path, port: int) -> None:
    """The real application with one more route, which does nothing but answer."""
    configure_logs(form="json", level="warning")
    app = create_app(Settings(data_dir=folder, log_level="warning"))
    kept: list[bytes] = []

    @app.get(BARE)
    async def bare() -> Response:
        if not kept:
            file = await app.state.context.snapshots.page("benchprovider000", None, _wanted())
            kept.append((await file.load(gzip=True)).body or b"")
        return Response(kept[0], media_type="application/json", headers={"Content-Encoding": "gzip"})

    uvicorn.run(app, port=port, log_level="warning", access_log=False)


def _wanted() -> PageRequest:
    return PageRequest(number=8)


async def load(process: psutil.Process, port: int, path: str, seconds: float, headers: str = "") -> Load:
    """Asks as fast as it can over a few connections that stay open."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n{headers}\r\n".encode()
    end, before = time.perf_counter() + seconds, sum(process.cpu_times()[:2])
    counts = await asyncio.gather(*(_ask(port, request, end) for _ in range(CONNECTIONS)))
    total, cpu = sum(count for count, _ in counts), sum(process.cpu_times()[:2]) - before
    return Load(rate=total / seconds, cpu_us=cpu / total * 1e6, bytes=counts[0][1])


async def _ask(port: int, request: bytes, end: float) -> tuple[int, int]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    count = size = 0
    while time.perf_counter() < end:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        size = _length(head)
        if size:
            await reader.readexactly(size)
        count += 1
    writer.close()
    return count, size


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


async def tag(port: int, path: str) -> str:
    """The ETag of a URL."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    writer.write(f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    writer.close()
    return next(line.split(": ", 1)[1] for line in head.split("\r\n") if line.lower().startswith("etag:"))


@contextmanager
def server(folder: Path) -> Iterator[tuple[psutil.Process, int]]:
    """The application in a process of its own."""
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = chosen.getsockname()[1]
    environment = {**os.environ, "PYTHONPATH": "."}
    command = [sys.executable, "-m", "bench.snapshot_serve", "--serve", str(folder), "--port", str(port)]
    process = subprocess.Popen(command, env=environment)
    try:
        _wait(port)
        yield psutil.Process(process.pid), port
    finally:
        process.terminate()
        process.wait(20)


def _wait(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("the server did not start")


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--serve", type=Path)
    parser.add_argument("--port", type=int)
    arguments = parser.parse_args()
    if arguments.serve is not None:
        await asyncio.to_thread(serve, arguments.serve, arguments.port)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'lineup.db'}"
        await seed(url, arguments.items)
        build_apart(url, folder / "artifacts")
        with server(folder) as (process, port):
            await _report(process, port, arguments.seconds)


async def _report(process: psutil.Process, port: int, seconds: float) -> None:
    known = f"If-None-Match: {await tag(port, PAGE)}\r\n"
    for path in (BARE, PAGE):
        await load(process, port, path, 0.5)
    for _ in range(2):
        bare = await load(process, port, BARE, seconds)
        page = await load(process, port, PAGE, seconds)
        same = await load(process, port, PAGE, seconds, known)
        for name, one in (("bare", bare), ("page", page), ("304", same)):
            print(f"{name:5}{one.rate:7.0f}/s {one.cpu_us:7.0f} us of CPU  {one.bytes / 1e3:.0f} kB")
        print(f"page / bare: {page.rate / bare.rate:.2f} by rate, {bare.cpu_us / page.cpu_us:.2f} by CPU\n")


if __name__ == "__main__":
    asyncio.run(main())
