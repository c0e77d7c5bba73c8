"""What a line-up holds and in which order, over catalogues that the real pipeline brought."""

from array import array
from typing import Any

import pytest

from app.core.errors import Invalid
from app.domain.kinds import Kind
from app.playlists import lineups
from app.playlists.definition import Definition, parse, shown, stored
from app.playlists.lineups import LineUp
from app.playlists.pinning import pinned
from tests.playlists.conftest import Store, channels, numbered
from tests.support.scripted import record

C = Kind.CHANNEL


async def test_a_line_up_has_its_providers_one_behind_the_other_each_by_number(store: Store) -> None:
    await store.stock({C: [numbered(1, 2, "A2"), numbered(2, 1, "A1")]}, name="a")
    await store.stock({C: [numbered(1, None, "B none"), numbered(2, 1, "B1")]}, name="b")
    assert await store.names() == ["A1", "A2", "B1", "B none"]
    assert await store.names(providers=["b" + "a" * 15, "a" * 16]) == ["B1", "B none", "A1", "A2"]
    assert await store.names(sort="number") == ["A1", "B1", "A2", "B none"]
    assert await store.names(sort="name") == ["A1", "A2", "B none", "B1"]
    assert await store.names(providers=["gone"]) == []


async def test_long_line_ups_come_in_parts_and_in_one_order(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lineups, "CHUNK", 7)
    for name in ("a", "b"):
        await store.stock({C: channels(20)}, name=name)
    parts = [len(part) async for part in store.line_ups.entries(LineUp(definition=Definition()), C)]
    assert parts == [7, 7, 7, 7, 7, 5]
    entries = await store.entries()
    assert [(one.provider_id, one.ordinal) for one in entries] == [
        (n, o) for n in ("a" * 16, "b" + "a" * 15) for o in range(20)
    ]


async def test_categories_choose_order_and_name_groups(store: Store) -> None:
    lists = {
        C: [
            record(C, 1, name="one", category_ids=("1",)),
            record(C, 2, name="two", category_ids=("2",)),
            record(C, 3, name="both", category_ids=("1", "2")),
            record(C, 4, name="none", category_ids=()),
        ]
    }
    await store.stock(lists, categories=("News", "Sport"))
    assert await store.names(categories={"include": ["news"]}) == ["one", "both"]
    assert await store.names(categories={"exclude": ["SPORT"]}) == ["one", "none"]
    assert await store.names(categories={"include": ["nowhere"]}) == []
    chosen = await store.entries(sort="category", categories={"include": ["Sport", "News"]})
    assert [(one.name, one.group) for one in chosen] == [("two", "Sport"), ("both", "Sport"), ("one", "News")]
    only = await store.entries(categories={"include": ["Sport"]})
    assert [(one.name, one.group) for one in only] == [("two", "Sport"), ("both", "Sport")]
    assert [one.group for one in await store.entries()] == ["News", "Sport", "News", None]
    by_id = await store.names(categories={"include": [only[0].group_id]})
    assert by_id == ["two", "both"]
    assert {one.group for one in await store.entries(groups="provider")} == {"one"}


async def test_tags_all_any_and_none(store: Store) -> None:
    pk = await store.stock({C: channels(4)})
    await store.tag(pk, [0, 1], "US")
    await store.tag(pk, [1, 2], "HD")
    assert await store.names(tags={"include": ["US", "HD"]}) == ["Channel 2"]
    assert await store.names(tags={"include": ["US", "HD"], "match": "any"}) == ["Channel 1", "Channel 2", "Channel 3"]
    assert await store.names(tags={"exclude": ["HD"]}) == ["Channel 1", "Channel 4"]
    assert await store.names(tags={"include": ["US"], "exclude": ["HD"]}) == ["Channel 1"]


async def test_search_takes_words_by_their_beginnings(store: Store) -> None:
    await store.stock({C: [record(C, 1, name="ESPN Déportes"), record(C, 2, name="Sky")]})
    assert await store.names(search="esp dep") == ["ESPN Déportes"]


