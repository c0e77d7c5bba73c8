from typing import Any

import pytest

from app.core.errors import Rejected, Unavailable
from app.domain.kinds import Kind
from app.domain.records import EpisodeRecord, SeasonRecord
from tests.providers.panel import PASSWORD, USERNAME, account, panel
from tests.providers.raw_server import reply

LOCATOR = {"id": "77"}


def episode(number: Any, season: Any = 1, **more: Any) -> dict[str, Any]:
    return {"id": str(1000 * int(season or 0) + number), "episode_num": number, "season": season, **more}


async def read(answer: Any) -> tuple[list[SeasonRecord], dict[int, list[EpisodeRecord]]]:
    async with panel({"get_series_info": answer}) as one:
        seasons = list(await one.provider.seasons(LOCATOR))
        episodes = {season.number: list(await one.provider.episodes(LOCATOR, season)) for season in seasons}
        assert one.actions() == ["", "get_series_info"]
        assert one.server.asked[-1].query["series_id"] == "77"
    return seasons, episodes


def ids(episodes: dict[int, list[EpisodeRecord]]) -> dict[int, list[str]]:
    return {season: [record.external_id for record in records] for season, records in episodes.items()}


SPECIALS = [episode(1, 0), episode(2, 0)]
FIRST = [episode(1), episode(2)]
SECOND = [episode(1, 2)]


@pytest.mark.parametrize(
    "episodes",
    [
        {"0": SPECIALS, "1": FIRST, "2": SECOND},
        {"2": SECOND, "1": FIRST, "0": SPECIALS},
        [SPECIALS, FIRST, SECOND],
        [FIRST, SECOND, SPECIALS],
        [*SPECIALS, *FIRST, *SECOND],
        {"0": {"1": SPECIALS[0], "2": SPECIALS[1]}, "1": FIRST, "2": SECOND},
        {"a": SPECIALS, "b": FIRST, "c": SECOND},
        {"1": [*FIRST, *FIRST], "0": SPECIALS, "2": [*SECOND, None, "x", {"id": None}, {"title": "no id"}]},
    ],
)
async def test_episodes_in_every_shape(episodes: Any) -> None:
    seasons, found = await read({"seasons": [], "info": [], "episodes": episodes})
    assert ids(found) == {0: ["1", "2"], 1: ["1001", "1002"], 2: ["2001"]}
    assert [(season.external_id, season.number, season.episode_count) for season in seasons] == [
        ("0", 0, 2), ("1", 1, 2), ("2", 2, 1),
    ]  # fmt: skip


async def test_the_index_says_the_season_when_nothing_better_does() -> None:
    plain = [{"id": 1}, {"id": 2}]
    assert ids((await read({"episodes": [[plain[0]], [plain[1]]]}))[1]) == {0: ["1"], 1: ["2"]}
    assert ids((await read({"episodes": plain}))[1]) == {1: ["1", "2"]}
    assert ids((await read({"episodes": {"3": plain}}))[1]) == {3: ["1", "2"]}


@pytest.mark.parametrize(
    "answer",
    [[], {}, None, False, {"info": []}, {"episodes": None}, {"episodes": []}, {"episodes": {}, "seasons": None},
     {"seasons": [{"season_number": 1}], "info": {}}, reply("<html>404</html>", 404)],
)  # fmt: skip
async def test_a_series_that_is_gone_has_no_seasons(answer: Any) -> None:
    async with panel({"get_series_info": reply(b"null") if answer is None else answer}) as one:
        assert list(await one.provider.seasons(LOCATOR)) == []


async def test_refusals_and_trouble_are_no_empty_series() -> None:
    for answer, kind in (
        ({"user_info": {"auth": 0}}, Rejected),
        (reply("", 503), Unavailable),
        (reply(""), Unavailable),
    ):
        async with panel({"get_series_info": answer}, retries=0) as one:
            with pytest.raises(kind):
                await one.provider.seasons(LOCATOR)


async def test_seasons_take_their_names_from_the_list_and_their_number_from_the_episodes() -> None:
    told = [
        {"season_number": "1", "name": " One ", "overview": "First.", "cover": "/s1.jpg", "air_date": "2021-03-01"},
        {"season_number": 1, "name": "again"},
        {"season_number": 2, "overview": "http://img.example.test/s2.jpg", "air_date": "0000-00-00"},
        {"season_number": 9, "name": "empty"},
        {"season_number": None},
        "odd",
    ]
    seasons, _ = await read({"seasons": told, "episodes": {"1": FIRST, "2": SECOND}})
    one, two = seasons
    assert (one.number, one.name, one.description, one.air_date) == (1, "One", "First.", "2021-03-01")
    assert one.poster is not None
    assert one.poster.endswith("/s1.jpg")
    assert (two.number, two.name, two.description, two.air_date) == (2, None, None, None)
    assert two.poster == "http://img.example.test/s2.jpg"
    assert two.locator == {"id": "77", "season": 2}


