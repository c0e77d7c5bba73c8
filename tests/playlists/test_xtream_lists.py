"""Numbers, categories and rows as players get them."""

from collections.abc import Sequence
from typing import Any

import pytest

from app.core.errors import NotFound
from app.db.numbers import LARGEST
from app.domain.kinds import Kind
from app.domain.records import Record
from app.playlists.users import UserChange
from tests.playlists.conftest import Store, channels
from tests.playlists.xtream import PASSWORD, Booth, booth_of, clean, make_panel, retag, unsettle
from tests.support.scripted import record

ADDED = 1_714_637_472_000


@pytest.fixture
def booth(store: Store) -> Booth:
    return booth_of(store)


def titles(kind: Kind, count: int, **fields: Any) -> list[Record]:
    return [record(kind, number, **fields) for number in range(1, count + 1)]


async def test_numbers_stay_when_the_catalogue_turns_over(booth: Booth) -> None:
    pk = await booth.store.stock({Kind.CHANNEL: channels(5), Kind.MOVIE: titles(Kind.MOVIE, 5)})
    visitor = await booth.visitor()
    first = {kind: await booth.ids(visitor, kind) for kind in (Kind.CHANNEL, Kind.MOVIE)}
    await booth.store.stock({Kind.CHANNEL: [record(Kind.CHANNEL, 9), *channels(5)[::-1]]}, pk=pk)
    again = await booth.ids(visitor, Kind.CHANNEL)
    assert {name: again[name] for name in first[Kind.CHANNEL]} == first[Kind.CHANNEL]
    every = [*first[Kind.CHANNEL].values(), *first[Kind.MOVIE].values(), again["Channel 9"]]
    assert len(set(every)) == 11
    assert all(0 < number <= LARGEST for number in every)


async def test_numbers_stay_when_a_provider_is_cleaned_and_synced_in_another_order(booth: Booth) -> None:
    pk = await booth.store.stock({Kind.CHANNEL: channels(4)})
    visitor = await booth.visitor()
    first, groups = await booth.ids(visitor, Kind.CHANNEL), await booth.categories(visitor, Kind.CHANNEL)
    await clean(booth.store, pk)
    assert await booth.rows(await booth.again(), Kind.CHANNEL) == []
    await booth.store.stock({Kind.CHANNEL: channels(4)[::-1]}, pk=pk)
    assert await booth.ids(await booth.again(), Kind.CHANNEL) == first
    assert await booth.categories(await booth.again(), Kind.CHANNEL) == groups


async def test_all_playlists_know_an_item_by_one_number(booth: Booth) -> None:
    await booth.store.stock({Kind.CHANNEL: channels(3)})
    first = await booth.visitor(name="first")
    second = await booth.visitor({"sort": "name", "startNumber": 100}, name="second")
    assert await booth.ids(first, Kind.CHANNEL) == await booth.ids(second, Kind.CHANNEL)


async def test_a_line_up_is_counted_on_without_gaps_and_anew_where_it_is_renumbered(booth: Booth) -> None:
    await booth.store.stock({Kind.CHANNEL: channels(1200)})
    plain, renumbered = await booth.visitor(), await booth.visitor({"startNumber": 100}, name="other")
    assert [row["num"] for row in await booth.rows(plain, Kind.CHANNEL)] == list(range(1, 1201))
    assert [row["num"] for row in await booth.rows(renumbered, Kind.CHANNEL)] == list(range(100, 1300))


async def test_categories_are_those_that_hold_something_in_the_providers_order(booth: Booth) -> None:
    lists: list[Record] = [
        record(Kind.MOVIE, 1, category_ids=("3",)),
        record(Kind.MOVIE, 2, category_ids=("1", "3")),
        record(Kind.MOVIE, 3, category_ids=()),
    ]
    await booth.store.stock({Kind.MOVIE: lists})
    visitor = await booth.visitor()
    told = await booth.categories(visitor, Kind.MOVIE)
    assert list(told.values()) == ["One", "Three", "Other"]
    one, three, other = map(int, told)
    rows = await booth.rows(visitor, Kind.MOVIE)
    assert [(row["category_id"], row["category_ids"]) for row in rows] == [
        (str(three), [three]),
        (str(one), [one, three]),
        (str(other), [other]),
    ]
    assert list(await booth.ids(visitor, Kind.MOVIE, str(three))) == ["Movie 1", "Movie 2"]
    assert list(await booth.ids(visitor, Kind.MOVIE, str(other))) == ["Movie 3"]
    assert await booth.categories(visitor, Kind.CHANNEL) == {}