async def test_adult_items_are_asked_for_and_filtered_ones_never_seen(store: Store) -> None:
    pk = await store.stock({C: channels(3)})
    await store.judge(pk, 1, 1)
    await store.judge(pk, 2, 2)
    assert await store.names() == ["Channel 1"]
    assert await store.names(adult=True) == ["Channel 1", "Channel 2"]


async def test_kinds_are_left_out_unless_named(store: Store) -> None:
    await store.stock({C: channels(1), Kind.MOVIE: [record(Kind.MOVIE, 1), record(Kind.MOVIE, 2, year=1990)]})
    assert await store.names(Kind.MOVIE) == []
    assert await store.names(Kind.MOVIE, kinds=["movie"], sort="-year") == ["Movie 2", "Movie 1"]
    assert await store.names(kinds=["movie"]) == []


async def test_what_people_changed_is_applied(store: Store) -> None:
    await store.stock({C: [numbered(number, number) for number in range(1, 6)]})
    ids = [one.item_id for one in await store.entries()]
    changed: dict[str, Any] = {ids[0]: {"hidden": True}, ids[4]: {"position": 1}}
    pk = await store.playlist(**changed, **{ids[1]: {"name": "Mine", "number": 7.1}})
    found = await store.entries(playlist_pk=pk)
    assert [(one.name, one.number) for one in found] == [
        ("Channel 5", 5),
        ("Mine", 7.1),
        ("Channel 3", 3),
        ("Channel 4", 4),
    ]
    counted = await store.entries(playlist_pk=pk, startNumber=100)
    assert [one.number for one in counted] == [100, 7.1, 102, 103]
    line_up = LineUp(definition=Definition(), playlist_pk=pk)
    assert await store.line_ups.entry(line_up, C, ids[0]) is None
    one = await store.line_ups.entry(line_up, C, ids[1])
    assert one is not None
    assert one.name == "Mine"
    assert await store.line_ups.entry(line_up, Kind.MOVIE, ids[1]) is None
    assert await store.line_ups.entry(line_up, C, "nothing") is None


async def test_changes_survive_a_clean_and_a_new_sync(store: Store) -> None:
    pk = await store.stock({C: channels(2)})
    ids = [one.item_id for one in await store.entries()]
    playlist = await store.playlist(**{ids[1]: {"name": "Mine", "position": 1}})
    await store.stock({C: channels(2)[:1]}, pk=pk)
    assert await store.names(playlist_pk=playlist) == ["Channel 1"]
    await store.stock({C: channels(2)}, pk=pk)
    assert await store.names(playlist_pk=playlist) == ["Mine", "Channel 1"]


@pytest.mark.parametrize(
    ("positions", "hidden", "expected"),
    [
        ({5: 1}, (), [5, 1, 2, 3, 4]),
        ({1: 3}, (), [2, 3, 1, 4, 5]),
        ({1: 99, 2: 50}, (), [3, 4, 5, 2, 1]),
        ({4: 2, 5: 2}, (), [1, 4, 5, 2, 3]),
        ({5: 1}, (1, 2), [5, 3, 4]),
        ({1: 1, 2: 2, 3: 3, 4: 4, 5: 5}, (), [1, 2, 3, 4, 5]),
        ({9: 1}, (), [1, 2, 3, 4, 5]),
    ],
)
def test_positions(positions: dict[int, int], hidden: tuple[int, ...], expected: list[int]) -> None:
    places = array("q", [1, 2, 3, 4, 5])
    assert list(pinned(places, positions, hidden)) == expected


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"sort": "size"}, "definition.sort"),
        ({"tags": {"include": [1]}}, "definition.tags.include"),
        ({"startNumber": 0}, "definition.startNumber"),
        ({"colour": "red"}, "definition"),
        ({"kinds": []}, "definition.kinds"),
    ],
)
def test_a_wrong_definition_names_the_field(given: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as raised:
        parse(given)
    assert raised.value.errors[0][0].startswith(field)


def test_a_definition_is_stored_without_what_nobody_set_and_shown_in_full() -> None:
    definition = parse({"tags": {"include": ["US"]}, "startNumber": 5})
    assert stored(definition) == {"tags": {"include": ["US"]}, "startNumber": 5}
    assert parse(stored(definition)) == definition
    assert shown(definition)["tags"] == {"include": ("US",), "exclude": (), "match": "all"}
