import json
from base64 import b64decode
from collections.abc import Callable
from itertools import pairwise

import pytest

from app.domain.kinds import Kind
from app.simulator.lists import SERIES_BASE
from app.simulator.spec import CatalogueSpec
from tests.simulator.box import Box

Make = Callable[..., Box]


def wanted(stb: Box, *kinds: Kind) -> set[str]:
    return set().union(*(stb.portal.expected_ids(kind) for kind in kinds))


@pytest.mark.parametrize("sort", ["name", "added", "", "top"])
def test_a_stock_walk_finds_movies_and_series_in_one_list(box: Make, sort: str) -> None:
    stb = box("stock")
    rows = stb.rows("vod", category="*", sortby=sort)
    assert len(rows) == 90 + 40
    assert {row["id"] for row in rows} == wanted(stb, Kind.MOVIE, Kind.SERIES)
    assert {row["id"] for row in rows if row["is_series"] == "1"} == wanted(stb, Kind.SERIES)


def test_stock_sorts_by_name_unless_asked_for_the_newest(box: Make) -> None:
    stb = box("stock", spec=CatalogueSpec(movies=60, series=20, channels=5, dirt=0))
    names = [row["name"] for row in stb.rows("vod")]
    added = [row["added"] for row in stb.rows("vod", sortby="added")]
    assert names == sorted(names)
    assert added == sorted(added, reverse=True)


def test_a_panel_keeps_series_apart_under_the_same_numbers(box: Make) -> None:
    stb = box("panel")
    movies, series = stb.ids("vod"), stb.ids("series")
    assert set(movies) == wanted(stb, Kind.MOVIE)
    assert set(series) == wanted(stb, Kind.SERIES)
    assert set(movies) & set(series)


def test_series_may_live_in_both_lists(box: Make) -> None:
    stb = box("panel_both")
    assert set(stb.ids("vod")) | set(stb.ids("series")) == wanted(stb, Kind.MOVIE, Kind.SERIES)
    assert len(wanted(stb, Kind.SERIES)) == 80


def test_a_series_may_carry_its_episodes_with_it(box: Make) -> None:
    stb = box("panel_embedded")
    row = next(row for row in stb.rows("vod") if row["id"] > SERIES_BASE)
    assert row["series"][:3] == [1, 2, 3]
    assert row["is_series"] == 0


@pytest.mark.parametrize(("profile", "type_"), [("stock", str), ("panel", int)])
def test_families_differ_in_their_types(box: Make, profile: str, type_: type) -> None:
    stb = box(profile)
    page = stb.js("vod", "get_ordered_list", p=1)
    assert isinstance(page["total_items"], type_)
    assert {type(row["id"]) for row in page["data"]} == {type_}
    assert (page["max_page_items"], page["cur_page"], len(page["data"])) == (14, 0, 14)


def test_a_page_weighs_what_a_genuine_one_does(box: Make) -> None:
    stb = box("stock")
    answer = stb.get("vod", "get_ordered_list", p=1)
    rows = json.loads(answer.content)["js"]["data"]
    assert 18_000 < len(answer.content) < 28_000
    assert 45 <= len(rows[0]) <= 80
    assert "text" in json.loads(answer.content)


def test_censored_channels_are_counted_but_not_in_the_whole_list(box: Make) -> None:
    stb = box("stock", spec=CatalogueSpec(channels=200, movies=5, series=5, censored=0.1))
    everything = stb.js("itv", "get_all_channels")
    listed = {row["id"] for row in everything["data"]}
    assert len(listed) < int(everything["total_items"]) == 200
    paged = stb.rows("itv", genre="*")
    assert {row["id"] for row in paged} == wanted(stb, Kind.CHANNEL)
    assert {row["id"] for row in paged if row["censored"] == "1"} == {row["id"] for row in paged} - listed


