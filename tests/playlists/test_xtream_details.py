"""Movies, series, programmes and lists in full, as players get them."""

from base64 import b64decode
from typing import Any

import pytest
from sqlalchemy import text

from app.core import jsonio
from app.core.clock import now_ms
from app.core.errors import NotFound
from app.domain.kinds import Kind
from app.playlists.xtream import Visitor
from app.playlists.xtream_m3u import Wish
from tests.playlists.conftest import Store, channels
from tests.playlists.xtream import PASSWORD, Booth, booth_of, make_panel
from tests.support.scripted import record

HOUR = 3_600_000


@pytest.fixture
def booth(store: Store) -> Booth:
    return booth_of(store)


def wish(visitor: Visitor, **changes: Any) -> Wish:
    told = {"base": "http://tv.test", "username": visitor.user.username, "password": PASSWORD, "plain": False}
    return Wish(**{**told, "ending": "ts", "kinds": tuple(Kind), **changes})


async def lines(booth: Booth, visitor: Visitor, **changes: Any) -> list[str]:
    edition = await booth.players.m3u(visitor, wish(visitor, **changes))
    return b"".join([piece async for piece in edition.make()]).decode().splitlines()


async def show(booth: Booth, pk: int, ordinal: int, *shows: tuple[int, int, str]) -> None:
    """Programmes of a channel: start and stop in ms, and a title."""
    async with booth.store.database.writer() as writer:
        guide = (
            "INSERT INTO guide (id, provider_pk, position, origin, named, generation, channels, programmes,"
            " rejected, held) VALUES (:id, :pk, 0, 'option', true, 7, 1, 1, 0, 0) RETURNING pk"
        )
        guide_pk = await writer.scalar(text(guide), {"id": f"guide{pk}", "pk": pk})
        match = (
            "INSERT INTO epg_match (provider_pk, ordinal, guide_pk, number, shift_ms, method, score)"
            " VALUES (:pk, :ordinal, :guide, 1, 0, 'id', 1)"
        )
        await writer.execute(text(match), {"pk": pk, "ordinal": ordinal, "guide": guide_pk})
        row = "INSERT INTO programme (generation, number, start_ms, stop_ms, body) VALUES (7, 1, :start, :stop, :body)"
        for start, stop, title in shows:
            body = jsonio.dumps({"title": title, "description": f"About {title}", "language": "de"})
            await writer.execute(text(row), {"start": start, "stop": stop, "body": body})


async def test_a_movie_is_told_in_full(booth: Booth) -> None:
    facts: dict[str, Any] = {
        "description": "A film.",
        "duration": 112,
        "rating": 7.4,
        "year": 2019,
        "country": "France",
        "poster": "http://i.test/p.jpg",
        "locator": {"ext": "mkv"},
        "extra": {"tmdb": 194, "trailer": "abc", "released": "2019-04-01", "backdrop": "http://i.test/b.jpg"},
    }
    await booth.store.stock({Kind.MOVIE: [record(Kind.MOVIE, 1, **facts)]})
    visitor = await booth.visitor()
    [row] = await booth.rows(visitor, Kind.MOVIE)
    found = await booth.players.movie(visitor, str(row["stream_id"]))
    expected = {"duration": "01:52:00", "duration_secs": 6720, "rating": "7.4", "country": "France", "plot": "A film."}
    assert found["info"].items() >= (expected | {"tmdb_id": "194", "youtube_trailer": "abc"}).items()
    assert (found["info"]["releasedate"], found["info"]["backdrop_path"]) == ("2019-04-01", ["http://i.test/b.jpg"])
    names = ("stream_id", "name", "added", "category_id", "category_ids", "container_extension")
    assert {name: found["movie_data"][name] for name in names} == {name: row[name] for name in names}
    for unknown in ("", "x", "0", "-1", str(row["stream_id"] + 1)):
        with pytest.raises(NotFound):
            await booth.players.movie(visitor, unknown)


