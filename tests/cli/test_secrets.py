"""No credential leaves: everything that real processes say, answer and keep is searched for every one of them."""

import json
import re
import socket
import sqlite3
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import asyncpg
import httpx
import pytest
from redis import Redis

from app.simulator.behaviour import Account, Behaviour
from app.simulator.process import PortalProcess
from app.simulator.spec import CatalogueSpec
from tests.cli.installation import Installation, Process, running
from tests.support.echo import MODES, echoing
from tests.support.effort import is_short
from tests.support.services import run_apart
from tests.support.vault import Vault

SPEC = CatalogueSpec(channels=12, movies=20, series=8, categories=8)
STALKER = ("stock", "stock_mixed", "panel", "panel_both", "panel_embedded", "token_free")
XTREAM = ("xtream", "xtream_legacy", "xtream_php")
PATHS = (
    "providers",
    "jobs",
    "movies?limit=1000",
    "series?limit=1000",
    "channels?limit=1000",
    "categories?limit=1000",
)
OWN_PATHS = ("", "/sync", "/sync/status", "/movies?limit=1000", "/snapshot", "/snapshot/head")
COLOURS = re.compile("\x1b\\[[0-9;]*m")
JOB_PATHS = ("", "/changes?limit=1000", "/rejected?limit=1000")


class Client:
    """Shows its key in each of the three ways in turn, and keeps what it is answered."""

    def __init__(self, url: str, key: str) -> None:
        self._client = httpx.Client(base_url=url, trust_env=False, timeout=30)
        self._key = key
        self.heard: list[tuple[str, str]] = []

    def ask(self, method: str, path: str, *, keep: bool = True, **options: Any) -> httpx.Response:
        headers: dict[str, str] = options.pop("headers", {})
        ways: list[Mapping[str, Any]] = [
            {"headers": {"X-API-Key": self._key, **headers}},
            {"headers": {"Authorization": f"Bearer {self._key}", **headers}},
            {"params": {**dict(httpx.URL(path).params), "key": self._key}, "headers": headers},
        ]
        answer = self._client.request(method, path, **ways[len(self.heard) % 3], **options)
        if keep:
            self.heard.append((f"{method} {path}", f"{dict(answer.headers)} {answer.text}"))
        return answer

    def json(self, path: str) -> Any:
        return self.ask("GET", path).json()

    def close(self) -> None:
        self._client.close()


@pytest.fixture
def vault() -> Vault:
    """With specials in it, so that every form is another."""
    found = Vault()
    found.tokens()
    return found


@pytest.fixture
def portals(vault: Vault) -> Iterator[PortalProcess]:
    account = Account(
        mac=vault.mac("mac"),
        username=vault.word("username"),
        password=vault.word("password", "Fäke+{0}/=&{1}"),
        login_required=True,
    )
    behaviour = Behaviour(accounts=(account,), broken_record_every=7)
    with PortalProcess([*STALKER, *XTREAM], SPEC, behaviour) as process:
        yield process


def stalker(vault: Vault, url: str, **other: str) -> dict[str, Any]:
    credentials = {
        "mac": vault.mac("mac"),
        "serialNumber": vault.word("serial", "FAKE{0}{1}"),
        "deviceId": vault.word("device", "FAKE{0}DE{1}"),
        "deviceId2": vault.word("device 2", "FAKE{0}D2{1}"),
        "username": vault.word("username"),
        "password": vault.word("password"),
    }
    return {"kind": "stalker", "url": url, "credentials": credentials | other}


def xtream(vault: Vault, url: str, **other: str) -> dict[str, Any]:
    credentials = {"username": vault.word("username"), "password": vault.word("password")}
    return {"kind": "xtream", "url": url, "credentials": credentials | other}


@dataclass(frozen=True, kw_only=True)
class Company:
    """Which providers an installation has."""

    stalker: tuple[str, ...]
    xtream: tuple[str, ...]
    echoes: tuple[str, ...]


