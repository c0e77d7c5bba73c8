"""Guides as a client sees them: a real panel and a real portal, a worker, HTTP."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.config import Settings
from app.simulator.behaviour import Behaviour
from app.simulator.process import PortalThread
from app.simulator.server import create_portal
from app.simulator.spec import CatalogueSpec
from tests.support.server import Served, serving
from workers.lifecycle import embedded_worker

SPEC = CatalogueSpec(channels=20, movies=3, series=3, categories=4)
ENDED = {"completed", "partial", "failed", "cancelled"}


@pytest.fixture(scope="module")
def portals() -> Iterator[PortalThread]:
    site = {name: create_portal(SPEC, name, Behaviour(), mount=f"/{name}") for name in ("stock", "xtream")}
    with PortalThread(site) as thread:
        yield thread


@pytest.fixture
async def served(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    settings = Settings(
        database_url=database_url, redis_url=redis_url, secret_key="not-a-real-key", data_dir=tmp_path, retry_attempts=0
    )
    async with serving(settings) as found, embedded_worker(found.context):
        yield found


async def ended(served: Served, job: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while (found := await served.json("GET", f"/api/jobs/{job}"))["status"] not in ENDED:
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.05)
    return dict(found)


async def added(served: Served, portals: PortalThread, kind: str) -> str:
    body: dict[str, Any] = {
        "stalker": {"url": f"{portals.url}/stock/stalker_portal/c/", "credentials": {"mac": "00:1A:79:AA:BB:CC"}},
        "xtream": {"url": f"{portals.url}/xtream/", "credentials": {"username": "fake-user", "password": "fake-word"}},
    }[kind]
    told = {"name": kind, "kind": kind, "sync": False, "schedule": None}
    provider = await served.json("POST", "/api/providers", 201, json=body | told)
    job = await served.json("POST", f"/api/providers/{provider['id']}/sync?only=channels", 202)
    assert (await ended(served, job["jobId"]))["status"] == "completed"
    return str(provider["id"])


@pytest.mark.parametrize("kind", ["xtream", "stalker"])
async def test_guides_are_synced_and_answered(served: Served, portals: PortalThread, kind: str) -> None:
    provider = await added(served, portals, kind)
    started = await served.json("POST", f"/api/providers/{provider}/sync?only=epg", 202)
    job = await ended(served, started["jobId"])
    assert (job["status"], job["progress"], job["errors"]) == ("completed", 100, [])
    assert [(step["name"], step["status"]) for step in job["steps"]] == [("epg", "completed")]
    assert (await served.json("GET", f"/api/providers/{provider}"))["lastSync"]["epg"]

    told = await served.json("GET", f"/api/providers/{provider}/epg")
    origin = {"xtream": "xtream", "stalker": "provider"}[kind]
    assert [(guide["origin"], guide["error"], guide["named"]) for guide in told["guides"]] == [(origin, None, True)]
    assert "fake-word" not in str(told)
    cover = told["coverage"]
    method = {"xtream": "id", "stalker": "provider"}[kind]
    assert 15 < cover["channels"] <= 20  # those for adults are not counted
    assert 0 < cover["matched"] == cover["byMethod"][method] == cover["withProgrammesNow"]
    assert sum(bin_["count"] for bin_ in cover["scores"]) == cover["matched"]
    assert len(cover["unmatched"]) == cover["channels"] - cover["matched"]

    page = await served.json("GET", f"/api/epg/now?providerId={provider}&limit=2")
    assert (page["total"], page["page"], page["limit"], page["hasMore"]) == (cover["matched"], 1, 2, True)
    first = page["channels"][0]
    now = datetime.now(UTC).isoformat()
    assert first["now"]["start"] <= now < first["now"]["stop"] == first["next"]["start"]
    assert first["now"]["title"]

    path = f"/api/channels/{first['channelId']}/programmes"
    shows = await served.json("GET", path)
    assert {"total", "page", "limit", "hasMore", "programmes"} == set(shows)
    starts = [show["start"] for show in shows["programmes"]]
    assert starts == sorted(starts)
    assert first["now"] in shows["programmes"]
    later = (datetime.now(UTC) + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    part = await served.json("GET", path, params={"from": later, "limit": 1})
    assert part["programmes"][0]["stop"] > later
    assert part["hasMore"]


async def test_people_decide_about_matches(served: Served, portals: PortalThread) -> None:
    provider = await added(served, portals, "xtream")
    job = (await served.json("POST", f"/api/providers/{provider}/sync?only=epg", 202))["jobId"]
    await ended(served, job)
    cover = (await served.json("GET", f"/api/providers/{provider}/epg"))["coverage"]
    lonely = cover["unmatched"][0]["id"]
    (target, other, *_) = (await served.json("GET", f"/api/providers/{provider}/epg/channels"))["channels"]
    path = f"/api/channels/{lonely}/epg"
    assert (await served.json("GET", path))["guideId"] is None

    wish = {"guideId": target["guideId"], "channel": target["channel"]}
    pinned = await served.json("PUT", path, json=wish)
    assert (pinned["decided"], pinned["method"], pinned["score"]) == ("pinned", "pin", 1.0)
    await ended(served, (await served.json("POST", f"/api/providers/{provider}/sync?only=channels,epg", 202))["jobId"])
    assert await served.json("GET", path) == pinned
    assert (await served.json("GET", f"/api/channels/{lonely}/programmes"))["total"] > 0

    none = await served.json("PUT", path, content=b"null", headers={"content-type": "application/json"})
    assert (none["decided"], none["guideId"]) == ("forbidden", None)
    assert (await served.json("GET", f"/api/channels/{lonely}/programmes"))["total"] == 0
    assert (await served.json("DELETE", path))["decided"] == "auto"
    assert other["channel"] != target["channel"]


async def test_wrong_questions_are_named(served: Served, portals: PortalThread) -> None:
    provider = await added(served, portals, "xtream")
    channel = (await served.json("GET", f"/api/providers/{provider}/channels?limit=1"))["channels"][0]["id"]
    path = f"/api/channels/{channel}"
    for query in ("from=yesterday", "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "limit=0", "page=0"):
        await served.json("GET", f"{path}/programmes?{query}", 422)
    await served.json("PUT", f"{path}/epg", 422, json={"guideId": "no", "channel": "none"})
    await served.json("PUT", f"{path}/epg", 422, json={"guideId": "no"})
    await served.json("PUT", f"{path}/epg", 422)
    for missing in ("channels/none/programmes", "channels/none/epg", "providers/none/epg", "epg/now?providerId=none"):
        await served.json("GET", f"/api/{missing}", 404)
    assert (await served.json("GET", f"{path}/programmes"))["programmes"] == []


async def test_a_removed_provider_leaves_no_programmes(served: Served, portals: PortalThread) -> None:
    provider = await added(served, portals, "xtream")
    await ended(served, (await served.json("POST", f"/api/providers/{provider}/sync?only=epg", 202))["jobId"])
    cleaned = await served.json("DELETE", f"/api/providers/{provider}/clean")
    assert cleaned["deleted"]["programme"] > 0
    assert (await served.json("GET", f"/api/providers/{provider}/epg"))["guides"] == []
    assert (await served.json("GET", f"/api/providers/{provider}"))["lastSync"]["epg"] is None


async def test_guides_that_are_due_get_a_job_of_their_own(served: Served, portals: PortalThread) -> None:
    provider = await added(served, portals, "xtream")
    context = served.context
    assert await context.guides.start_due(context.jobs) == []  # nobody wants it without a schedule
    await served.json("PATCH", f"/api/providers/{provider}", json={"options": {"epgEveryHours": 2}})
    assert await context.guides.start_due(context.jobs) == []  # the channels came a moment ago
    planned = (await served.json("GET", f"/api/providers/{provider}/epg"))["nextSyncAt"]
    assert planned > datetime.now(UTC).isoformat()