async def test_no_category_means_all_and_an_unknown_one_nothing(booth: Booth) -> None:
    await booth.store.stock({Kind.SERIES: titles(Kind.SERIES, 3)})
    visitor = await booth.visitor()
    for everything in ("", "0", "*", "all", " "):
        numbers = await booth.ids(visitor, Kind.SERIES, everything)
        assert len(numbers) == 3
    for unknown in ("9999", "x", "-1", str(2**40), str(numbers["Series 1"])):
        assert await booth.rows(visitor, Kind.SERIES, unknown) == []


async def test_a_category_tells_nothing_that_the_playlist_leaves_out(booth: Booth) -> None:
    lists: list[Record] = [record(Kind.MOVIE, n, category_ids=(str(n),)) for n in (1, 2, 3)]
    await booth.store.stock({Kind.MOVIE: lists})
    everything = await booth.visitor()
    some = await booth.visitor({"kinds": ["movie"], "categories": {"include": ["One"]}}, name="some")
    numbers = await booth.categories(everything, Kind.MOVIE)
    await booth.rows(everything, Kind.MOVIE)
    assert list((await booth.categories(some, Kind.MOVIE)).values()) == ["One"]
    assert [len(await booth.rows(some, Kind.MOVIE, one)) for one in numbers] == [1, 0, 0]


async def test_a_channel_is_in_the_same_place_in_its_category_as_in_the_whole_list(booth: Booth) -> None:
    lists: list[Record] = [record(Kind.CHANNEL, n, category_ids=(str(1 + n % 2),)) for n in range(1, 7)]
    await booth.store.stock({Kind.CHANNEL: lists})
    visitor = await booth.visitor()
    whole = {row["stream_id"]: row for row in await booth.rows(visitor, Kind.CHANNEL)}
    for category in await booth.categories(visitor, Kind.CHANNEL):
        found = await booth.rows(visitor, Kind.CHANNEL, category)
        assert len(found) == 3
        assert all(whole[row["stream_id"]] == row for row in found)


@pytest.mark.parametrize(("groups", "names"), [("provider", ["one"]), ("tag", ["HD", "One"])])
async def test_categories_follow_what_the_playlist_groups_by(booth: Booth, groups: str, names: Sequence[str]) -> None:
    pk = await booth.store.stock({Kind.CHANNEL: channels(2, category_ids=("1", "2"))})
    await retag(booth.store, pk, "Channel 1", "HD")
    visitor = await booth.visitor({"groups": groups})
    told = await booth.categories(visitor, Kind.CHANNEL)
    assert sorted(told.values()) == sorted(names)
    rows = await booth.rows(visitor, Kind.CHANNEL)
    assert {row["category_id"] for row in rows} == set(told)
    assert all(row["category_ids"] == [int(row["category_id"])] for row in rows)


async def test_a_row_has_the_types_that_panels_send(booth: Booth) -> None:
    channel = {"added_at": ADDED, "censored": False, "archive": True, "archive_days": 7, "logo": "http://i.test/1.png"}
    movie = {"added_at": ADDED, "rating": 7.4, "year": 2019, "actors": ("A", "B"), "locator": {"ext": "mkv"}}
    series = {"added_at": ADDED, "rating": 9, "poster": "http://i.test/s.jpg", "genres": ("Drama",), "duration": 45}
    pk = await booth.store.stock(
        {
            Kind.CHANNEL: channels(1, **channel),
            Kind.MOVIE: titles(Kind.MOVIE, 1, **movie),
            Kind.SERIES: titles(Kind.SERIES, 1, **series),
        }
    )
    visitor = await booth.visitor()
    assert (await booth.rows(visitor, Kind.CHANNEL))[0]["tv_archive"] == 0  # nobody can ask a portal for the past
    await make_panel(booth.store, pk)
    [live] = await booth.rows(visitor, Kind.CHANNEL)
    [vod] = await booth.rows(visitor, Kind.MOVIE)
    [show] = await booth.rows(visitor, Kind.SERIES)
    common = {"num": 1, "added": "1714637472", "custom_sid": "", "direct_source": "", "is_adult": "0"}
    assert live.items() >= (common | {"stream_type": "live", "stream_icon": "http://i.test/1.png"}).items()
    assert live.items() >= {"tv_archive": 1, "tv_archive_duration": 7, "name": "Channel 1"}.items()
    assert vod.items() >= (common | {"stream_type": "movie", "rating": "7.4", "rating_5based": 3.7}).items()
    assert vod.items() >= {"year": "2019", "cast": "A, B", "container_extension": "mkv", "stream_icon": ""}.items()
    assert show.items() >= {"stream_type": "series", "last_modified": "1714637472", "rating_5based": 4.5}.items()
    assert [show[name] for name in ("genre", "episode_run_time", "backdrop_path")] == ["Drama", "45", []]
    for row in (live, vod, show):
        assert type(row.get("stream_id", row.get("series_id"))) is int
        assert row["category_id"] == str(row["category_ids"][0])