# What is said differs by provider, how a line is spelled does not: one form of lines has them all.
COMPANIES = {
    "json": Company(stalker=STALKER, xtream=XTREAM, echoes=MODES),
    "console": Company(stalker=("stock", "panel"), xtream=("xtream",), echoes=("words", "account", "move")),
}


def bodies(company: Company, vault: Vault, portals: PortalProcess, echo: str) -> Iterator[dict[str, Any]]:
    """Providers that work, and each way to fail."""
    yield from ({"name": name, **stalker(vault, f"{portals.url_of(name)}/")} for name in company.stalker)
    yield from ({"name": name, **xtream(vault, portals.url_of(name))} for name in company.xtream)
    wrong = {"password": vault.word("wrong password", "Wröng/{0}+{1}")}
    yield {"name": "wrong word", **stalker(vault, f"{portals.url_of('panel')}/c/", **wrong)}
    yield {"name": "wrong user", **xtream(vault, portals.url_of("xtream_legacy"), **wrong)}
    yield {"name": "unknown box", **stalker(vault, f"{portals.url_of('stock')}/", mac=vault.mac("unknown mac"))}
    for mode in company.echoes:
        yield {"name": f"box {mode}", **stalker(vault, f"{echo}/{mode}/c/")}
        yield {"name": f"panel {mode}", **xtream(vault, f"{echo}/{mode}")}
    yield {"name": "nobody", **stalker(vault, "http://127.0.0.1:9/c/")}
    in_url = f"?username={vault.word('url user')}&password={vault.word('url password')}&type=m3u_plus"
    yield {"name": "nobody there", "kind": "xtream", "url": f"http://nobody.invalid/get.php{in_url}"}


def idle(client: Client) -> list[dict[str, Any]]:
    """All jobs, once none is live."""
    deadline = time.monotonic() + 90
    while True:
        jobs: list[dict[str, Any]] = client.json("/api/jobs?limit=1000")["jobs"]
        if jobs and all(job["status"] not in ("queued", "running") for job in jobs):
            return jobs
        assert time.monotonic() < deadline, [job["status"] for job in jobs]
        time.sleep(0.2)


def walk(client: Client) -> None:
    """Asks for all that there is to read, and for links, whose answers hold credentials by contract."""
    for path in PATHS:
        client.ask("GET", f"/api/{path}")
    for provider in client.json("/api/providers")["providers"]:
        for path in OWN_PATHS:
            client.ask("GET", f"/api/providers/{provider['id']}{path}")
        client.ask("POST", f"/api/providers/{provider['id']}/test")
    for job in client.json("/api/jobs?limit=1000")["jobs"]:
        for path in JOB_PATHS:
            client.ask("GET", f"/api/jobs/{job['id']}{path}")
    items(client)
    for path in ("/metrics", "/health/ready", "/openapi.json", "/nowhere/live/someone/something/1.ts"):
        client.ask("GET", path)


def items(client: Client) -> None:
    for kind in ("channels", "movies"):
        for item in client.json(f"/api/{kind}?limit=1000")[kind][::5]:
            client.ask("GET", f"/api/{kind}/{item['id']}")
            for query in ("", "?redirect=1"):
                client.ask("GET", f"/api/{kind}/{item['id']}/stream{query}", keep=False)
    for item in client.json("/api/series?limit=1000")["series"][::10]:
        for season in client.json(f"/api/series/{item['id']}/seasons").get("seasons", ()):
            client.ask("GET", f"/api/series/{item['id']}/seasons/{season['number']}/episodes")


def paste(vault: Vault, client: Client) -> None:
    """Asks for addresses that hold credentials, as people paste them: what was asked for goes to the log."""
    for name in ("username", "password", "serial", "device", "wrong password", "url password", "secret key", "API key"):
        word = vault.word(name)
        client.ask("GET", f"/api/{quote(word)}/{quote(word, safe='')}")
        client.ask("GET", f"/{b64encode(word.encode()).decode()}/{word.upper()}")
    client.ask("GET", f"/{vault.mac('mac').replace(':', '')}")