@pytest.mark.parametrize(("habit", "found"), [("full", 60), ("absent", None)])
def test_the_whole_list_may_be_full_or_absent(box: Make, habit: str, found: int | None) -> None:
    answer = box("panel", all_channels=habit).js("itv", "get_all_channels")
    assert answer is False if found is None else len(answer["data"]) == found


def test_categories_partition_a_list_but_for_the_unlisted(box: Make) -> None:
    stb = box("stock", spec=CatalogueSpec(channels=5, movies=300, series=50, categories=20, unknown=0.05))
    categories = stb.js("vod", "get_categories")
    assert categories[0]["id"] == "*"
    found = [row for category in categories[1:] for row in stb.ids("vod", category=category["id"])]
    assert len(found) == len(set(found))
    missing = wanted(stb, Kind.MOVIE, Kind.SERIES) - set(found)
    assert missing
    everything = {row["id"]: row["category_id"] for row in stb.rows("vod")}
    assert {everything[row] for row in missing} == {"9999"}


def test_hidden_adult_titles_are_found_in_their_categories_only(box: Make) -> None:
    spec = CatalogueSpec(channels=5, movies=200, series=5, categories=20, censored=0.1)
    stb = box("panel", spec=spec, hide_adult=True)
    common = set(stb.ids("vod", category="*"))
    adult = [row["id"] for row in stb.js("vod", "get_categories") if row["censored"] == 1]
    hidden = {row for category in adult for row in stb.ids("vod", category=category)}
    assert hidden
    assert common | hidden == wanted(stb, Kind.MOVIE)
    assert not common & hidden


def test_a_short_page_still_counts_its_censored_rows(box: Make) -> None:
    spec = CatalogueSpec(channels=5, movies=200, series=5, categories=20, censored=0.1)
    stb = box("panel", spec=spec, short_page=True)
    pages = list(stb.pages("vod"))
    assert min(map(len, pages[:-1])) < 14
    assert stb.js("vod", "get_ordered_list", p=1)["total_items"] == 200 > sum(map(len, pages))


def test_a_portal_that_ignores_p_repeats_page_one(box: Make) -> None:
    stb = box("panel", ignore_page=True)
    first, ninth = (stb.js("vod", "get_ordered_list", p=page)["data"] for page in (1, 9))
    assert first == ninth


def test_what_is_no_content_may_differ_in_every_answer(box: Make) -> None:
    stb = box("stock", volatile=True)
    first, second = (stb.js("itv", "get_ordered_list", p=2)["data"] for _ in range(2))
    assert {key for key in first[0] if first[0][key] != second[0][key]} == {"cur_playing"}


def test_a_panel_without_categories_forgets_its_envelope(box: Make) -> None:
    assert box("panel", no_categories=True).get("itv", "get_genres").json() == []
    assert len(box("stock", no_categories=True).js("itv", "get_genres")) == 1


def test_past_the_end_there_is_an_empty_page_with_the_total(box: Make) -> None:
    page = box("stock").js("vod", "get_ordered_list", p=99)
    assert (page["data"], page["total_items"]) == ([], "130")


@pytest.mark.parametrize(
    ("form", "total"), [("str", "90"), ("int", 90), ("high", 103), ("low", 45), ("zero", 0), ("absent", None)]
)
def test_totals_come_in_all_forms(box: Make, form: str, total: object) -> None:
    assert box("panel", total_as=form).js("vod", "get_ordered_list", p=1).get("total_items") == total


def test_page_size_and_data_as_object(box: Make) -> None:
    stb = box("panel", page_size=20, data_as_object=True, max_page_items="str")
    page = stb.js("vod", "get_ordered_list", p=1)
    assert list(page["data"]) == [str(place) for place in range(20)]
    assert page["max_page_items"] == "20"
    assert len(stb.ids("vod")) == 90


def test_broken_records_are_not_expected_of_anybody(box: Make) -> None:
    stb = box("panel", broken_record_every=10)
    rows = stb.rows("vod")
    good = {str(row["id"]) for row in rows if isinstance(row, dict) and "id" in row}
    assert len(rows) == 90
    assert len(good) == 81 == stb.portal.expected().movies
    assert good == wanted(stb, Kind.MOVIE)


