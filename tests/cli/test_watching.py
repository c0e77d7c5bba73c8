"""Progress from one process to another: a server and its workers apart, on a real Redis."""

import json
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis import Redis

from app.queue.arq_queue import HEALTH_PREFIX
from app.simulator.process import PortalProcess
from app.simulator.spec import CatalogueSpec
from tests.cli.conftest import Inside
from tests.cli.installation import Installation, running

SPEC = CatalogueSpec(channels=60, movies=220, series=30, categories=10)
STALKER = ("--kind", "stalker", "--mac", "00:1A:79:00:00:01")
KEY = "0123456789abcdef-not-a-secret"
WAITS = "lineup: no worker is running; the sync waits"


@pytest.fixture(scope="module")
def slow() -> Iterator[PortalProcess]:
    """A portal that a test makes as slow as it needs."""
    with PortalProcess(["stock"], SPEC) as process:
        yield process


@pytest.fixture
def apart(tmp_path: Path, redis_url: str, database_url: str) -> Installation:
    """The same on each database."""
    return installed(tmp_path, redis_url, database_url)


def installed(folder: Path, redis_url: str, database_url: str) -> Installation:
    """An installation whose servers and workers are processes of their own."""
    shared = {"LINEUP_REDIS_URL": redis_url, "LINEUP_DATABASE_URL": database_url, "LINEUP_SECRET_KEY": KEY}
    return Installation(folder, **shared)


def add(installation: Installation, portal: PortalProcess) -> str:
    """Adds the slow portal; answers with its id."""
    url = f"{portal.url_of('stock')}/stalker_portal/c/"
    return str(installation.json("provider", "add", "home", url, *STALKER, "--no-sync")["id"])


class Listener:
    """A stream of events, read by a thread: (seconds, name, job)."""

    def __init__(self, url: str) -> None:
        self.events: list[tuple[float, str, Any]] = []
        self._heard = threading.Condition()
        self._thread = threading.Thread(target=self._read, args=(url,), daemon=True)
        self._thread.start()

    def until(self, true: Any, seconds: float = 60) -> Any:
        """The first job that was told of and for which it is true, awaited."""
        deadline = time.monotonic() + seconds
        with self._heard:
            while not (found := [job for _, _, job in self.events if true(job)]):
                assert time.monotonic() < deadline, self.events[-1:]
                self._heard.wait(0.5)
        return found[0]

    def ended(self) -> None:
        self._thread.join(20)
        assert not self._thread.is_alive()

    def _read(self, url: str) -> None:
        name = ""
        with httpx.stream("GET", url, timeout=60, trust_env=False) as answer:
            for line in answer.iter_lines():
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "data":
                    with self._heard:
                        self.events.append((time.monotonic(), name, json.loads(value)))
                        self._heard.notify_all()


def test_a_job_of_another_process_is_followed_from_worker_to_worker(apart: Installation, slow: PortalProcess) -> None:
    provider = add(apart, slow)
    slow.behave("stock", latency_ms=300)
    with running(apart, "serve") as server:
        base = f"{server.url}/api"
        job_id = httpx.post(f"{base}/providers/{provider}/sync", trust_env=False).json()["jobId"]
        own, all_of_it = Listener(f"{base}/jobs/{job_id}/events"), Listener(f"{base}/providers/{provider}/sync/events")
        with running(apart, "worker") as worker:
            own.until(lambda job: job["currentStep"] == "Syncing movies")
            assert worker.end() == 0
        waiting = own.until(lambda job: job["currentStep"] == "Waiting for a worker")
        assert (waiting["status"], waiting["completedAt"]) == ("queued", None)
        slow.behave("stock", latency_ms=100)
        with running(apart, "worker"):
            own.until(lambda job: job["status"] == "completed")
            own.ended()
        names = [name for _, name, _ in own.events]
        assert names == ["progress"] * (len(names) - 1) + ["done"]
        shown = [job["progress"] for _, _, job in own.events]
        assert shown == sorted(shown)
        assert shown[-1] == 100 > shown[-2]
        assert len(set(shown)) > 3
        assert len({job["processedItems"] for _, _, job in own.events}) > 2
        moments = [moment for moment, name, _ in own.events if name == "progress"]
        assert all(fifth - first > 0.95 for first, fifth in zip(moments, moments[4:], strict=False))
        done = own.events[-1][2]
        assert done == httpx.get(f"{base}/jobs/{job_id}", trust_env=False).json()
        all_of_it.until(lambda job: job == done)
        began = time.monotonic()
        assert server.end(signal.SIGINT) == 0
        assert time.monotonic() - began < 10
        all_of_it.ended()
        assert "Cancel" not in server.text  # as a server says when it breaks answers off


