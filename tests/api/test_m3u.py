"""A list from its address to the player: added over HTTP, synced by a worker, browsed, played, synced again."""

import asyncio
import time
from typing import Any

import pytest

from app.simulator.behaviour import Behaviour
from app.simulator.process import PortalThread
from app.simulator.server import create_portal
from app.simulator.spec import CatalogueSpec
from tests.support.server import Served
from workers.lifecycle import embedded_worker

LISTED = CatalogueSpec(channels=90, movies=60, series=8, categories=12)
SECRETS = ("fake-user", "fake-word-1")


async def _synced(served: Served, provider: str, query: str = "") -> dict[str, Any]:
    started = await served.json("POST", f"/api/providers/{provider}/sync{query}", 202)
    deadline = time.monotonic() + 240
    while (job := await served.context.history.get(started["jobId"])).status.live:
        assert time.monotonic() < deadline, job
        await asyncio.sleep(0.2)
    found: dict[str, Any] = await served.json("GET", f"/api/jobs/{started['jobId']}")
    return found


def _counts(job: dict[str, Any], what: str) -> list[int]:
    return [step[what] for step in job["steps"] if step["name"] in ("channels", "movies", "series")]


async def test_a_list_is_synced_browsed_played_and_guarded(served: Served) -> None:
    portal = create_portal(LISTED, "m3u", Behaviour())
    expected = portal.expected()
    counted = [expected.channels, expected.movies, expected.series]
    with PortalThread({"": portal}) as thread:
        url = f"{thread.url}/get.php?username={SECRETS[0]}&password={SECRETS[1]}&type=m3u_plus&output=ts"
        body = {"name": "List", "kind": "m3u", "url": url, "sync": False}
        view = await served.json("POST", "/api/providers", 201, json=body)
        assert view["credentials"] == {}
        assert SECRETS[1] not in str(view)
        provider = view["id"]
        assert (await served.json("POST", f"/api/providers/{provider}/test"))["ok"]
        async with embedded_worker(served.context):
            first = await _synced(served, provider)
            assert (first["status"], first["errors"], _counts(first, "added")) == ("completed", [], counted)
            again = await _synced(served, provider, "?mode=full")
            assert (again["status"], _counts(again, "unchanged")) == ("completed", counted)
            assert again["version"] == first["version"]
            assert portal.stats.actions["m3u_plus.list"] == 3  # the test, and one for each sync

            await _browses_and_plays(served, provider, thread.url)

            portal.behave(shrink_to=0.4)
            less = await _synced(served, provider, "?mode=full")
            assert less["status"] == "partial"
            assert _counts(less, "removed")[0] == 0
            kept = await served.json("GET", f"/api/providers/{provider}/channels?limit=1")
            assert kept["total"] == expected.channels
            gone = await _synced(served, provider, "?mode=full")  # a second list that agrees
            left = portal.expected()
            assert (gone["status"], _counts(gone, "removed")[0]) == ("completed", expected.channels - left.channels)
            assert gone["version"] != first["version"]
            kept = await served.json("GET", f"/api/providers/{provider}/channels?limit=1")
            assert kept["total"] == left.channels


async def _browses_and_plays(served: Served, provider: str, base: str) -> None:
    found = await served.json("GET", f"/api/providers/{provider}/channels?limit=5")
    channel = found["channels"][0]
    assert (channel["externalId"], channel["number"]) == ("1", 1)
    categories = await served.json("GET", f"/api/providers/{provider}/categories?limit=1000")
    assert channel["categoryId"] in {one["id"] for one in categories["categories"]}
    assert SECRETS[1] not in str(found)
    answer = await served.client.get(f"/api/channels/{channel['id']}/stream?redirect=1")
    assert (answer.status_code, answer.headers["location"]) == (302, f"{base}/live/{SECRETS[0]}/{SECRETS[1]}/1.ts")
    series = (await served.json("GET", f"/api/providers/{provider}/series?limit=1"))["series"][0]
    season = (await served.json("GET", f"/api/series/{series['id']}/seasons"))["seasons"][-1]
    path = f"/api/series/{series['id']}/seasons/{season['number']}/episodes"
    episodes = (await served.json("GET", path))["episodes"]
    assert [one["number"] for one in episodes] == list(range(1, season["episodeCount"] + 1))
    link = await served.json("GET", episodes[0]["stream"])
    assert link["url"].startswith(f"{base}/series/{SECRETS[0]}/{SECRETS[1]}/")


@pytest.mark.parametrize(
    ("change", "field"),
    [({"url": "ftp://h/a.m3u"}, "url"), ({"url": ""}, "url"),
     ({"credentials": {"username": "x"}}, "credentials.username"),
     ({"options": {"epgUrl": "nonsense://"}}, "options.epgUrl")],
)  # fmt: skip
async def test_a_wrong_list_is_named(served: Served, change: dict[str, Any], field: str) -> None:
    body = {"name": "List", "kind": "m3u", "url": "http://h.test/a.m3u", "sync": False} | change
    problem = await served.json("POST", "/api/providers", 422, json=body)
    assert [error["field"] for error in problem["errors"]] == [field]