@pytest.mark.parametrize("shift", ["insert", "delete", "both"])
def test_a_list_that_moves_makes_a_naive_walk_wrong(box: Make, shift: str) -> None:
    stb = box("panel", shift_every=1, shift=shift)
    found = stb.ids("vod", sortby="added")
    stats = stb.portal.stats
    assert len(stats.inserted) + len(stats.deleted) == len(list(range(0, len(found), 14)))
    live = wanted(stb, Kind.MOVIE)
    if shift == "insert":
        assert len(set(found)) < len(found)
        assert live - set(found) == set(stats.inserted)
    if shift == "delete":
        assert live - set(found)
        assert live.isdisjoint(stats.deleted)


def test_a_shrunken_portal_shows_a_share_of_its_catalogue(box: Make) -> None:
    stb = box("panel", shrink_to=0.5)
    assert set(stb.ids("vod")) == wanted(stb, Kind.MOVIE)
    assert stb.portal.expected().movies == 45
    stb.portal.behave(shrink_to=1.0)
    assert len(stb.ids("vod")) == 90


@pytest.mark.parametrize(("how", "status"), [("500", 500), ("empty", 200)])
def test_one_list_may_fail_while_others_work(box: Make, how: str, status: int) -> None:
    stb = box("panel", mute_kind="movie", mute_with=how)
    muted = stb.get("vod", "get_ordered_list", p=1)
    assert muted.status_code == status
    assert status == 500 or muted.json()["js"]["data"] == []
    assert len(stb.ids("series")) == 40


def test_stock_series_open_level_by_level(box: Make) -> None:
    stb = box("stock", spec=CatalogueSpec(channels=5, movies=5, series=120))
    counts = {number: stb.portal.catalogue.seasons(number) for number in range(1, 121)}
    longest = max(counts, key=lambda number: len(counts[number]))
    seasons = stb.rows("vod", movie_id=SERIES_BASE + longest)
    assert len(seasons) == len(counts[longest]) > 14
    assert all(row["is_season"] for row in seasons)
    season, (number, count) = seasons[-1], counts[longest][-1]
    assert (season["season_number"], season["season_series"]) == (str(number), str(count))
    episodes = stb.rows("vod", movie_id=SERIES_BASE + longest, season_id=season["id"])
    assert len(episodes) == count == len(episodes[0]["series"])
    files = stb.rows("vod", movie_id=SERIES_BASE + longest, season_id=season["id"], episode_id=episodes[0]["id"])
    assert len(files) == int(episodes[0]["series_files"])
    assert files[0]["cmd"].startswith("/media/file_")
    claimed = stb.js("vod", "get_ordered_list", movie_id=SERIES_BASE + longest, season_id=season["id"])["total_items"]
    assert int(claimed) >= count


def test_panel_seasons_repeat_the_id_and_count_episodes(box: Make) -> None:
    stb = box("panel")
    expected = stb.portal.catalogue.seasons(7)
    seasons = stb.rows("series", movie_id=7, season_id=0, episode_id=0)
    assert {row["id"] for row in seasons} == {7}
    assert [len(row["series"]) for row in seasons] == [count for _, count in reversed(expected)]
    assert json.loads(b64decode(seasons[0]["cmd"]))["season_num"] == expected[-1][0]


def test_seasons_may_stand_bare_in_js(box: Make) -> None:
    assert isinstance(box("panel", bare_list=True).js("series", "get_ordered_list", movie_id=7), list)


@pytest.mark.parametrize("profile", ["stock", "panel"])
def test_every_movie_has_a_link(box: Make, profile: str) -> None:
    stb = box(profile)
    for row in stb.js("vod", "get_ordered_list", p=2)["data"]:
        link = stb.js("vod", "create_link", cmd=row["cmd"], series=0)
        assert stb.client.get(link["cmd"].split(" ", 1)[1]).status_code == 200
    assert stb.js("vod", "create_link", cmd="nonsense!")["error"] == "nothing_to_play"


