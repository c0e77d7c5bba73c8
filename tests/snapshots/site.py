"""A real server on a socket, in a thread of its own, over a wire that can be cut; and a publisher beside it."""

import asyncio
import gzip
import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Self

import uvicorn

from app.config import Settings
from app.main import create_app
from app.snapshots.delta_files import ReadyDeltas
from app.snapshots.publish import Publisher
from app.snapshots.retention import Keep
from tests.cli.cutting import Wire, wired
from tests.snapshots.conftest import Stand, open_stand
from tests.snapshots.phones import Line

KEEP: Final = Keep(versions=3, hours=0, grace_hours=0)
SECRETS: Final = (b"sealed", b"password", b"portal.test")
STOP_SECONDS: Final = 10


class Site:
    """One database and one folder of artifacts: a process that serves them, and one that publishes."""

    def __init__(self, url: str, redis_url: str, folder: Path) -> None:
        self._settings = Settings(
            database_url=url,
            redis_url=redis_url,
            secret_key="not-a-real-key",
            data_dir=folder,
            snapshot_keep_versions=KEEP.versions,
            snapshot_keep_hours=KEEP.hours,
            snapshot_grace_hours=KEEP.grace_hours,
        )
        self._artifacts = folder / "artifacts"
        self._serving = ExitStack()
        self._looked: set[Path] = set()
        self.wire: Wire
        self.line: Line  # straight to the server
        self.cut_line: Line  # over the wire
        self.stand: Stand

    async def open(self) -> Self:
        await asyncio.to_thread(self.start)
        url = self._settings.resolved_database_url
        self.stand = await open_stand(url, self._artifacts)
        self.stand.publisher = self.publisher()
        return self

    async def close(self) -> None:
        await self.stand.database.close()
        await asyncio.to_thread(self._serving.close)

    def start(self) -> None:
        """A fresh server process: it remembers nothing."""
        self._serving.close()
        url = self._serving.enter_context(listening(self._settings))
        self.wire = self._serving.enter_context(wired(url))
        self.line = self._serving.enter_context(Line(url))
        self.cut_line = self._serving.enter_context(Line(self.wire.url))

    def publisher(self, artifacts: object = None) -> Publisher:
        """Another process that publishes: the server is not told."""
        database, store = self.stand.database, self.stand.artifacts if artifacts is None else artifacts
        return Publisher(database, store, makers=(ReadyDeltas(database, store),), keep=KEEP)  # type: ignore[arg-type]

    def cut(self, cuts: int, most: int, seed: int) -> None:
        """So many of the connections to come break after up to so many bytes."""
        self.wire.cut, self.wire.cuts, self.wire.most, self.wire.dice = 0, cuts, most, random.Random(seed)

    def check_secrets(self) -> None:
        """No stored file, unfinished ones among them, may hold what a provider would not tell."""
        for file in set(self._artifacts.rglob("*")) - self._looked:
            data = file.read_bytes() if file.is_file() else b""
            data += gzip.decompress(data) if data.startswith(b"\x1f\x8b") else b""
            assert not [secret for secret in SECRETS if secret in data], file
            self._looked.add(file)


@contextmanager
def listening(settings: Settings) -> Iterator[str]:
    """The application as `lineup serve` runs it; its URL."""
    config = uvicorn.Config(
        create_app(settings), port=0, log_config=None, access_log=False, timeout_graceful_shutdown=5
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="server", daemon=True)
    thread.start()
    deadline = time.monotonic() + STOP_SECONDS
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert server.started
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(STOP_SECONDS)
