import asyncio
from typing import Any

import pytest

from app.domain.kinds import Kind
from tests.support.scripted import ScriptedProvider, record, sync
from tests.support.server import Served, serving
from workers.lifecycle import embedded_worker

JOB = {
    *("id", "providerId", "mode", "status", "progress", "currentStep", "channelsSynced", "moviesSynced"),
    *("seriesSynced", "totalItems", "processedItems", "steps", "errors", "attempt", "queuedAt", "startedAt"),
    *("completedAt", "version"),
}
STEP = {
    *("name", "status", "pagesDone", "pagesTotal", "fetched", "added", "updated", "unchanged", "removed"),
    *("rejected", "error"),
}


@pytest.fixture
async def provider(served: Served, stalker: dict[str, Any]) -> str:
    return str((await served.json("POST", "/api/providers", 201, json=stalker))["id"])


async def test_a_second_request_joins_the_live_job(served: Served, provider: str) -> None:
    first = await served.json("POST", f"/api/providers/{provider}/sync?mode=full&only=channels,movies&force=true", 202)
    job = first.pop("jobId")
    assert first == {"providerId": provider, "status": "queued", "message": "Sync started"}
    second = await served.json("POST", f"/api/providers/{provider}/sync-channels", 202)
    assert second == {"jobId": job, "providerId": provider, "status": "queued", "message": "Sync already in progress"}
    assert (await served.json("GET", f"/api/jobs/{job}"))["mode"] == "full"


@pytest.mark.parametrize(
    ("query", "field"),
    [("only=films", "only"), ("only=epg,films", "only"), ("mode=some", "mode"), ("force=maybe", "force")],
)
async def test_a_wrong_request_is_named(served: Served, provider: str, query: str, field: str) -> None:
    problem = await served.json("POST", f"/api/providers/{provider}/sync?{query}", 422)
    assert [error["field"] for error in problem["errors"]] == [field]


async def test_a_live_job_can_be_cancelled_once(served: Served, provider: str) -> None:
    problem = await served.json("POST", f"/api/providers/{provider}/sync/cancel", 409)
    assert problem["code"] == "no_live_job"
    job = (await served.json("POST", f"/api/providers/{provider}/sync", 202))["jobId"]
    told = await served.json("POST", f"/api/providers/{provider}/sync/cancel", 202)
    assert told == {"jobId": job, "status": "cancelling"}
    assert (await served.json("GET", f"/api/jobs/{job}"))["status"] == "cancelled"


async def test_all_enabled_providers_are_synced_at_once(served: Served, provider: str, stalker: dict[str, Any]) -> None:
    await served.json("POST", "/api/providers", 201, json=stalker | {"enabled": False})
    third = await served.json("POST", "/api/providers", 201, json=stalker)
    jobs = (await served.json("POST", "/api/sync/all", 202))["jobs"]
    assert [job["providerId"] for job in jobs] == [provider, third["id"]]
    listed = await served.json("GET", "/api/jobs?status=queued&limit=1")
    assert (listed["total"], listed["hasMore"], len(listed["jobs"])) == (2, True, 1)
    assert (await served.json("GET", f"/api/jobs?providerId={provider}"))["total"] == 1
    assert (await served.json("GET", "/api/jobs?status=failed"))["jobs"] == []
    await served.json("GET", "/api/jobs?providerId=nobody", 404)


async def test_a_disabled_provider_is_synced_by_hand(served: Served, stalker: dict[str, Any]) -> None:
    added = await served.json("POST", "/api/providers", 201, json=stalker | {"enabled": False})
    assert added["nextSyncAt"] is None
    await served.json("POST", f"/api/providers/{added['id']}/sync", 202)


async def test_the_state_of_a_sync_before_and_after(served: Served, provider: str) -> None:
    empty = await served.json("GET", f"/api/providers/{provider}/sync")
    assert empty == {
        "providerId": provider,
        "stats": {"totalMovies": 0, "totalSeries": 0, "totalChannels": 0, "totalCategories": 0},
        "job": None,
        "version": None,
    }
    assert await served.json("GET", f"/api/providers/{provider}/sync/status") == {
        "synced": False,
        "last_sync": None,
        "channel_count": 0,
        "category_count": 0,
        "movie_count": 0,
        "series_count": 0,
        "status": "idle",
        "progress": 0,
    }
    view = await served.context.registry.by_id(provider)
    lists = {Kind.MOVIE: [record(Kind.MOVIE, number) for number in range(1, 4)]}
    await sync(served.context.database, view.pk, ScriptedProvider(lists=lists))
    after = await served.json("GET", f"/api/providers/{provider}/sync")
    assert after["stats"]["totalMovies"] == 3
    assert set(after["job"]) == JOB
    assert all(set(step) == STEP for step in after["job"]["steps"])
    assert (after["job"]["status"], after["job"]["moviesSynced"]) == ("completed", 3)
    status = await served.json("GET", f"/api/providers/{provider}/sync/status")
    assert (status["synced"], status["movie_count"], status["status"]) == (True, 3, "completed")
    assert status["last_sync"]


@pytest.mark.parametrize("body", ["stalker", "xtream"])
async def test_an_added_provider_is_synced_browsed_played_and_removed(
    settings: Any, request: pytest.FixtureRequest, body: str
) -> None:
    async with serving(settings, background=embedded_worker) as served:
        added = await served.json("POST", "/api/providers", 201, json=request.getfixturevalue(body) | {"sync": True})
        job = await _ended(served, added["jobId"])
        assert (job["status"], job["progress"], job["errors"]) == ("completed", 100, [])
        path = f"/api/providers/{added['id']}"
        state = await served.json("GET", f"{path}/sync")
        assert state["version"] == job["version"]
        movies = await served.json("GET", f"{path}/movies?limit=5&sort=name")
        assert movies["total"] == state["stats"]["totalMovies"] > 5
        answer = await served.client.get(movies["movies"][0]["stream"])
        assert answer.headers["cache-control"] == "no-store"
        assert set(answer.json()) == {"url", "headers", "expiresAt"}
        assert answer.json()["url"].startswith("http://")
        series = (await served.json("GET", f"{path}/series?limit=1"))["series"][0]
        seasons = await served.json("GET", f"/api/series/{series['id']}/seasons")
        assert seasons["total"] >= 1
        number = seasons["seasons"][0]["number"]
        episodes = await served.json("GET", f"/api/series/{series['id']}/seasons/{number}/episodes")
        moved = await served.client.get(f"{episodes['episodes'][0]['stream']}?redirect=1")
        assert (moved.status_code, moved.headers["cache-control"]) == (302, "no-store")
        assert moved.headers["location"].startswith("http://")
        await served.json("DELETE", path, 204)
        assert (await served.json("GET", "/api/movies"))["total"] == 0


async def _ended(served: Served, job_id: str) -> Any:
    for _ in range(600):
        job = await served.json("GET", f"/api/jobs/{job_id}")
        if job["status"] not in ("queued", "running"):
            return job
        await asyncio.sleep(0.1)
    raise AssertionError(job)