def break_rows(database: Path, client: Client, *words: str) -> None:
    """Makes the database fail under requests and jobs: their traces, with what was asked for, go to the log."""
    provider = next(one for one in client.json("/api/providers")["providers"] if one["name"] == "xtream")
    with sqlite3.connect(database, timeout=30) as connection:
        for table in ("movie", "category"):
            connection.execute(f"ALTER TABLE {table} RENAME TO {table}_away")
    try:
        for word in words:
            assert client.ask("GET", f"/api/movies?category={quote(word, safe='')}").status_code == 500
        client.ask("POST", f"/api/providers/{provider['id']}/sync?mode=full")
        idle(client)
    finally:
        with sqlite3.connect(database, timeout=30) as connection:
            for table in ("movie", "category"):
                connection.execute(f"ALTER TABLE {table}_away RENAME TO {table}")
        connection.close()


def kept_rows(database: Path) -> Iterator[tuple[str, str | bytes]]:
    connection = sqlite3.connect(database)
    for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        for row in connection.execute(f"SELECT * FROM {table}").fetchall():
            yield from ((f"table {table}", value) for value in row if isinstance(value, str | bytes))
    connection.close()


def kept_files(data: Path) -> Iterator[tuple[str, bytes]]:
    """Everything in the data folder as it lies there: database, artifacts, the queue's own file."""
    for file in sorted(data.rglob("*")):
        if file.is_file() and file.name != "secret.key":
            yield str(file.relative_to(data)), file.read_bytes()


def said(process: Process, name: str) -> Iterator[tuple[str, str]]:
    yield from ((f"{name}, line {number}", COLOURS.sub("", line)) for number, line in enumerate(process.lines, 1))


@pytest.mark.timeout(300)  # thirty providers in one process, one after the other
@pytest.mark.parametrize("form", ["console"] if is_short() else COMPANIES)
def test_a_whole_installation_tells_no_credential(
    form: str, vault: Vault, portals: PortalProcess, tmp_path: Path
) -> None:
    key = vault.word("API key")
    installation = Installation(
        tmp_path,
        LINEUP_LOG_LEVEL="debug",
        LINEUP_SECRET_KEY=vault.word("secret key"),
        LINEUP_API_KEYS=f"{key},{vault.word('other API key')}",
        LINEUP_RETRY_ATTEMPTS="0",
        LINEUP_RETRY_BASE_SECONDS="0.01",
    )
    with echoing(vault.word("cookie")) as echo, running(installation, "serve", LINEUP_LOG_FORMAT=form) as server:
        found = re.search(r"http://127\.0\.0\.1:\d+", COLOURS.sub("", server.until("serving")))
        assert found
        client = Client(found[0], key)
        company = COMPANIES[form]
        for body in bodies(company, vault, portals, echo):
            assert client.ask("POST", "/api/providers", json=body).status_code == 201, client.heard[-1]
        outcomes = [job["status"] for job in idle(client)]
        assert outcomes.count("completed") + outcomes.count("partial") >= len(company.stalker) + len(company.xtream) - 2
        assert "failed" in outcomes
        walk(client)
        paste(vault, client)
        break_rows(installation.data / "lineup.db", client, vault.word("password"), vault.word("username"))
        client.close()
        assert server.end() == 0
    assert "Traceback" in server.text
    assert "request_failed" in server.text
    assert "***" in server.text
    places = [*said(server, "output"), *client.heard, *kept_rows(installation.data / "lineup.db")]
    assert vault.found([*places, *kept_files(installation.data)]) == []


