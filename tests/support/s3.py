"""A real S3 server for the tests, from its wheel, and a wire to it that can be cut."""

import asyncio
import contextlib
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from aiobotocore.session import get_session

from app.queue import lifeline

START_SECONDS: Final = 30.0
POLL_SECONDS: Final = 0.02
KEYS: Final = {"AWS_ACCESS_KEY_ID": "fake-access-key", "AWS_SECRET_ACCESS_KEY": "fake-secret-access-key"}
READY: Final = re.compile(rb"Running on (http://127\.0\.0\.1:\d+)")
BLOCK_BYTES: Final = 64 << 10


@contextlib.contextmanager
def running_s3(folder: Path) -> Iterator[str]:
    """The URL of a server of our own."""
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    log = folder / "s3.log"
    with log.open("wb") as output:
        process = lifeline.spawn(command, folder=folder, output=output, environment={"PATH": os.defpath, **KEYS})
    try:
        until = time.monotonic() + START_SECONDS
        while (ready := READY.search(log.read_bytes())) is None:
            if process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"no S3 server, although its wheel is among the dependencies: {log.read_text()}")
            time.sleep(POLL_SECONDS)
        yield ready[1].decode()
    finally:
        lifeline.end(process)


def use_s3(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """The environment of a process that uses this server, without anything of the machine's own."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    own = {"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    for name, value in {**KEYS, **own, **nowhere}.items():
        monkeypatch.setenv(name, value)


@contextlib.asynccontextmanager
async def s3_client(endpoint: str) -> AsyncIterator[Any]:
    """The library's own client, to look at what is really stored."""
    keys = {"aws_access_key_id": "fake-access-key", "aws_secret_access_key": "fake-secret-access-key"}
    async with get_session().create_client("s3", endpoint_url=endpoint, region_name="us-east-1", **keys) as client:
        yield client


class Wire:
    """A TCP relay in front of a server: `cut` ends every connection and refuses new ones, `mend` takes it back.

    `spare` = bytes that answers may still have before their connection breaks, for the next `breaks` connections.
    """

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.away = False
        self.sent = 0
        self.spare: int | None = None
        self.breaks = 0
        self.url = ""

    def cut(self) -> None:
        self.away = True
        for writer in self._open:
            writer.transport.abort()

    def mend(self) -> None:
        self.away, self.spare = False, None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        own = asyncio.current_task()
        assert own is not None
        self._tasks.add(own)
        self._open.add(writer)
        try:
            if not self.away:
                await self._relay(reader, writer)
        except OSError:
            pass  # what a cut wire looks like
        finally:
            self._open.discard(writer)
            self._tasks.discard(own)
            writer.transport.abort()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self._target.hostname, self._target.port)
        self._open.add(far_writer)
        tasks = [
            asyncio.create_task(self._copy(reader, far_writer, counted=True)),
            asyncio.create_task(self._copy(far_reader, writer, counted=False)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._open.discard(far_writer)
            far_writer.transport.abort()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counted: bool) -> None:
        while data := await reader.read(BLOCK_BYTES):
            if counted:
                self.sent += len(data)
            elif self.spare is not None and self.breaks:
                data, self.spare = data[: self.spare], self.spare - len(data)
            writer.write(data)
            await writer.drain()
            if not counted and self.spare is not None and self.spare <= 0 and self.breaks:
                self.breaks -= 1
                return


@contextlib.asynccontextmanager
async def wired(target: str) -> AsyncIterator[Wire]:
    """A wire to the server at `target`; use its `url` instead."""
    wire = Wire(target)
    server = await asyncio.start_server(wire._serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    wire.url = f"http://{host}:{port}"
    try:
        yield wire
    finally:
        server.close()
        wire.cut()
        await asyncio.gather(*wire._tasks, return_exceptions=True)