def test_who_waits_is_told_when_nobody_works_and_may_leave(
    tmp_path: Path, redis_url: str, sqlite_url: str, slow: PortalProcess
) -> None:
    installation = installed(tmp_path, redis_url, sqlite_url)
    provider = add(installation, slow)
    slow.behave("stock", latency_ms=1_200)
    with running(installation, "worker") as worker:
        worker_ready(redis_url)
        words = ("sync", "run", "home", "--wait")
        with running(installation, *words) as waiting, running(installation, *words) as leaving:
            leaving.until("channel_categories completed")
            assert leaving.end(signal.SIGINT, 20) == 130
            assert leaving.lines[-2:] == [
                "lineup: the sync goes on; it is stopped with: lineup sync cancel home\n",
                "lineup: interrupted\n",
            ]
            waiting.until("channel_categories completed")
            assert worker.end() == 0
            waiting.until(WAITS)
            (listed,) = installation.json("sync", "status", provider)["providers"]
            assert (listed["job"]["status"], listed["job"]["currentStep"]) == ("queued", "Waiting for a worker")
            slow.behave("stock", latency_ms=0)
            with running(installation, "worker"):
                assert waiting.left() == 0
            assert waiting.lines[-1].startswith("home: completed in ")


def test_what_a_sync_changed_and_refused_is_listed(
    installation: Installation, inside: Inside, portal: PortalProcess
) -> None:
    url = f"{portal.url_of('panel')}/c/"
    assert inside("provider", "add", "home", url, *STALKER, "--no-sync").code == 0
    assert inside("sync", "run", "home").code == 0
    (job,) = inside("sync", "history", "home", "--json").json["jobs"]
    lines = inside("sync", "show", job["id"]).out.splitlines()
    assert lines[0].split() == ["job", job["id"]]
    assert [line.split("\t")[0] for line in lines[5:]] == [step["name"] for step in job["steps"]]
    told = inside("sync", "show", job["id"], "--changes", "--rejected", "--limit", "1000", "--json").json
    assert told["job"] == job
    changed = told["changes"]["changes"]
    for kind in ("channel", "movie", "series"):
        names = {f"{kind}s", kind}
        added = sum(step["added"] for step in job["steps"] if step["name"] in names)
        assert [one["op"] for one in changed if one["kind"] == kind] == ["added"] * added
    assert told["rejected"]["total"] == sum(step["rejected"] for step in job["steps"])
    listed = inside("sync", "show", job["id"], "--changes", "--kind", "movies", "--op", "added", "--limit", "2").out
    assert listed.splitlines()[0].split("\t") == ["kind", "op", "id", "name"]
    assert len(listed.splitlines()) == 3
    assert inside("sync", "show", "nothing").code == 2


def worker_ready(redis_url: str) -> None:
    """Waits until a worker has reported its health: before that, a command runs the job itself."""
    deadline = time.monotonic() + 30
    with Redis.from_url(redis_url) as redis:
        while not redis.keys(f"{HEALTH_PREFIX}*"):
            assert time.monotonic() < deadline
            time.sleep(0.1)
