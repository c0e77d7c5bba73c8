"""What a page is told while jobs run."""

import asyncio
import re
from typing import Any

import httpx

from app.config import Settings
from app.core.clock import now_ms
from app.domain.kinds import JobStatus, StepName, StepStatus
from app.jobs.views import JobView, StepView
from app.pages.progress import Pace, progress_of
from tests.pages.conftest import Visitor
from tests.support.server import listening, serving
from workers.lifecycle import embedded_worker


async def event(lines: "httpx.Response", name: str) -> str:
    """The data of the next event of that name."""
    found = ""
    data: list[str] = []
    async for line in lines.aiter_lines():
        if line.startswith("event: "):
            found, data = line.removeprefix("event: "), []
        elif line.startswith("data: "):
            data.append(line.removeprefix("data: "))
        elif not line and found == name:
            return "\n".join(data)
    raise AssertionError(f"no {name}")


async def test_the_state_comes_at_once_and_after_a_change(settings: Settings, stalker: dict[str, Any]) -> None:
    async with listening(settings) as served:
        added = (await served.client.post("/api/providers", json=stalker | {"name": "<b>"})).json()["id"]
        await served.client.post(f"/api/providers/{added}/sync")
        async with served.client.stream("GET", "/live") as all_of_them:
            told = await event(all_of_them, added)
        assert 'data-live="yes"' in told
        assert "<b>" not in told
        async with served.client.stream("GET", f"/providers/{added}/live") as one:
            assert "Waiting for a worker" in await event(one, "progress")
        await served.client.post(f"/api/providers/{added}/sync/cancel")
        async with served.client.stream("GET", "/live") as again:
            assert 'data-live="no"' in await event(again, added)


async def test_a_sync_tells_its_traffic_and_what_is_there_then(settings: Settings, stalker: dict[str, Any]) -> None:
    async with serving(settings, background=embedded_worker) as served:
        visitor = Visitor(served)
        added = (await served.json("POST", "/api/providers", 201, json=stalker))["id"]
        await visitor.send(f"/providers/{added}/sync")
        view = await served.context.registry.by_id(added)
        async with asyncio.timeout(60):
            with served.context.watches.provider(view.pk) as watch:
                async for seen in watch:
                    if not seen.status.live:
                        break
        job = await served.context.history.get(seen.id)
        assert job.status is JobStatus.COMPLETED
        assert job.traffic
        assert job.traffic.requests > 10
        assert job.traffic.window >= 1
        assert job.traffic.mean_ms
        assert job.sizes
        assert (job.sizes.channels, job.sizes.movies, job.sizes.series) == (60, 90, 40)
        page = await visitor.open(f"/jobs/{job.id}")
        assert "60 channels, 90 movies, 40 series" in page
        series = (await served.json("GET", "/api/series?limit=1"))["series"][0]["id"]
        seasons = await visitor.open(f"/series/{series}/seasons")
        assert "1. Episode 1" in seasons
        link = re.search(r'data-copy-text="http://lineup.test(/play/[^"]+)"', seasons)
        assert link
        assert (await served.client.get(link[1])).status_code == 302


def job(processed: int, *, progress: int, started: int) -> JobView:
    step = StepView(name=StepName.MOVIES, status=StepStatus.RUNNING, pages_done=2, pages_total=8, added=processed)
    return JobView(
        id="j",
        provider_id="p",
        mode="full",
        status=JobStatus.RUNNING,
        progress=progress,
        current_step="Syncing movies",
        steps=(step,),
        attempt=1,
        queued_at=started,
        started_at=started,
        completed_at=None,
        version=None,
    )


def test_time_left_follows_from_what_was_done() -> None:
    now = now_ms()
    told = progress_of(job(500, progress=25, started=now - 10_000), now=now)
    assert (told.rate, told.seconds_left, told.pages_done, told.pages_total) == (50, 30, 2, 8)
    assert progress_of(job(0, progress=0, started=now), now=now).seconds_left is None


def test_the_rate_is_that_of_now(monkeypatch: Any) -> None:
    moment = 1_000_000
    monkeypatch.setattr("app.pages.progress.now_ms", lambda: moment)
    pace = Pace()
    pace.seen(job(1000, progress=10, started=moment - 100_000))
    moment += 2_000
    assert pace.seen(job(1400, progress=12, started=moment - 102_000)).rate == 200
