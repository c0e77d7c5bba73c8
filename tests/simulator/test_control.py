from collections.abc import Callable
from typing import Any

import httpx
import pytest

from app.domain.kinds import Kind
from app.simulator.control import call_control
from app.simulator.portal import Portal
from app.simulator.process import PortalThread
from tests.simulator.box import MAC, Box

Make = Callable[..., Box]


def base(stb: Box) -> str:
    return stb.address.removesuffix(stb.portal.profile.paths[0])


def test_stats_tell_what_was_asked(box: Make) -> None:
    stb = box("panel")
    stb.ids("vod")
    stats = call_control(base(stb), "stats")
    assert stats["actions"] == {"stb.handshake": 1, "stb.get_profile": 1, "vod.get_ordered_list": 8}
    assert (stats["calls"], stats["active"], stats["logins"], stats["version"]) == (10, 0, 1, 1)
    assert stats["sent_bytes"] > 100_000


def test_switches_change_over_http_and_stay_until_changed_again(box: Make) -> None:
    stb = box("panel")
    faults = [{"do": "status", "status": 500, "times": 1}]
    changed = call_control(base(stb), "behaviour", {"page_size": 30, "faults": faults})
    assert (changed["page_size"], changed["faults"][0]["every"]) == (30, 1)
    assert stb.get("vod", "get_ordered_list", p=1).status_code == 500
    assert len(stb.js("vod", "get_ordered_list", p=1)["data"]) == 30
    assert call_control(base(stb), "behaviour")["page_size"] == 30


@pytest.mark.parametrize("patch", [{"no_such": 1}, {"page_size": "many"}, {"faults": [{"do": "explode"}]}])
def test_nonsense_is_refused_with_a_reason(box: Make, patch: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="error"):
        call_control(base(box("panel")), "behaviour", patch)


def test_the_version_moves_on(box: Make) -> None:
    stb = box("stock")
    before = set(stb.ids("vod"))
    answer = call_control(base(stb), "version", {"version": 2})
    after = set(stb.ids("vod"))
    assert (answer["version"], answer["movies"] + answer["series"]) == (2, len(after))
    assert after == stb.portal.expected_ids(Kind.MOVIE) | stb.portal.expected_ids(Kind.SERIES)
    assert before != after
    assert call_control(base(stb), "expected")["movies"] == answer["movies"]
    ids = httpx.get(f"{base(stb)}/_sim/ids", params={"kind": "movie"}, trust_env=False).json()
    assert set(ids) == stb.portal.expected_ids(Kind.MOVIE)


def test_a_session_is_stolen_over_http(box: Make) -> None:
    stb = box("stock")
    assert call_control(base(stb), "steal", {"mac": MAC}) == {"stolen": True}
    assert stb.get("itv", "get_genres").text == "Authorization failed."
    assert call_control(base(stb), "steal", {"mac": "00:1A:79:FF:FF:FF"}) == {"stolen": False}


def test_reset_forgets_sessions_and_counters(box: Make) -> None:
    stb = box("stock")
    call_control(base(stb), "reset", {})
    assert call_control(base(stb), "stats")["calls"] == 0
    assert stb.get("itv", "get_genres").text == "Access denied."


def test_a_site_is_controlled_as_a_whole(serve: Callable[..., tuple[str, Portal]], site: PortalThread) -> None:
    first, second = serve("panel")[1], serve("xtream")[1]
    answer = call_control(site.url, "behaviour", {"latency_ms": 1})
    assert answer[first.mount[1:]]["latency_ms"] == 1
    assert (first.behaviour.latency_ms, second.behaviour.latency_ms) == (1, 1)


def test_unknown_controls_and_portals_are_not_found(site: PortalThread, box: Make) -> None:
    assert httpx.get(f"{base(box('panel'))}/_sim/nothing", trust_env=False).status_code == 404
    assert httpx.get(f"{site.url}/nowhere/portal.php", trust_env=False).status_code == 404