async def test_an_episode_with_everything() -> None:
    info = {
        "plot": "P &amp; Q",
        "duration_secs": "2700",
        "movie_image": "http://h/e.jpg",
        "rating": "8",
        "air_date": "2021",
    }
    row = {
        "id": 70011, "episode_num": "1", "title": "Show - S01E01", "container_extension": "mkv", "info": info,
        "custom_sid": "", "added": "1714000000", "season": 1, "direct_source": "",
    }  # fmt: skip
    _, found = await read({"episodes": {"1": [row]}})
    assert found[1] == [
        EpisodeRecord(
            external_id="70011", season=1, number=1, name="Show - S01E01", description="P & Q", duration=45, rating=8.0,
            poster="http://h/e.jpg", added_at=1714000000000, air_date="2021",
            locator={"id": "70011", "episode": True, "ext": "mkv"},
        )
    ]  # fmt: skip


@pytest.mark.parametrize("info", [{}, [], "", None])
async def test_an_episode_of_nothing_but_its_id(info: Any) -> None:
    row = {"id": 5, "episode_num": None, "title": None, "container_extension": None, "info": info}
    _, found = await read({"episodes": {"1": [row]}})
    assert found[1] == [EpisodeRecord(external_id="5", season=1, locator={"id": "5", "episode": True})]


async def test_versions_of_an_episode_stand_beside_each_other() -> None:
    rows = [{"id": 3, "episode_num": 2}, {"id": 1, "episode_num": 1}, {"id": 2, "episode_num": "2"}, {"id": 9}]
    _, found = await read({"episodes": {"1": [*rows, {"id": 4, "episode_num": 1.5}]}})
    assert ids(found) == {1: ["1", "4", "3", "2", "9"]}


async def test_asks_anew_for_another_series() -> None:
    async with panel({"get_series_info": {"episodes": {"1": FIRST}}}) as one:
        await one.provider.seasons({"id": "1"})
        await one.provider.seasons({"id": "2"})
        await one.provider.seasons({"id": "1"})
    assert [asked.query["series_id"] for asked in one.server.asked[1:]] == ["1", "2"]


@pytest.mark.parametrize(
    ("kind", "locator", "path"),
    [
        (Kind.CHANNEL, {"id": "5012"}, "live/{}/5012.ts"),
        (Kind.MOVIE, {"id": "9"}, "movie/{}/9.mp4"),
        (Kind.MOVIE, {"id": "9", "ext": "mkv"}, "movie/{}/9.mkv"),
        (Kind.MOVIE, {"id": "8", "episode": True, "ext": "avi"}, "series/{}/8.avi"),
        (Kind.MOVIE, {"id": "8", "episode": True}, "series/{}/8.mp4"),
        (Kind.CHANNEL, {"id": "a/b?c"}, "live/{}/a%2Fb%3Fc.ts"),
    ],
)
async def test_links_hold_the_account_percent_encoded(kind: Kind, locator: dict[str, Any], path: str) -> None:
    async with panel({}, path="/sub") as one:
        link = await one.provider.resolve(kind, locator)
    assert link.url == f"{one.server.url}/sub/" + path.format("fake-user%401/fake%2Bpass%2F7")
    assert (link.headers, link.expires_at) == ({}, None)
    assert PASSWORD not in repr(link)
    assert USERNAME not in repr(one.provider)


@pytest.mark.parametrize(
    ("formats", "output", "ending"),
    [(["m3u8", "ts", "rtmp"], None, "ts"), (["m3u8"], None, "m3u8"), ({"0": "m3u8"}, None, "m3u8"), ([""], None, "ts"),
     (None, None, "ts"), (["ts"], "m3u8", "m3u8")],
)  # fmt: skip
async def test_a_channel_comes_in_a_format_that_the_account_allows(
    formats: Any, output: str | None, ending: str
) -> None:
    options = {"output": output} if output else {}
    async with panel({"": account(allowed_output_formats=formats)}, options=options) as one:
        assert (await one.provider.resolve(Kind.CHANNEL, {"id": "1"})).url.endswith(f"/1.{ending}")


@pytest.mark.parametrize(
    ("timezone", "moment"),
    [("Europe/Berlin", "2025-07-09:23-30"), ("America/New_York", "2025-07-09:17-30"), (None, "2025-07-09:21-30")],
)
async def test_the_past_is_asked_for_by_the_panels_own_clock(timezone: str | None, moment: str) -> None:
    async with panel({"": account(server={"timezone": timezone})}) as one:
        link = await one.provider.replay({"id": "5012"}, start_ms=1_752_096_600_000, minutes=90)
    assert link is not None
    assert link.url == f"{one.server.url}/timeshift/fake-user%401/fake%2Bpass%2F7/90/{moment}/5012.ts"
    assert PASSWORD not in repr(link)


async def test_a_refused_account_gets_no_link() -> None:
    async with panel({"": {"user_info": {"auth": 0}}}) as one:
        with pytest.raises(Rejected):
            await one.provider.resolve(Kind.CHANNEL, {"id": "1"})
