import gzip
from collections.abc import Callable
from typing import Any, Literal
from xml.etree import ElementTree as ET

import pytest

from app.domain.kinds import Kind
from app.simulator.behaviour import Account
from app.simulator.portal import Portal
from app.simulator.spec import CatalogueSpec
from tests.simulator.box import Player

Make = Callable[..., tuple[Player, Portal]]
LISTS = {Kind.CHANNEL: "get_live_streams", Kind.MOVIE: "get_vod_streams", Kind.SERIES: "get_series"}
PROFILES = ["xtream", "xtream_legacy", "xtream_php"]


def own_id(item: dict[str, Any]) -> str:
    return str(item["series_id"] if "series_id" in item else item["stream_id"])


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("kind", Kind)
def test_a_list_holds_everything_in_one_answer(player: Make, profile: str, kind: Kind) -> None:
    client, portal = player(profile)
    items = client.items(LISTS[kind])
    assert {own_id(item) for item in items} == portal.expected_ids(kind)
    assert [item["num"] for item in items] == list(range(1, len(items) + 1))


def test_families_differ_in_types(player: Make) -> None:
    xui, legacy, php = (player(profile)[0].json("get_vod_streams") for profile in PROFILES)
    assert isinstance(xui[0]["stream_id"], int)
    assert isinstance(xui[0]["category_ids"], list)
    assert isinstance(legacy[0]["stream_id"], str)
    assert "category_ids" not in legacy[0]
    assert list(php)[:2] == ["1", "2"]


@pytest.mark.parametrize("kind", Kind)
def test_categories_and_their_lists(player: Make, kind: Kind) -> None:
    client, portal = player("xtream")
    name = {Kind.CHANNEL: "live", Kind.MOVIE: "vod", Kind.SERIES: "series"}[kind]
    categories = client.json(f"get_{name}_categories")
    assert len(categories) == len(portal.catalogue.categories[kind])
    first = categories[0]["category_id"]
    filtered = client.items(LISTS[kind], category_id=first)
    assert filtered
    assert {item["category_id"] for item in filtered} == {first}


def test_the_account_answers_to_every_name(player: Make) -> None:
    client, _ = player("xtream", accounts=(Account(username="user", password="secret", expires_at=1_900_000_000),))
    for action in ("", "get_account_info", "no_such_action"):
        info = client.json(action)["user_info"]
        assert (info["auth"], info["status"], info["exp_date"]) == (1, "Active", "1900000000")


@pytest.mark.parametrize(
    ("profile", "status", "body"),
    [
        ("xtream_legacy", 200, b'{"user_info":{"auth":0}}'),
        ("xtream_php", 401, b'{"error":"Invalid credentials"}'),
        ("xtream", 404, None),
    ],
)
def test_a_wrong_password_is_refused_in_the_way_of_the_family(
    player: Make, profile: str, status: int, body: bytes | None
) -> None:
    client, portal = player(profile, accounts=(Account(username="user", password="other"),))
    for action in ("", "get_series"):
        answer = client.get(action)
        assert answer.status_code == status
        assert answer.content == body if body else b"nginx" in answer.content
    assert portal.stats.refused == 2


@pytest.mark.parametrize(("status", "lists"), [("expired", []), ("banned", {"user_info": {"auth": 0}})])
def test_expired_and_banned_lines_of_legacy_panels(
    player: Make, status: Literal["expired", "banned"], lists: object
) -> None:
    client, _ = player("xtream_legacy", accounts=(Account(username="user", password="secret", status=status),))
    assert client.json()["user_info"]["status"] == status.capitalize()
    assert client.json("get_live_streams") == lists


@pytest.mark.parametrize("shape", ["dict", "lists", "flat", "absent"])
def test_episodes_come_in_every_shape(player: Make, shape: str) -> None:
    client, portal = player("xtream", episodes_as=shape)
    count = sum(episodes for _, episodes in portal.catalogue.seasons(5))
    episodes = client.json("get_series_info", series_id=5).get("episodes") or []
    seasons = list(episodes.values()) if isinstance(episodes, dict) else episodes
    flat = [e for season in seasons for e in season] if seasons and isinstance(seasons[0], list) else seasons
    assert len(flat) == (0 if shape == "absent" else count)
    assert isinstance(episodes, dict) == (shape == "dict")


def test_php_turns_empty_objects_into_lists(player: Make) -> None:
    client, _ = player("xtream_php")
    assert client.json("get_vod_info", vod_id=3)["info"] == []
    assert client.json("get_series_info", series_id=6)["info"] == []
    assert client.json("get_series_info", series_id=5)["seasons"] == []
    assert client.json("get_series_info", series_id=999_999) == []


def test_an_item_of_two_categories_may_come_twice(player: Make) -> None:
    client, portal = player("xtream", spec=CatalogueSpec(channels=5, movies=400, series=5), duplicates=True)
    items = client.items("get_vod_streams")
    twice = {own_id(item) for item in items if len(item["category_ids"]) == 2}
    assert len(items) == 400 + sum(portal.catalogue.title(Kind.MOVIE, n).second >= 0 for n in range(1, 401))
    assert twice


def test_lists_may_have_items_without_any_category(player: Make) -> None:
    client, _ = player("xtream", no_categories=True)
    assert client.json("get_vod_categories") == []
    assert len(client.items("get_vod_streams")) == 90


def test_the_guide_is_well_formed(player: Make) -> None:
    client, _ = player("xtream")
    plain = client.client.get("/xmltv.php", params=client.login)
    guide = ET.fromstring(plain.content)  # our own XML
    channels = {channel.get("id", "") for channel in guide.iter("channel")}
    assert channels == {show.get("channel") for show in guide.iter("programme")}
    packed = client.client.get("/xmltv.php", params=client.login | {"gzip": "1"})
    assert gzip.decompress(packed.content).startswith(b"<?xml")
    number = min(channels).removeprefix("channel").split(".")[0]
    assert len(client.json("get_short_epg", stream_id=number, limit=2)["epg_listings"]) == 2
    assert client.json("get_short_epg", stream_id=999_999)["epg_listings"] == []


def test_a_form_counts_like_a_query(player: Make) -> None:
    client, _ = player("xtream")
    answer = client.client.post("/player_api.php", data=client.login | {"action": "get_vod_categories"})
    assert len(answer.json()) == len(client.json("200"))


def test_streams_answer_and_the_api_may_move(player: Make) -> None:
    client, portal = player("xtream", redirect_api=True)
    assert client.client.get("/live/user/secret/5.ts").status_code == 302
    assert client.client.get("/movie/user/secret/5.mkv").status_code == 200
    moved = client.get("get_vod_categories")
    assert moved.status_code == 302
    assert moved.headers["location"].startswith(f"{portal.mount}/edge/player_api.php?")
    assert client.client.get(moved.headers["location"].removeprefix(portal.mount)).json()
