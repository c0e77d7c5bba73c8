"""East, west and +1: linked to the channel that they repeat, and their programmes at their own times, everywhere."""

import asyncio
import time
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.config import Settings
from tests.epg.conftest import NOW, GuideServer, guide
from tests.support.server import Served, serving
from workers.lifecycle import embedded_worker

ENDED = {"completed", "partial", "failed", "cancelled"}
# name, tvg-id; how many hours behind the guide it sends
CHANNELS = (
    ("UK: Film4 HD", "film4.uk", 0),
    ("UK: Film4 +1", "film4.uk", 1),
    ("UK: E4", "", 0),
    ("UK: E4+1 HD", "", 1),
    ("US: HBO East", "hbo.us", 0),
    ("US: HBO West HD", "hbo.us", 3),
    ("US: AMC", "", 0),
    ("US: AMC (West)", "", 3),
    ("US: Fox Sports West", "fsw.us", 0),
)
GUIDED = ("film4.uk", "e4", "hbo.us", "amc", "fsw.us")


@pytest.fixture
async def served(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    settings = Settings(
        database_url=database_url, redis_url=redis_url, secret_key="not-a-real-key", data_dir=tmp_path, retry_attempts=0
    )
    async with serving(settings) as found, embedded_worker(found.context):
        yield found


def listed(url: str) -> bytes:
    entries = "".join(
        f'#EXTINF:-1 tvg-id="{epg_id}" group-title="All",{name}\nhttp://streams.test/{number}\n'
        for number, (name, epg_id, _) in enumerate(CHANNELS)
    )
    return f'#EXTM3U url-tvg="{url}/guide.xml"\n{entries}'.encode()


async def synced(served: Served, provider: str, query: str) -> None:
    job = (await served.json("POST", f"/api/providers/{provider}/sync?{query}", 202))["jobId"]
    deadline = time.monotonic() + 60
    while (found := await served.json("GET", f"/api/jobs/{job}"))["status"] not in ENDED:
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.05)
    assert found["status"] == "completed", found


def begins(told: str) -> datetime:
    return datetime.strptime(told, "%Y%m%d%H%M%S %z")


async def test_time_shifts_are_linked_and_their_guides_shifted(served: Served, server: GuideServer) -> None:
    server.files |= {"/list.m3u": listed(server.url), "/guide.xml": guide(*GUIDED)}
    body = {"name": "List", "kind": "m3u", "url": f"{server.url}/list.m3u", "sync": False, "schedule": None}
    provider = (await served.json("POST", "/api/providers", 201, json=body))["id"]
    await synced(served, provider, "only=channels")
    await synced(served, provider, "only=epg")
    page = await served.json("GET", f"/api/providers/{provider}/channels")
    ids = {one["name"]: one["id"] for one in page["channels"]}

    first = NOW - timedelta(hours=2)
    for name, _, hours in CHANNELS:
        span = {"from": (first - timedelta(hours=1)).isoformat(), "to": (NOW + timedelta(hours=9)).isoformat()}
        told = await served.json("GET", f"/api/channels/{ids[name]}/programmes", params=span)
        start = datetime.fromisoformat(told["programmes"][0]["start"])
        assert start == first + timedelta(hours=hours), name

    made = await served.json("POST", "/api/playlists", 201, json={"name": "All", "definition": {"names": "original"}})
    root = ET.fromstring((await served.client.get(made["links"]["epg"])).content)
    shown = {one.findtext("display-name"): one.get("id") for one in root.findall("channel")}
    for name, _, hours in CHANNELS:
        starts = [
            begins(str(one.get("start"))) for one in root.findall("programme") if one.get("channel") == shown[name]
        ]
        assert min(starts) == (first + timedelta(hours=hours)).astimezone(UTC), name

    links = {name: await linked(served, ids[name]) for name, _, _ in CHANNELS}
    assert links["UK: Film4 HD"] == {ids["UK: Film4 +1"]: 60}
    assert links["UK: E4+1 HD"] == {ids["UK: E4"]: -60}
    assert links["US: HBO East"] == {ids["US: HBO West HD"]: 180}
    assert links["US: AMC (West)"] == {ids["US: AMC"]: -180}
    assert links["US: Fox Sports West"] == {}


async def linked(served: Served, channel: str) -> dict[str, Any]:
    group = await served.json("GET", f"/api/channels/{channel}/variants")
    return {one["id"]: one["shiftMinutes"] for one in group["links"]}