def test_lines_of_jobs_and_requests_say_whose_they_are(vault: Vault, portals: PortalProcess, tmp_path: Path) -> None:
    installation = Installation(tmp_path, LINEUP_LOG_LEVEL="debug", LINEUP_API_KEYS=vault.word("API key"))
    with running(installation, "serve") as server:
        client = Client(server.url, vault.word("API key"))
        body = {"name": "one", **xtream(vault, portals.url_of("xtream"))}
        added = client.ask("POST", "/api/providers", json=body, headers={"X-Request-ID": "r-1"})
        provider, job = added.json()["id"], added.json()["jobId"]
        idle(client)
        client.close()
        assert server.end() == 0
    lines = [json.loads(line) for line in server.lines]
    asked = [line for line in lines if line.get("request_id") == "r-1"]
    assert [line["job_id"] for line in asked if line["event"] == "job_queued"] == [job]
    assert [line["path"] for line in asked if line["event"] == "request"] == ["/api/providers"]
    ran = [line for line in lines if line.get("task") == "sync" and line["job_id"] == job]
    assert {"job_started", "job_ended"} <= {line["event"] for line in ran}
    assert {line["provider_id"] for line in ran} == {provider}


@pytest.mark.timeout(300)
def test_processes_apart_tell_no_credential_either(
    vault: Vault, portals: PortalProcess, tmp_path: Path, postgres_url: str, redis_url: str
) -> None:
    key, port = vault.word("API key"), free_port()
    vault.keep("database password", urlsplit(postgres_url).password or "")
    installation = Installation(
        tmp_path,
        LINEUP_DATABASE_URL=postgres_url,
        # The server's user `default` has no password, so that any is right.
        LINEUP_REDIS_URL=redis_url.replace("://", f"://default:{vault.word('Redis password')}@", 1),
        LINEUP_SECRET_KEY=vault.word("secret key"),
        LINEUP_API_KEYS=key,
        LINEUP_LOG_LEVEL="debug",
        LINEUP_RETRY_ATTEMPTS="0",
        LINEUP_METRICS_PORT=str(port),
    )
    with (
        echoing(vault.word("cookie")) as echo,
        running(installation, "serve") as server,
        running(installation, "worker") as worker,
    ):
        client, own = Client(server.url, key), Client(f"http://127.0.0.1:{port}", key)
        for body in (
            {"name": "box", **stalker(vault, f"{portals.url_of('panel')}/c/")},
            {"name": "panel", **xtream(vault, portals.url_of("xtream"))},
            {"name": "words", **xtream(vault, f"{echo}/account")},
        ):
            assert client.ask("POST", "/api/providers", json=body).status_code == 201
        assert sorted(job["status"] for job in idle(client)) == ["completed", "completed", "failed"]
        walk(client)
        worker.until("exposing")
        assert httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).status_code == 401
        assert httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).json() == {"status": "ok"}
        counted = own.ask("GET", "/metrics").text
        assert 'lineup_jobs_total{mode="auto",outcome="completed"} 2.0' in counted
        assert "lineup_queue_depth" not in counted
        assert "lineup_workers_alive 1.0" in client.ask("GET", "/metrics").text
        client.close()
        own.close()
        assert worker.end() == 0
        assert server.end() == 0
    places: list[tuple[str, str | bytes]] = [*said(server, "server"), *said(worker, "worker")]
    places += [*client.heard, *own.heard]
    with Redis.from_url(redis_url) as redis:
        places += [(f"Redis {name!r}", redis.dump(name) or b"") for name in redis.keys("*")]
    assert vault.found([*places, *run_apart(lambda: kept_in_postgres(postgres_url))]) == []


async def kept_in_postgres(url: str) -> list[tuple[str, str | bytes]]:
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        rows = [(name, row) for (name,) in tables for row in await connection.fetch(f'SELECT * FROM "{name}"')]
    finally:
        await connection.close()
    return [(f"table {name}", value) for name, row in rows for value in row.values() if isinstance(value, str | bytes)]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
