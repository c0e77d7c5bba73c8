"""Tables over HTTP: synced by a worker, told of, asked, cancelled, removed."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.config import Settings
from app.db.tables import metadata
from app.domain.kinds import JobStatus
from app.simulator.behaviour import Behaviour
from app.simulator.process import PortalThread
from app.simulator.server import create_portal
from app.simulator.spec import CatalogueSpec
from tests.support.effort import SLACK
from tests.support.server import Served, serving
from workers.lifecycle import embedded_worker

SPEC = CatalogueSpec(channels=40, movies=60, series=4, categories=10, subscribers=2_500)
CREDENTIALS = {"username": "fake-operator", "password": "fake-secret-9"}


@pytest.fixture
async def served(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    settings = Settings(database_url=database_url, redis_url=redis_url, secret_key="not-a-real-key", data_dir=tmp_path)
    async with serving(settings) as found:
        yield found


async def _ended(served: Served, job_id: str) -> Any:
    deadline = time.monotonic() + 60
    while (job := await served.context.history.get(job_id)).status.live:
        assert time.monotonic() < deadline, job
        await asyncio.sleep(0.05)
    return job


async def _added(served: Served, url: str) -> str:
    body = {"name": "Operator", "kind": "iptvportal", "url": f"{url}/api/", "credentials": CREDENTIALS, "sync": False}
    view = await served.json("POST", "/api/providers", 201, json=body)
    return str(view["id"])


async def test_tables_are_mirrored_and_asked_over_http(served: Served) -> None:
    portal = create_portal(SPEC, "iptvportal", Behaviour(forbidden_tables=("key",)))
    with PortalThread({"": portal}) as thread:
        provider = await _added(served, thread.url)
        base = f"/api/providers/{provider}"
        sql = {"query": "SELECT max(id), count(*) FROM subscriber"}
        remote = await served.json("POST", f"{base}/sql", json=sql)
        assert (remote["source"], remote["rows"]) == ("remote", [[2500, 2500]])
        assert remote["transpiled"]["params"]["from"] == "subscriber"
        assert remote["elapsedMs"] > 0
        async with embedded_worker(served.context):
            started = await served.json("POST", f"{base}/tables/subscriber/sync", 202)
            job = await _ended(served, started["jobId"])
            assert (job.status, job.errors, job.progress) == (JobStatus.COMPLETED, (), 100)
            started = await served.json("POST", f"{base}/tables/key/sync", 202)
            assert (await _ended(served, started["jobId"])).status is JobStatus.COMPLETED
        listed = {one["name"]: one for one in (await served.json("GET", f"{base}/tables"))["tables"]}
        assert (listed["subscriber"]["state"], listed["subscriber"]["rows"]) == ("fresh", 2500)
        assert listed["key"]["state"] == "disabled"
        one = await served.json("GET", f"{base}/tables/subscriber")
        assert (len(one["fields"]), one["fields"][0]["name"]) == (13, "id")
        assert [(await served.json("POST", f"{base}/sql", json=sql))["source"] for _ in range(2)] == [
            "mirror",
            "memory",
        ]
        told = (await served.json("GET", f"{base}/tables"))["memory"]
        assert (told["entries"], told["hits"], told["misses"], told["hitRate"]) == (1, 1, 2, 0.3333)
        dry = await served.json("POST", f"{base}/sql", json={**sql, "mode": "remote", "dryRun": True})
        assert dry["request"]["url"].endswith("/api/jsonsql/")
        assert CREDENTIALS["password"] not in str(dry)
        assert dry["request"]["body"]["params"]["limit"] == 10_001  # one more tells whether there are more
        refused = await served.json("POST", f"{base}/sql", 422, json={"query": "DELETE FROM subscriber"})
        assert refused["code"] == "inexpressible"
        odd = {"query": "SELECT no_such FROM subscriber", "mode": "remote"}
        told = (await served.json("POST", f"{base}/sql", 422, json=odd))["errors"]
        assert [(one["field"], one["message"].split(":")[0]) for one in told] == [
            ("query", "The portal refuses the statement")
        ]
        await served.json("GET", f"{base}/tables/no_such", 404)
        assert portal.stats.logins == 1  # one session for the job, the queries and the adapter
        await served.json("DELETE", base, 204)
        mirrors = list((served.context.settings.data_dir).rglob("mirror/*.db*"))
        assert mirrors == []


async def test_the_session_is_sealed_at_rest(served: Served) -> None:
    portal = create_portal(SPEC, "iptvportal", Behaviour())
    with PortalThread({"": portal}) as thread:
        provider = await _added(served, thread.url)
        await served.json("POST", f"/api/providers/{provider}/sql", json={"query": "SELECT id FROM package"})
        table = metadata.tables["portal_session"]
        async with served.context.database.reader() as reader:
            row = await reader.row(select(table))
        assert row is not None
        account = await served.context.registry.account((await served.context.registry.by_id(provider)).pk)
        session = await served.context.sessions.store(account).load()
        assert session is not None
        assert session.id.encode() not in bytes(row.sealed)
        change = {"credentials": {"password": "fake-secret-10"}}
        await served.json("PATCH", f"/api/providers/{provider}", json=change)
        account = await served.context.registry.account((await served.context.registry.by_id(provider)).pk)
        assert await served.context.sessions.store(account).load() is None  # it was opened with another password


async def test_a_sync_of_a_table_is_cancelled_within_two_seconds(served: Served) -> None:
    portal = create_portal(SPEC, "iptvportal", Behaviour(latency_ms=400, workers=1))
    with PortalThread({"": portal}) as thread:
        provider = await _added(served, thread.url)
        async with embedded_worker(served.context):
            base = f"/api/providers/{provider}"
            started = await served.json("POST", f"{base}/tables/subscriber/sync", 202)
            deadline = time.monotonic() + 20
            while (await served.context.history.get(started["jobId"])).status is not JobStatus.RUNNING:
                assert time.monotonic() < deadline
                await asyncio.sleep(0.05)
            began = time.monotonic()
            await served.json("POST", f"{base}/sync/cancel", 202)
            job = await _ended(served, started["jobId"])
            assert job.status is JobStatus.CANCELLED
            assert time.monotonic() - began < 2 * SLACK


async def test_only_an_operators_portal_has_tables(served: Served) -> None:
    body = {"name": "P", "kind": "xtream", "url": "http://127.0.0.1:9/get.php?username=a&password=b", "sync": False}
    provider = (await served.json("POST", "/api/providers", 201, json=body))["id"]
    base = f"/api/providers/{provider}"
    for path in ("tables", "tables/media"):
        assert (await served.json("GET", f"{base}/{path}", 422))["code"] == "invalid"
    assert (await served.json("POST", f"{base}/tables/media/sync", 422))["code"] == "invalid"
    assert (await served.json("POST", f"{base}/sql", 422, json={"query": "SELECT 1"}))["code"] == "invalid"
