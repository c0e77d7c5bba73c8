"""Guides keep themselves up to date: when they are due, who refreshes them then, and how much of them is kept."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col

from app.config import Settings
from app.db.tables import Provider
from app.domain.guides import HOUR_MS, REST_MS, Kept, due_at
from app.simulator.process import PortalThread
from tests.epg.site import added, ended, synced
from tests.support.server import Served, serving
from workers.lifecycle import embedded_worker
from workers.tasks.due import tick

T = 1_000 * HOUR_MS


@pytest.mark.parametrize(
    ("kept", "hours", "at"),
    [
        (Kept(channels_at=None, synced_at=None, tried_at=None), 12, None),  # nothing that they could belong to
        (Kept(channels_at=T, synced_at=None, tried_at=None), 12, T + REST_MS),
        (Kept(channels_at=T, synced_at=None, tried_at=None), 0, None),
        (Kept(channels_at=T, synced_at=T, tried_at=T), 12, T + 12 * HOUR_MS),
        (Kept(channels_at=T, synced_at=T - 5, tried_at=T), 12, T + HOUR_MS),
        (Kept(channels_at=T, synced_at=None, tried_at=T), 0.5, T + HOUR_MS // 2),
    ],
)
def test_guides_are_due_by_their_own_clock(kept: Kept, hours: float, at: int | None) -> None:
    assert due_at(kept, hours) == at


async def age(served: Served, *names: str, hours: float) -> None:
    """Sets times of all providers back."""
    back = {name: getattr(Provider, name) - round(hours * HOUR_MS) for name in names}
    async with served.context.database.writer() as writer:
        await writer.execute(update(Provider).where(col(Provider.pk) > 0).values(**back))


async def jobs(served: Served, provider: str) -> list[dict[str, Any]]:
    """The jobs of a provider, the newest first, after one look at what is due."""
    await tick({"context": served.context, "job_id": "tick"})
    found = await served.json("GET", f"/api/jobs?providerId={provider}")
    return [await ended(served, one["id"]) for one in found["jobs"]]


async def test_guides_that_are_due_get_a_job_of_their_own(served: Served, portals: PortalThread) -> None:
    provider = await added(served, portals, "xtream")
    await age(served, "channels_synced_at", hours=1)
    assert len(await jobs(served, provider)) == 1  # nobody wants it without a schedule
    await served.json("PATCH", f"/api/providers/{provider}", json={"options": {"epgEveryHours": 2}})
    first, *before = await jobs(served, provider)
    assert len(before) == 1
    assert [(step["name"], step["status"]) for step in first["steps"]] == [("epg", "completed")]
    assert (await served.json("GET", f"/api/epg/now?providerId={provider}"))["total"] > 5

    assert len(await jobs(served, provider)) == 2  # it was done a moment ago
    told = await served.json("GET", f"/api/providers/{provider}/epg")
    last, following = (datetime.fromisoformat(told[name]) for name in ("lastSync", "nextSyncAt"))
    assert following - last == timedelta(hours=2)
    await age(served, "epg_synced_at", "epg_tried_at", hours=1.9)
    assert len(await jobs(served, provider)) == 2
    await age(served, "epg_synced_at", "epg_tried_at", hours=0.2)
    again, *before = await jobs(served, provider)
    assert ([step["name"] for step in again["steps"]], len(before)) == (["epg"], 2)


async def test_channels_that_came_a_moment_ago_are_given_a_rest(served: Served, portals: PortalThread) -> None:
    provider = await added(served, portals, "xtream", options={"epgEveryHours": 2})
    assert len(await jobs(served, provider)) == 1
    await age(served, "channels_synced_at", hours=0.02)
    assert len(await jobs(served, provider)) == 2


async def test_a_sync_of_everything_brings_guides_that_are_due(served: Served, portals: PortalThread) -> None:
    provider = await added(served, portals, "xtream")

    async def steps(query: str = "") -> dict[str, str]:
        job = await synced(served, provider, query)
        return {step["name"]: step["status"] for step in job["steps"]}

    await age(served, "channels_synced_at", hours=1)
    assert "epg" not in await steps("?only=movies")
    found = await steps()
    assert (list(found)[-1], found["epg"]) == ("epg", "completed")
    assert "epg" not in await steps()  # it was done a moment ago


async def test_a_guide_that_fails_fails_nothing_else(served: Served, portals: PortalThread) -> None:
    gone = f"{portals.url}/gone/guide.xml"
    provider = await added(served, portals, "xtream", options={"epgUrl": gone, "epgEveryHours": 2})
    await age(served, "channels_synced_at", hours=1)
    job = await synced(served, provider)
    statuses = {step["name"]: step["status"] for step in job["steps"]}
    assert statuses.pop("epg") == "failed"
    assert (set(statuses.values()), job["status"]) == ({"completed"}, "partial")
    assert job["version"]
    told = await served.json("GET", f"/api/providers/{provider}/epg")
    assert "404" in told["guides"][0]["error"]
    following = datetime.fromisoformat(told["nextSyncAt"]) - datetime.now(UTC)
    assert timedelta(minutes=50) < following < timedelta(minutes=61)  # sooner than after one that came to something


async def test_the_settings_say_how_often_and_how_much(
    settings: Settings, portals: PortalThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"INTERVAL_HOURS": "0", "PAST_DAYS": "0", "FUTURE_DAYS": "0.25"}.items():
        monkeypatch.setenv(f"LINEUP_EPG_{name}", value)
    given = settings.model_dump(include={"database_url", "redis_url", "secret_key", "data_dir", "retry_attempts"})
    async with serving(Settings(**given)) as served, embedded_worker(served.context):
        provider = await added(served, portals, "xtream", schedule={"everyHours": 24})
        await age(served, "channels_synced_at", hours=1)
        assert len(await jobs(served, provider)) == 1  # never by itself
        before = datetime.now(UTC)
        assert (await synced(served, provider, "?only=epg"))["status"] == "completed"
        channel = (await served.json("GET", f"/api/epg/now?providerId={provider}"))["channels"][0]["channelId"]
        span = {"from": (before - timedelta(days=3)).isoformat(), "to": (before + timedelta(days=3)).isoformat()}
        shows = (await served.json("GET", f"/api/channels/{channel}/programmes", params=span))["programmes"]
        assert datetime.fromisoformat(shows[0]["stop"]) > before
        last = datetime.fromisoformat(shows[-1]["start"])
        assert before + timedelta(hours=4) < last < before + timedelta(hours=6.1)
