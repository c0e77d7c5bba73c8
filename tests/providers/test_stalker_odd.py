"""Habits of portals that no simulator has, each as a script of a few answers."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from app.core.errors import Malformed, Rejected, Unavailable
from app.domain.kinds import Kind, StepName
from tests.providers.contract import ADAPTERS, MAC, Answer, opener, scripted_portal, walk

PANEL = ADAPTERS["stalker-panel"]
KINDS = frozenset(Kind)
GENRES = [{"id": "*", "title": "All"}, {"id": "1", "title": "One"}]
Script = dict[str, Any]


def js(value: Any) -> Answer:
    return 200, orjson.dumps({"js": value})


def listed(*rows: Any, total: int | None = None) -> Answer:
    return js({"total_items": len(rows) if total is None else total, "max_page_items": 14, "data": list(rows)})


FALSE: Answer = 200, b'{"js":false}'
LOGIN: Script = {
    "stb.handshake": js({"token": "TOKEN-1"}),
    "stb.get_profile": js({"id": 1, "status": 0}),
    "account_info.get_main_info": js({"end_date": ""}),
    "itv.get_genres": js(GENRES),
    "vod.get_categories": js(GENRES),
    "series.get_categories": FALSE,
}


@asynccontextmanager
async def portal(script: Script, **changes: Any) -> AsyncIterator[tuple[Any, list[bytes]]]:
    """A provider at a portal that knows `type.action` → an answer, or a function of the query; the rest is false."""

    def answer(query: dict[str, str]) -> Answer:
        found: Answer | Callable[[dict[str, str]], Answer] = (LOGIN | script).get(
            f"{query.get('type')}.{query.get('action')}", FALSE
        )
        return found(query) if callable(found) else found

    async with scripted_portal(answer) as (url, requests), opener(PANEL, f"{url}/portal.php") as make:
        yield make(**changes), requests


def asks(requests: list[bytes], action: str) -> int:
    return sum(f"action={action}&".encode() in request for request in requests)


def needs_login(*, empty: bool) -> Script:
    """A portal that wants the token of the last handshake."""
    return {"itv.get_genres": (200, b"" if empty else b"Authorization failed.")}


async def test_headers_and_cookies_go_out_as_boxes_send_them() -> None:
    async with portal({}) as (provider, requests):
        await provider.test()
        head = requests[-1].decode()
        assert f"mac={MAC}; stb_lang=en; timezone=UTC" in head
        assert "X-User-Agent: Model: MAG250; Link: Ethernet" in head
        assert "MAG250 stbapp" in head
        assert "/c/\r\n" in head.partition("Referer: ")[2][:60]
        assert "JsHttpRequest=1-xml" in head


async def test_the_token_goes_out_with_everything_after_the_handshake() -> None:
    script = needs_login(empty=False)
    async with portal(script) as (provider, requests):
        assert (await provider.test()).ok
        assert b"Authorization" not in requests[0]
        assert all(b"Authorization: Bearer TOKEN-1" in head for head in requests if b"get_profile" in head)
        profile = next(head for head in requests if b"get_profile" in head)
        assert b"sn=" in profile
        assert b"device_id=&" in profile


async def test_a_null_token_means_that_the_mac_is_unknown() -> None:
    async with portal(needs_login(empty=False) | {"stb.handshake": js({"token": None})}) as (provider, requests):
        status = await provider.test()
        assert (status.ok, status.message) == (False, "The portal does not know this MAC address.")
        assert asks(requests, "handshake") == 1


async def test_a_handshake_without_a_token_is_not_repeated() -> None:
    async with portal(needs_login(empty=True) | {"stb.handshake": js({"random": "x"})}) as (provider, requests):
        with pytest.raises(Unavailable):
            await provider.test()
        assert asks(requests, "handshake") == 1


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ({"status": 1}, "refuses this MAC"),
        ({"status": "1", "id": "7", "name": "x"}, "blocked"),
        ({"status": 0, "id": "7", "blocked": "1"}, "blocked"),
        ({"status": 1, "portal_disabled": True}, "switched off"),
        ({"status": 1, "msg": "device conflict - device_id mismatch"}, "device id"),
        ({"status": 1, "msg": "device conflict - MAC address mismatch"}, "another MAC"),
        ({"status": 1, "block_msg": "Your account has expired.<br/> Pay."}, "expired"),
        ({"status": 1, "block_msg": f"Box {MAC.lower()} is off.<br/>Call us."}, "Box … is off. Call us."),
        ({"status": 2}, "username and a password"),
    ],
)
async def test_refusals_are_sentences(profile: Any, words: str) -> None:
    async with portal(needs_login(empty=False) | {"stb.get_profile": js(profile)}) as (provider, _):
        status = await provider.test()
        assert not status.ok
        assert words in (status.message or "")
        with pytest.raises(Rejected):
            await provider.categories(Kind.MOVIE)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((502, b"<html>bad gateway</html>"), Unavailable),
        ((200, b"<html>shop</html>"), Rejected),
        ((404, b"<html>nginx</html>"), Rejected),
        ((403, b""), Rejected),
        ((200, b"Access denied."), Rejected),
    ],
)
async def test_an_address_without_a_portal_ends_with_the_most_telling_reason(answer: Answer, error: type) -> None:
    async with scripted_portal(lambda _: answer) as (url, _), opener(PANEL, url) as make:
        with pytest.raises(error):
            await make().categories(Kind.MOVIE)


async def test_a_host_that_is_out_of_order_is_not_asked_for_every_candidate_again_and_again() -> None:
    async with scripted_portal(lambda _: (503, b"busy")) as (url, requests), opener(PANEL, url) as make:
        with pytest.raises(Unavailable):
            await make().categories(Kind.MOVIE)
        assert len(requests) <= 4 + 10


async def test_a_list_of_channels_that_loses_the_session_is_asked_for_once_more() -> None:
    answers = [(200, b"Authorization failed."), listed({"id": 1, "name": "A"}, {"id": 2, "name": "B"})]
    script = {"itv.get_all_channels": lambda _: answers.pop(0)}
    async with portal(script) as (provider, requests):
        found = await walk(provider, StepName.CHANNELS)
        assert found.ids(Kind.CHANNEL) == {"1", "2"}
        assert asks(requests, "handshake") == 1


async def test_a_list_of_channels_that_never_gets_a_session_is_refused() -> None:
    async with portal({"itv.get_all_channels": (200, b"Authorization failed.")}) as (provider, requests):
        with pytest.raises(Rejected, match="taken over"):
            await walk(provider, StepName.CHANNELS)
        assert asks(requests, "get_all_channels") == 2


async def test_a_web_page_for_ever_is_malformed() -> None:
    async with portal({"itv.get_all_channels": (200, b"<html>please wait</html>")}) as (provider, requests):
        with pytest.raises(Malformed):
            await walk(provider, StepName.CHANNELS)
        assert asks(requests, "get_all_channels") == 4


@pytest.mark.parametrize("answer", [FALSE, js({"error": "no such method"}), (200, b""), js([]), listed()])
async def test_a_portal_without_a_list_of_all_channels_is_paged(answer: Answer) -> None:
    def page(query: dict[str, str]) -> Answer:
        return listed({"id": 1, "name": "A"}, total=1) if query["p"] == "1" else listed(total=1)

    script = {"itv.get_all_channels": answer, "itv.get_ordered_list": page}
    async with portal(script) as (provider, _):
        found = await walk(provider, StepName.CHANNELS)
        assert found.ids(Kind.CHANNEL) == {"1"}
        assert [report.scope.name for report in found.reports] == ["itv:all", "itv:*"]
        assert found.verdict.proven


async def test_a_portal_that_repeats_its_last_page_has_ended() -> None:
    async with portal({"vod.get_ordered_list": listed({"id": 1, "name": "A"}, {"id": 2, "name": "B"})}) as (
        provider,
        _,
    ):
        scope = (await provider.scopes(StepName.MOVIES, KINDS))[0]
        first, second = [await provider.page(scope, number) for number in (1, 2)]
        assert (first.last, second.last, second.doubtful) == (False, True, False)
        assert not second.records


async def test_an_empty_vod_list_is_an_end_and_no_doubt() -> None:
    async with portal({"vod.get_ordered_list": listed()}) as (provider, requests):
        found = await walk(provider, StepName.MOVIES)
        assert [(report.complete, report.total) for report in found.reports] == [(True, 0)]
        assert found.verdict.proven
        assert asks(requests, "get_ordered_list") > 4


def series_portal(seasons: Answer, episodes: Answer | None = None) -> Script:
    def level(query: dict[str, str]) -> Answer:
        if query.get("p") != "1":
            return listed()
        if query.get("season_id") in (None, "0"):
            return seasons
        return episodes or listed()

    return {"series.get_categories": js(GENRES), "series.get_ordered_list": level, "vod.get_ordered_list": level}


async def test_seasons_are_numbered_by_whatever_tells_their_number() -> None:
    rows = [
        {"id": "77:4", "name": "The end"},
        {"id": "77:9", "name": "Season 2"},
        {"id": "77:x", "name": "Specials"},
        {"id": "77:y", "name": "Whatever", "cmd": "eyJzZXJpZXNfaWQiOjc3LCJzZWFzb25fbnVtIjozLCJ0eXBlIjoic2VyaWVzIn0="},
        {"id": "77:z", "name": "Chapter", "season_number": "7"},
    ]
    async with portal(series_portal(js(rows))) as (provider, _):
        seasons = await provider.seasons({"shape": "native", "id": "77"})
        assert [(one.number, one.external_id) for one in seasons] == [
            (0, "77:x"),
            (2, "77:9"),
            (3, "77:y"),
            (4, "77:4"),
            (7, "77:z"),
        ]


async def test_seasons_without_ordinals_are_asked_for_their_episodes() -> None:
    seasons = js([{"id": "77:1", "name": "Season 1"}])
    episodes = js(
        [{"id": "77:1:1", "name": "Pilot 1", "time": "42"}, {"id": "77:1:2", "series_number": "2", "cmd": "x"}]
    )
    async with portal(series_portal(seasons, episodes)) as (provider, requests):
        (season,) = await provider.seasons({"shape": "native", "id": "77"})
        found = await provider.episodes({"shape": "native", "id": "77"}, season)
        assert [(one.external_id, one.number, one.name, one.duration) for one in found] == [
            ("77:1:1", 1, "Pilot 1", 42),
            ("77:1:2", 2, None, None),
        ]
        assert b"season_id=77%3A1&" in requests[-1]


async def test_episodes_that_hang_on_the_series_itself_make_one_season() -> None:
    rows = listed(
        {"id": "1", "is_episode": True, "series_number": "1"}, {"id": "2", "is_episode": 1, "series_number": 2}
    )
    async with portal(series_portal(rows)) as (provider, _):
        locator = {"shape": "vod", "id": "5"}
        (season,) = await provider.seasons(locator)
        assert [one.number for one in await provider.episodes(locator, season)] == [1, 2]


async def test_a_movie_that_claims_to_be_a_series_has_no_seasons() -> None:
    async with portal(series_portal(listed({"id": "1", "is_file": True, "cmd": "/media/file_1.mpg"}))) as (provider, _):
        assert await provider.seasons({"shape": "vod", "id": "5"}) == []


async def test_a_series_without_parts_falls_back_to_its_own_ordinals() -> None:
    async with portal(series_portal(listed())) as (provider, _):
        locator = {"shape": "vod", "id": "5", "cmd": "abc", "series": [1, 2]}
        (season,) = await provider.seasons(locator)
        assert [one.number for one in await provider.episodes(locator, season)] == [1, 2]


async def test_a_portal_that_cannot_list_parts_is_malformed() -> None:
    async with portal({"series.get_ordered_list": FALSE}) as (provider, _):
        with pytest.raises(Malformed):
            await provider.seasons({"shape": "native", "id": "77"})
