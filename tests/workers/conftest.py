import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.config import Settings
from app.context import ProcessContext, open_context
from app.domain.kinds import JobStatus, ProviderKind
from app.jobs.views import JobView
from app.registry.views import NewProvider
from app.simulator.behaviour import Account, Behaviour
from app.simulator.process import PortalProcess
from app.simulator.spec import CatalogueSpec

SPEC = CatalogueSpec(channels=120, movies=900, series=120, categories=20)
# With leases of 5 s: what a lost worker costs with those of an operator, tests/faults measures.
WORKER = """
import asyncio
from app.config import load_settings
from app.core.logs import configure_logs
from app.jobs import lease
from workers.lifecycle import run_worker
lease.LEASE_SECONDS, lease.RENEW_SECONDS = 5, 1.0
for taken in (lease.acquire, lease.renew):
    taken.__kwdefaults__["seconds"] = lease.LEASE_SECONDS
configure_logs(form="json", level="info")
asyncio.run(run_worker(load_settings()))
"""


class WorkerProcess:
    """A worker as an operator runs it."""

    def __init__(self, settings: Settings, log: Path) -> None:
        given = ("database_url", "redis_url", "data_dir", "secret_key")
        environment = {f"LINEUP_{name.upper()}": str(value) for name in given if (value := getattr(settings, name))}
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", WORKER],
                env={"PATH": os.defpath, **environment},
                cwd=Path(__file__).parents[2],
                stderr=output,
            )

    def end(self, how: signal.Signals) -> float:
        """Sends a signal and waits; answers how long it took."""
        began = time.monotonic()
        self.process.send_signal(how)
        self.process.wait(20)
        return time.monotonic() - began


class Workers:
    def __init__(self, settings: Settings, log: Path) -> None:
        self._settings = settings
        self.log = log
        self._all: list[WorkerProcess] = []

    def start(self) -> WorkerProcess:
        self._all.append(WorkerProcess(self._settings, self.log))
        return self._all[-1]

    def stop(self) -> None:
        for worker in self._all:
            if worker.process.poll() is None:
                worker.end(signal.SIGKILL)


@pytest.fixture(scope="session")
def quick_portal() -> Iterator[str]:
    with PortalProcess(["xtream"], SPEC, Behaviour(accounts=(Account(username="demo", password="demo"),))) as portal:
        yield portal.url


@pytest.fixture(scope="session")
def slow_portal() -> Iterator[str]:
    """Its some 80 pages of titles take about five seconds."""
    with PortalProcess(["stock"], SPEC, Behaviour(latency_ms=120, workers=2)) as portal:
        yield portal.url


@pytest.fixture
def settings(database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg]
        database_url=database_url,
        redis_url=redis_url,
        data_dir=tmp_path / "data",
        secret_key="0123456789abcdef-not-a-secret",
    )


@pytest.fixture
async def context(settings: Settings) -> AsyncIterator[ProcessContext]:
    async with open_context(settings) as found:
        yield found


@pytest.fixture
def workers(settings: Settings, tmp_path: Path) -> Iterator[Workers]:
    found = Workers(settings, tmp_path / "worker.log")
    yield found
    found.stop()


async def add_stalker(context: ProcessContext, url: str) -> int:
    view = await context.registry.add(
        NewProvider(name="Slow", kind=ProviderKind.STALKER, url=url, credentials={"mac": "00:1A:79:00:00:01"})
    )
    return view.pk


async def add_xtream(context: ProcessContext, url: str) -> int:
    account = {"username": "demo", "password": "demo"}
    view = await context.registry.add(NewProvider(name="Quick", kind=ProviderKind.XTREAM, url=url, credentials=account))
    return view.pk


async def until(context: ProcessContext, job_id: str, *wanted: JobStatus, seconds: float = 60) -> JobView:
    deadline = time.monotonic() + seconds
    while True:
        job = await context.history.get(job_id)
        if job.status in wanted:
            return job
        assert time.monotonic() < deadline, job
        await asyncio.sleep(0.05)


async def under_way(context: ProcessContext, job_id: str) -> JobView:
    """Waits until pages of items are stored."""
    deadline = time.monotonic() + 60
    while True:
        job = await context.history.get(job_id)
        assert job.status.live, job
        if job.movies_synced > 20:
            return job
        assert time.monotonic() < deadline, job
        await asyncio.sleep(0.05)
