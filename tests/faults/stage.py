"""Where cases play: real processes of an installation, and the portal it syncs from."""

import json
import os
import signal
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import psutil
from arq.constants import in_progress_key_prefix
from redis import Redis

from app.domain.kinds import Kind
from app.jobs.requests import SYNC_TASK
from app.queue.arq_queue import ArqQueue
from app.queue.connection import connect
from app.simulator.process import PortalProcess
from tests.cli.installation import Installation, Process, running
from tests.faults import truth
from tests.faults.case import Setting
from tests.faults.client import Lineup, until
from tests.faults.services import Postgres, Queue, own_postgres
from tests.support.cluster import free_port
from tests.support.repository import ROOT
from tests.support.services import run_apart

PRELOAD: Final = Path(__file__).parent / "preload"
LISTS: Final = ("get_ordered_list", "get_live_streams", "get_vod_streams", "get_series")
FIXED: Final = {
    "LINEUP_RETRY_BASE_SECONDS": "0.1",
    "LINEUP_SYNC_INTERVAL_HOURS": "0",
    "LINEUP_SECRET_KEY": "0123456789abcdef-not-a-secret",
}


class Stage:
    """The processes of one case. `serve` and `work` start one each; killing them is the case's business."""

    def __init__(self, setting: Setting, folder: Path, postgres: Postgres | None, scope: ExitStack) -> None:
        self.setting = setting
        self.folder = folder
        self.postgres = postgres
        self._scope = scope
        self._macs = 0
        self.portal = scope.enter_context(PortalProcess(setting.profiles, setting.spec, setting.behaviour))
        port = free_port()
        self._clock = folder / "clock"
        settings = {**FIXED, "LINEUP_PORT": str(port), "FAULT_CLOCK_FILE": str(self._clock)}
        self.queue: Queue | None = None
        if setting.apart:
            self.queue = Queue(folder)
            scope.callback(self.queue.stop)
            settings["LINEUP_REDIS_URL"] = self.queue.url
        if postgres and setting.database == "postgres":
            self.database_url = scope.enter_context(postgres.server.database())
            settings["LINEUP_DATABASE_URL"] = self.database_url
        self.installation = Installation(folder, **settings, PYTHONPATH=os.pathsep.join(map(str, (PRELOAD, ROOT))))
        if setting.database == "sqlite":
            self.database_url = f"sqlite:///{self.installation.data.resolve() / 'lineup.db'}"
        self.server = self.serve()
        self.worker = self.work() if setting.apart else self.server
        self.url = self.server.url
        self.worker.until('"event":"working"')
        self.api = Lineup(self.url)
        scope.callback(self.api.close)

    def serve(self, **settings: str) -> Process:
        self.server = self._scope.enter_context(running(self.installation, "serve", **settings))
        return self.server

    def work(self, **settings: str) -> Process:
        self.worker = self._scope.enter_context(running(self.installation, "worker", **settings))
        return self.worker

    def kill(self, process: Process) -> None:
        process.process.kill()
        process.left()

    def signal(self, process: Process, name: signal.Signals) -> None:
        os.kill(process.process.pid, name)

    def raise_portal(self) -> None:
        """The portal again, where it was, as if its machine had been started anew."""
        setting, port = self.setting, urlsplit(self.portal.url).port
        assert port
        self.portal = self._scope.enter_context(PortalProcess(setting.profiles, setting.spec, port=port))

    def mark_running(self, job_id: str) -> None:
        """What the worker of a job that runs leaves in the queue."""
        assert self.queue
        with Redis.from_url(self.queue.url) as client:
            client.set(in_progress_key_prefix + job_id, b"1", ex=3600)

    def kill_queue(self) -> None:
        """The queue server inside the installation, a child of its server."""
        found = [one for one in psutil.Process(self.server.process.pid).children() if "valkey" in one.name()]
        assert len(found) == 1, found
        found[0].kill()

    def set_clock(self, seconds: int) -> None:
        """Moves the wall clock of all processes of the installation, from now on."""
        self._clock.write_text(str(seconds))

    def ring(self, job_id: str, name: str) -> None:
        """Queues a job under another name."""

        async def work(url: str) -> None:
            redis = connect(url)
            await ArqQueue(redis).enqueue(SYNC_TASK, job_id, job_id=name)
            await redis.aclose()

        assert self.queue
        url = self.queue.url
        run_apart(lambda: work(url))

    def add(self, profile: str, **options: Any) -> str:
        """A provider of its own, with an account of its own, on one of the portals."""
        self._macs += 1
        url = self.portal.url_of(profile)
        if profile.startswith("xtream"):
            return self.api.add("xtream", url, options, username=f"user{self._macs}", password="demo")
        return self.api.add("stalker", url, options, mac=f"00:1A:79:00:00:{self._macs:02X}")

    def behave(self, profile: str, **switches: Any) -> None:
        self.portal.behave(profile, **switches)

    def pages(self, profile: str) -> int:
        """How many pages of lists the portal was asked for."""
        actions: Mapping[str, int] = self.portal.stats(profile)["actions"]
        return sum(count for name, count in actions.items() if name.rpartition(".")[2] in LISTS)

    def offered(self, profile: str) -> dict[Kind, set[str]]:
        return truth.portal_ids(self.portal.url_of(profile))

    def rows(self, provider: str) -> dict[Kind, dict[str, dict[str, Any]]]:
        return truth.stored(self.database_url, provider)

    def said(self) -> str:
        """The end of what the processes said, for who has to understand a failure."""
        return "".join((self.server.lines + (self.worker.lines if self.setting.apart else []))[-30:])

    def writable(self) -> bool:
        """Whether nobody holds the database file's write lock for long."""
        assert self.setting.database == "sqlite"
        with closing(sqlite3.connect(self.installation.data / "lineup.db", timeout=1, isolation_level=None)) as file:
            try:
                file.execute("BEGIN IMMEDIATE")
                file.execute("ROLLBACK")
            except sqlite3.OperationalError:
                return False
        return True

    def ready(self) -> None:
        """Waits for the server to answer."""
        until(lambda: self.api.http.get("/health").is_success, 30, "the server did not answer")

    def log(self, process: Process, event: str) -> list[dict[str, Any]]:
        """What a process logged under a name."""
        lines = [json.loads(line) for line in process.lines if line.startswith("{")]
        return [line for line in lines if line.get("event") == event]


@contextmanager
def staged(setting: Setting, postgres: Postgres | None) -> Iterator[Stage]:
    """A stage with its curtain: every process ends with the block."""
    with tempfile.TemporaryDirectory(prefix="lineup-fault-", ignore_cleanup_errors=True) as name, ExitStack() as scope:
        if setting.own_postgres:
            postgres = scope.enter_context(own_postgres())
        yield Stage(setting, Path(name), postgres, scope)