async def test_a_series_is_told_with_all_its_episodes_and_they_play(booth: Booth) -> None:
    await booth.store.stock({Kind.SERIES: [record(Kind.SERIES, 1, name="Show")]})
    booth.stage.shelves = {0: ["Special"], 1: ["Pilot", ""]}
    visitor = await booth.visitor()
    [series] = (await booth.ids(visitor, Kind.SERIES)).values()
    found = await booth.players.series(visitor, str(series))
    assert [(one["season_number"], one["episode_count"], type(one["id"])) for one in found["seasons"]] == [
        (0, 1, int),
        (1, 2, int),
    ]
    assert set(found["episodes"]) == {"0", "1"}
    pilot, unnamed = found["episodes"]["1"]
    assert pilot.items() >= {"title": "Pilot", "episode_num": 1, "season": 1, "container_extension": "mp4"}.items()
    assert unnamed["title"] == "Show - S01E02"
    assert type(pilot["id"]) is str
    assert (await booth.players.series(visitor, str(series)))["episodes"] == found["episodes"]
    link = await booth.players.link(visitor, pilot["id"], ["episode"])
    assert link.url.startswith("http://cdn.test/episode/")
    assert len({int(pilot["id"]), int(unnamed["id"]), series, *(one["id"] for one in found["seasons"])}) == 5


async def test_an_episode_that_was_cleaned_away_is_listed_anew_under_its_number(booth: Booth) -> None:
    await booth.store.stock({Kind.SERIES: [record(Kind.SERIES, 1)]})
    booth.stage.shelves = {1: ["Pilot"]}
    visitor = await booth.visitor()
    [series] = (await booth.ids(visitor, Kind.SERIES)).values()
    number = (await booth.players.series(visitor, str(series)))["episodes"]["1"][0]["id"]
    booth.stage.listed.clear()
    assert (await booth.players.link(visitor, number, ["episode"])).url.startswith("http://cdn.test/episode/")
    booth.stage.listed.clear()
    booth.stage.shelves = {1: []}
    with pytest.raises(NotFound):
        await booth.players.link(visitor, number, ["episode"])


async def test_an_episode_of_a_series_that_is_left_out_does_not_play(booth: Booth) -> None:
    await booth.store.stock({Kind.SERIES: [record(Kind.SERIES, n) for n in (1, 2)]})
    booth.stage.shelves = {1: ["Pilot"]}
    visitor = await booth.visitor()
    numbers = await booth.ids(visitor, Kind.SERIES)
    episode = (await booth.players.series(visitor, str(numbers["Series 1"])))["episodes"]["1"][0]["id"]
    few = await booth.visitor({"kinds": ["series"], "search": "Series 2"}, name="few")
    for ask in (booth.players.link(few, episode, ["episode"]), booth.players.series(few, str(numbers["Series 1"]))):
        with pytest.raises(NotFound):
            await ask


async def test_a_series_without_episodes_has_an_object_of_none(booth: Booth) -> None:
    await booth.store.stock({Kind.SERIES: [record(Kind.SERIES, 1)]})
    visitor = await booth.visitor()
    [series] = (await booth.ids(visitor, Kind.SERIES)).values()
    found = await booth.players.series(visitor, str(series))
    assert (found["seasons"], found["episodes"]) == ([], {})


@pytest.mark.parametrize("shift", [0, 2, -1.5])
async def test_programmes_are_told_in_base64_with_both_kinds_of_times(booth: Booth, shift: float) -> None:
    pk = await booth.store.stock({Kind.CHANNEL: channels(2, archive=True, archive_days=2)})
    await make_panel(booth.store, pk)
    hour = now_ms() // HOUR * HOUR - int(shift * HOUR)
    await show(
        booth,
        pk,
        1,
        (hour - 72 * HOUR, hour - 71 * HOUR, "Old"),
        (hour - HOUR, hour, "Before"),
        (hour, hour + HOUR, "Jetzt läuft"),
        (hour + HOUR, hour + 3 * HOUR, "Next"),
    )
    visitor = await booth.visitor({"timeshift": shift})
    number = (await booth.ids(visitor, Kind.CHANNEL))["Channel 2"]
    now, following = await booth.players.next_programmes(visitor, str(number), 4)
    start = (hour + int(shift * HOUR)) // 1000
    assert b64decode(now["title"]).decode() == "Jetzt läuft"
    assert b64decode(now["description"]).decode() == "About Jetzt läuft"
    assert now.items() >= {"start_timestamp": str(start), "stop_timestamp": str(start + 3600), "lang": "de"}.items()
    assert (now["now_playing"], following["now_playing"]) == (1, 0)
    assert now["start"].endswith(":00:00")
    assert len(await booth.players.next_programmes(visitor, str(number), 1)) == 1
    told = await booth.players.all_programmes(visitor, str(number))
    assert [(b64decode(one["title"]).decode()[:4], one["has_archive"]) for one in told] == [
        ("Old", 0),
        ("Befo", 1),
        ("Jetz", 0),
        ("Next", 0),
    ]
    [row] = [row for row in await booth.rows(visitor, Kind.CHANNEL) if row["stream_id"] == number]
    assert {one["channel_id"] for one in told} == {row["epg_channel_id"]}


