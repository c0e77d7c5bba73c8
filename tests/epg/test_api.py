"""Guides as a client sees them: a real panel and a real portal, a worker, HTTP."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest

from app.simulator.process import PortalThread
from tests.epg.site import added, synced
from tests.playlists.test_xmltv import check
from tests.support.server import Served

ORIGINS = {
    "xtream": ("xtream", "id"),
    "m3u": ("header", "id"),
    "stock": ("provider", "provider"),
    "panel": ("provider", "provider"),
}


@pytest.mark.parametrize("name", list(ORIGINS))
async def test_guides_are_synced_and_answered(served: Served, portals: PortalThread, name: str) -> None:
    provider = await added(served, portals, name)
    job = await synced(served, provider, "?only=epg")
    assert (job["status"], job["progress"], job["errors"]) == ("completed", 100, [])
    assert [(step["name"], step["status"]) for step in job["steps"]] == [("epg", "completed")]
    assert (await served.json("GET", f"/api/providers/{provider}"))["lastSync"]["epg"]

    told = await served.json("GET", f"/api/providers/{provider}/epg")
    origin, method = ORIGINS[name]
    assert [(guide["origin"], guide["error"], guide["named"]) for guide in told["guides"]] == [(origin, None, True)]
    assert "fake-word" not in str(told)
    cover = told["coverage"]
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
    await synced(served, provider, "?only=epg")
    cover = (await served.json("GET", f"/api/providers/{provider}/epg"))["coverage"]
    lonely = cover["unmatched"][0]["id"]
    (target, other, *_) = (await served.json("GET", f"/api/providers/{provider}/epg/channels"))["channels"]
    path = f"/api/channels/{lonely}/epg"
    assert (await served.json("GET", path))["guideId"] is None

    wish = {"guideId": target["guideId"], "channel": target["channel"]}
    pinned = await served.json("PUT", path, json=wish)
    assert (pinned["decided"], pinned["method"], pinned["score"]) == ("pinned", "pin", 1.0)
    await synced(served, provider, "?only=channels,epg")
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
    await synced(served, provider, "?only=epg")
    cleaned = await served.json("DELETE", f"/api/providers/{provider}/clean")
    assert cleaned["deleted"]["programme"] > 0
    assert (await served.json("GET", f"/api/providers/{provider}/epg"))["guides"] == []
    assert (await served.json("GET", f"/api/providers/{provider}"))["lastSync"]["epg"] is None


async def test_any_address_replaces_what_the_provider_names(served: Served, portals: PortalThread) -> None:
    provider = await added(served, portals, "stock")
    await synced(served, provider, "?only=epg")
    url = f"{portals.url}/wild/xmltv.php?username=fake-user&password=fake-word"
    await served.json("PATCH", f"/api/providers/{provider}", json={"options": {"epgUrl": url}})
    assert (await synced(served, provider, "?only=epg"))["status"] == "completed"
    told = await served.json("GET", f"/api/providers/{provider}/epg")
    assert [guide["origin"] for guide in told["guides"]] == ["option"]
    assert set(told["coverage"]["byMethod"]) == {"pin", "provider", "id", "name"}
    assert told["coverage"]["byMethod"]["provider"] == 0
    assert told["coverage"]["withProgrammesNow"] > 0


async def test_a_wild_guide_leaves_as_a_tidy_one(served: Served, portals: PortalThread) -> None:
    """From whatever a generator wrote to a file that the DTD of XMLTV allows."""
    now = datetime.now(UTC)
    since, until = ((now + timedelta(hours=hours)).strftime("%Y%m%d%H%M%S") for hours in (0, 20))
    shown = []
    for name in ("wild", "xtream"):
        provider = await added(served, portals, name)
        assert (await synced(served, provider, "?only=epg"))["status"] == "completed"
        answer = await served.client.get(f"/epg/{provider}.xml")
        root = ET.fromstring(answer.content)
        check(root)
        starts = [one.get("start", "") for one in root.findall("programme")]
        shown.append((len(root.findall("channel")), [start for start in starts if since < start < until]))
    assert shown[0] == shown[1]
    assert len(shown[0][1]) > 100