async def test_what_is_unknown_is_spelled_as_panels_do(booth: Booth) -> None:
    await booth.store.stock({Kind.MOVIE: titles(Kind.MOVIE, 1), Kind.CHANNEL: channels(1)})
    visitor = await booth.visitor()
    [vod] = await booth.rows(visitor, Kind.MOVIE)
    [live] = await booth.rows(visitor, Kind.CHANNEL)
    assert vod.items() >= {"rating": "", "rating_5based": 0, "added": "0", "year": "", "plot": ""}.items()
    assert vod["container_extension"] == "mp4"
    assert live.items() >= {"tv_archive": 0, "tv_archive_duration": 0, "added": "0", "stream_icon": ""}.items()


async def test_tags_of_answers_change_with_what_they_tell_and_with_nothing_else(booth: Booth) -> None:
    async def tag(category: str = "") -> str:
        return (await booth.edition(await booth.again(), Kind.CHANNEL, category)).tag

    pk = await booth.store.stock({Kind.CHANNEL: channels(2)})
    await booth.visitor()
    first = await tag()
    playlist = (await booth.desk.saved.list())[0]
    user = (await booth.desk.users.list(playlist.id))[0]
    await booth.desk.users.change(playlist.id, user.id, UserChange(max_connections=5))
    assert await tag() == first
    assert await tag("7") != first
    await booth.store.stock({Kind.CHANNEL: channels(3)}, pk=pk)
    second = await tag()
    assert second != first
    await unsettle(booth.store, pk)
    assert len({second, await tag(), await tag()}) == 3


async def test_what_the_playlist_does_not_hold_does_not_play(booth: Booth) -> None:
    await booth.store.stock({Kind.CHANNEL: channels(2), Kind.MOVIE: titles(Kind.MOVIE, 1)})
    everything = await booth.visitor()
    live = await booth.ids(everything, Kind.CHANNEL)
    [movie] = (await booth.ids(everything, Kind.MOVIE)).values()
    few = await booth.visitor({"search": "Channel 2"}, name="few")
    link = await booth.players.link(few, str(live["Channel 2"]), ["channel"])
    assert link.url.startswith("http://cdn.test/channel/")
    for number, kinds in (
        (live["Channel 1"], ["channel"]),
        (movie, ["movie"]),
        (movie, ["channel"]),
        (10**9, ["movie"]),
    ):
        with pytest.raises(NotFound):
            await booth.players.link(few, str(number), kinds)
    assert len(booth.stage.calls) == 1
    with pytest.raises(NotFound):
        await booth.players.link(everything, str(movie), ["channel", "episode"])


async def test_who_was_let_in_once_is_let_in_again_until_something_about_them_changes(booth: Booth) -> None:
    visitor = await booth.visitor()
    [playlist] = await booth.desk.saved.list()
    [user] = await booth.desk.users.list(playlist.id)
    known = visitor.holder
    await booth.players.confirm(known)
    await booth.players.confirm(visitor.source.holder)
    off: tuple[dict[str, Any], ...] = ({"enabled": False}, {"expires_at": 1}, {"password": "another-word"})
    back: dict[str, Any] = {"enabled": True, "expires_at": None, "password": PASSWORD}
    for change in off:
        await booth.desk.users.change(playlist.id, user.id, UserChange(**change))
        with pytest.raises(NotFound):
            await booth.players.confirm(known)
        await booth.desk.users.change(playlist.id, user.id, UserChange(**back))
        await booth.players.confirm(known)
    await booth.desk.users.remove(playlist.id, user.id)
    await booth.desk.saved.rotate(playlist.id)
    for holder in (known, visitor.source.holder):
        with pytest.raises(NotFound):
            await booth.players.confirm(holder)