async def test_the_past_plays_where_there_is_an_archive(booth: Booth) -> None:
    lists = [record(Kind.CHANNEL, 1, archive=True, archive_days=1), record(Kind.CHANNEL, 2)]
    await booth.store.stock({Kind.CHANNEL: lists})
    visitor = await booth.visitor()
    numbers = await booth.ids(visitor, Kind.CHANNEL)
    link = await booth.players.replay(visitor, str(numbers["Channel 1"]), start_ms=60_000, minutes=30)
    assert link.url.endswith("/60000/30")
    with pytest.raises(NotFound):
        await booth.players.replay(visitor, str(numbers["Channel 2"]), start_ms=60_000, minutes=30)


async def test_the_list_of_a_panel_names_addresses_as_players_know_them(booth: Booth) -> None:
    movie = record(Kind.MOVIE, 1, locator={"ext": "mkv"})
    await booth.store.stock({Kind.CHANNEL: channels(2), Kind.MOVIE: [movie]})
    visitor = await booth.visitor()
    live, vod = await booth.ids(visitor, Kind.CHANNEL), await booth.ids(visitor, Kind.MOVIE)
    found = await lines(booth, visitor)
    guide = f"http://tv.test/xmltv.php?username=viewer&password={PASSWORD}"
    assert found[0] == f'#EXTM3U url-tvg="{guide}" x-tvg-url="{guide}"'
    assert found[2::2] == [
        f"http://tv.test/live/viewer/{PASSWORD}/{live['Channel 1']}.ts",
        f"http://tv.test/live/viewer/{PASSWORD}/{live['Channel 2']}.ts",
        f"http://tv.test/movie/viewer/{PASSWORD}/{vod['Movie 1']}.mkv",
    ]
    assert 'group-title="One"' in found[1]
    assert found[1].endswith(",Channel 1")


async def test_a_plain_list_has_names_and_addresses_alone(booth: Booth) -> None:
    lists = [record(Kind.CHANNEL, 1, name='One, "two" and <three>', logo="http://i.test/a,b.png")]
    await booth.store.stock({Kind.CHANNEL: lists, Kind.MOVIE: [record(Kind.MOVIE, 1)]})
    visitor = await booth.visitor()
    [number] = (await booth.ids(visitor, Kind.CHANNEL)).values()
    found = await lines(booth, visitor, plain=True, ending="m3u8", kinds=(Kind.CHANNEL,))
    assert found[0] == "#EXTM3U"
    assert found[1].startswith("#EXTINF:-1,One, ")
    assert found[2:] == [f"http://tv.test/live/viewer/{PASSWORD}/{number}.m3u8"]


async def test_a_list_is_of_the_user_who_asked(booth: Booth) -> None:
    await booth.store.stock({Kind.CHANNEL: channels(1)})
    visitor = await booth.visitor()
    tags = {
        (await booth.players.m3u(visitor, one)).tag
        for one in (
            wish(visitor),
            wish(visitor, username="else"),
            wish(visitor, password="other-pass"),
            wish(visitor, base="https://tv.test"),
            wish(visitor, ending="m3u8"),
            wish(visitor, plain=True),
            wish(visitor, kinds=(Kind.MOVIE,)),
        )
    }
    assert len(tags) == 7
