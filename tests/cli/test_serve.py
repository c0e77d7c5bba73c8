"""The server as a process: what it leaves when it ends, and what it says when it cannot begin."""

import signal
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from app.queue.embedded import join
from tests.cli.installation import Installation, running

KEY = "0123456789abcdef-not-a-secret"


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_within_seconds_and_leaves_no_process(installation: Installation, name: signal.Signals) -> None:
    with running(installation, "serve") as server:
        url = server.url
        assert httpx.get(f"{url}/health", trust_env=False).json() == {"status": "ok"}
        assert join(installation.data)
        children = psutil.Process(server.process.pid).children(recursive=True)
        assert children
        with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port or 80)) as idle:
            idle.sendall(b"GET /health HTTP/1.1\r\nhost: a\r\n")  # a request that never ends
            began = time.monotonic()
            assert server.end(name) == 0
        assert time.monotonic() - began < 8
        assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
        assert join(installation.data) is None


def test_it_becomes_ready_with_its_own_worker(installation: Installation) -> None:
    with running(installation, "serve") as server:
        url, deadline = server.url, time.monotonic() + 30
        while (ready := httpx.get(f"{url}/health/ready", trust_env=False)).status_code != 200:
            assert time.monotonic() < deadline, ready.text
            time.sleep(0.1)
        assert set(ready.json()["checks"].values()) == {"ok"}


def test_a_port_that_is_taken_is_one_line(installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for command in ("serve", "demo"):
            answer = installation.run(command, "--port", port)
            assert answer.code == 2
            assert answer.err.count("\n") == 1
            assert port in answer.err
    assert not installation.data.exists()


def test_with_redis_a_worker_apart_does_the_work(tmp_path: Path, redis_url: str, database_url: str) -> None:
    shared = {"LINEUP_REDIS_URL": redis_url, "LINEUP_DATABASE_URL": database_url, "LINEUP_SECRET_KEY": KEY}
    installation = Installation(tmp_path, **shared)
    with running(installation, "serve") as server:
        ready = f"{server.url}/health/ready"
        assert "worker" in httpx.get(ready, trust_env=False).json()["detail"]
        with running(installation, "worker") as worker:
            deadline = time.monotonic() + 30
            while httpx.get(ready, trust_env=False).status_code != 200:
                assert time.monotonic() < deadline
                time.sleep(0.1)
            assert worker.end() == 0
    assert not (installation.data / "queue").exists()