def test_channels_need_links_only_where_they_say_so(box: Make) -> None:
    stb = box("stock")
    row = next(row for row in stb.rows("itv") if row["use_http_tmp_link"] == "1" and "/ch/" in row["cmd"])
    link = stb.js("itv", "create_link", cmd=row["cmd"])["cmd"]
    assert stb.client.get(link.split(" ", 1)[1]).status_code == 200


def test_the_guide_is_gapless(box: Make) -> None:
    stb = box("stock")
    guide = stb.js("itv", "get_epg_info", period=3)["data"]
    channel, shows = next(iter(guide.items()))
    assert shows == stb.js("itv", "get_short_epg", ch_id=channel, size=50)[: len(shows)]
    assert all(a["stop_timestamp"] == b["start_timestamp"] for a, b in pairwise(shows))
    assert box("panel").js("itv", "get_epg_info") == {"data": []}


def test_unknown_actions_and_paths(box: Make) -> None:
    stb = box("stock")
    assert stb.js("itv", "no_such_action") is False
    assert stb.js("series", "get_categories") is False
    base = stb.address.removesuffix("/stalker_portal/server/load.php")
    assert stb.client.get(f"{base}/portal.php").status_code == 404
    home = stb.client.get(f"{base}/")
    assert (home.status_code, home.headers["location"]) == (301, f"{stb.portal.mount}/stalker_portal/c/")
    assert stb.client.get(f"{base}/stalker_portal/screenshots/1/142.jpg").headers["content-type"] == "image/svg+xml"


def test_a_panel_tells_its_loader_and_may_redirect_to_it(box: Make) -> None:
    stb = box("panel", redirect_api=True, log_in=False)
    assert stb.get("stb", "handshake").headers["location"].startswith(f"{stb.portal.mount}/c/portal.php?type=stb")
    base = stb.address.removesuffix("/portal.php")
    assert "ajax_loader" in stb.client.get(f"{base}/c/xpcom.common.js").text


def walked(stb: Box, shift: str) -> tuple[list[str], set[str], set[int]]:
    """What a naive walk of a moving list finds, what is there at its end, and the totals claimed meanwhile."""
    stb.portal.behave(shift_every=2, shift=shift)
    found, totals = [], set()
    for page in range(1, 9):
        js = stb.js("vod", "get_ordered_list", sortby="added", p=page)
        found += [str(row["id"]) for row in js["data"]]
        totals.add(int(js["total_items"]))
    return found, wanted(stb, Kind.MOVIE), totals


def test_a_row_may_go_anywhere_but_on_the_first_page(box: Make) -> None:
    stb = box("panel")
    first = stb.js("vod", "get_ordered_list", sortby="added", p=1)["data"]
    found, live, totals = walked(stb, "anywhere")
    assert stb.js("vod", "get_ordered_list", sortby="added", p=1)["data"] == first
    assert stb.portal.stats.deleted
    assert live - set(found)
    assert len(totals) > 1


def test_a_row_may_be_lost_while_totals_and_the_first_page_stay(box: Make) -> None:
    stb = box("panel")
    first = stb.js("vod", "get_ordered_list", sortby="added", p=1)["data"]
    found, live, totals = walked(stb, "swap")
    assert stb.js("vod", "get_ordered_list", sortby="added", p=1)["data"] == first
    assert totals == {90}
    assert len(set(found)) == 90
    assert live - set(found) - set(stb.portal.stats.inserted)
    added = [row["added"] for row in stb.rows("vod", sortby="added") if not row["added"].startswith("0000")]
    assert added == sorted(added, reverse=True)


def test_ties_lose_a_row_and_show_another_twice_though_nothing_moves(box: Make) -> None:
    stb = box("panel")
    found, live, totals = walked(stb, "ties")
    assert totals == {90} == {len(found)}
    assert len(set(found)) < 90
    assert live - set(found)
