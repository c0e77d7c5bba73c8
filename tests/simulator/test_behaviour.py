import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from app.simulator.behaviour import Action, Behaviour, Fault
from app.simulator.server import create_portal
from app.simulator.spec import CatalogueSpec
from app.simulator.wire import abort
from tests.simulator.box import Box, Player

Make = Callable[..., Box]
MakePlayer = Callable[..., tuple[Player, Any]]


def genres(stb: Box) -> httpx.Response:
    return stb.get("itv", "get_genres")


def test_nothing_goes_wrong_unless_asked_for() -> None:
    portal = create_portal(CatalogueSpec(channels=1, movies=1, series=1), "stock")
    assert portal.behaviour == Behaviour()
    assert not portal.gate._faults


@pytest.mark.parametrize("retry_after", [None, 7, "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_every_third_call_is_too_many(box: Make, retry_after: int | str | None) -> None:
    stb = box("panel")
    stb.portal.behave(rate_429=3, retry_after=retry_after)
    answers = [genres(stb) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200, 200, 429] * 2
    assert answers[2].headers.get("retry-after") == (None if retry_after is None else str(retry_after))


def test_a_burst_of_errors_passes(box: Make) -> None:
    stb = box("panel")
    stb.portal.behave(burst_5xx=2, burst_from=2, burst_status=502)
    assert [genres(stb).status_code for _ in range(4)] == [200, 502, 502, 200]
    assert stb.portal.stats.faults == {"status:502": 2}


def test_a_reset_is_a_reset(box: Make) -> None:
    stb = box("panel")
    stb.portal.behave(reset_every=2)
    assert genres(stb).status_code == 200
    with pytest.raises(httpx.ReadError, match=r"104|reset"):
        genres(stb)
    assert genres(stb).status_code == 200


def test_a_truncated_body_is_a_clean_200(box: Make) -> None:
    stb = box("panel")
    whole = genres(stb).content
    stb.portal.behave(truncate_every=1)
    cut = genres(stb)
    assert cut.status_code == 200
    assert whole.startswith(cut.content)
    assert 0 < len(cut.content) < len(whole)


def test_a_cut_body_breaks_its_promise(box: Make) -> None:
    stb = box("panel")
    stb.portal.behave(faults=(Fault(do="cut", times=1),))
    with pytest.raises(httpx.TransportError):
        genres(stb)
    assert genres(stb).json()


def test_a_stalled_body_arrives_late(box: Make) -> None:
    stb = box("panel")
    stb.portal.behave(faults=(Fault(do="stall", delay_ms=80),))
    start = time.monotonic()
    assert genres(stb).json()
    assert time.monotonic() - start >= 0.08


@pytest.mark.parametrize(
    ("do", "status", "body"),
    [
        ("html", 200, b"<!DOCTYPE html>"),
        ("empty", 200, b""),
        ("false", 200, b'{"js":false'),
        ("null", 200, b'{"js":null'),
        ("hollow", 200, b'{"js":[]'),
        ("error", 200, b'{"js":{"error":'),
        ("body", 200, b"Blocked"),
        ("auth", 200, b"Authorization failed."),
    ],
)
def test_other_answers_instead(box: Make, do: Action, status: int, body: bytes) -> None:
    stb = box("stock")
    stb.portal.behave(faults=(Fault(do=do, times=1, body="Blocked"),))
    answer = genres(stb)
    assert answer.status_code == status
    assert answer.content.startswith(body)
    assert genres(stb).json()["js"][0]["id"] == "*"


def test_a_lost_session_stays_lost(box: Make) -> None:
    stb = box("stock")
    stb.portal.behave(faults=(Fault(do="lose", times=1),))
    assert [genres(stb).text for _ in range(2)] == ["Authorization failed."] * 2
    stb.log_in()
    assert genres(stb).json()


def test_a_fault_hits_its_page_only_and_is_counted(box: Make) -> None:
    stb = box("panel")
    stb.portal.behave(faults=(Fault(do="status", type="vod", action="get_ordered_list", page=3, times=2, status=504),))
    seen = [stb.get("vod", "get_ordered_list", p=page).status_code for page in (1, 2, 3, 3, 3, 4)]
    assert seen == [200, 200, 504, 504, 200, 200]
    assert stb.get("series", "get_ordered_list", p=3).status_code == 200
    assert stb.portal.stats.faults == {"status:504": 2}


def test_a_fault_may_wait_and_repeat(box: Make) -> None:
    stb = box("panel")
    stb.portal.behave(faults=(Fault(do="empty", after=1, every=2),))
    assert [bool(genres(stb).content) for _ in range(6)] == [True, True, False, True, False, True]


@pytest.mark.parametrize("encodings", ["identity", "gzip"])
def test_notices_and_a_bom_come_before_the_json(box: Make, encodings: str) -> None:
    stb = box("stock")
    stb.portal.behave(notice_prefix=True, bom=True, gzip=True)
    stb.client.headers["accept-encoding"] = encodings
    body = genres(stb).content
    assert body.startswith(b"\xef\xbb\xbf<br />\n<b>Notice</b>")
    assert json.loads(body[body.index(b'{"js"') :])


def test_gzip_only_for_those_who_accept_it(box: Make) -> None:
    stb = box("panel", gzip=True)
    assert genres(stb).headers["content-encoding"] == "gzip"
    whole = stb.get("itv", "get_all_channels")
    assert whole.headers["content-encoding"] == "gzip"
    assert len(whole.json()["js"]["data"]) == 60
    stb.client.headers["accept-encoding"] = "identity"
    assert "content-encoding" not in genres(stb).headers


def test_latency_and_workers_make_a_portal_slow(box: Make) -> None:
    stb = box("panel")
    stb.portal.behave(latency_ms=300, workers=1)
    start = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        assert all(answer.status_code == 200 for answer in pool.map(lambda _: genres(stb), range(4)))
    assert time.monotonic() - start >= 1.2
    assert stb.portal.stats.max_parallel == 4


def test_too_many_at_a_time_are_turned_away(box: Make) -> None:
    stb = box("panel")
    stb.portal.behave(latency_ms=1000, max_parallel=2, retry_after=1)
    with ThreadPoolExecutor(4) as pool:
        codes = sorted(answer.status_code for answer in pool.map(lambda _: genres(stb), range(4)))
    assert codes == [200, 200, 429, 429]


def test_too_many_at_a_time_may_ban(box: Make) -> None:
    stb = box("panel")
    stb.portal.behave(latency_ms=1000, ban_parallel=2)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: genres(stb), range(4)))
    banned = genres(stb)
    assert (banned.status_code, banned.content) == (403, b"")


def test_only_some_players_are_welcome(box: Make) -> None:
    stb = box("panel", log_in=False, user_agent_filter="MAG2[05]0")
    assert stb.get("stb", "handshake").status_code == 403
    stb.client.headers["user-agent"] = "Mozilla/5.0 MAG250 stbapp"
    assert stb.log_in()["status"] == 0


def test_a_bulk_answer_may_begin_late_and_end_early(player: MakePlayer) -> None:
    client, portal = player("xtream", first_byte_ms=60)
    start = time.monotonic()
    whole = client.get("get_vod_streams").content
    assert time.monotonic() - start >= 0.06
    portal.behave(first_byte_ms=0, truncate_every=1)
    cut = client.get("get_vod_streams")
    assert cut.status_code == 200
    assert whole.startswith(cut.content)
    assert len(cut.content) < len(whole)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_probes_learn_nothing(player: MakePlayer, method: str) -> None:
    client, _ = player("xtream")
    answer = client.client.request(method, "/player_api.php")
    assert (answer.status_code, answer.content) == (200, b"")


async def test_a_server_that_hides_its_connections_cannot_reset_them() -> None:
    with pytest.raises(ConnectionAbortedError):
        await abort({}, lambda: pytest.fail("not asked"))
