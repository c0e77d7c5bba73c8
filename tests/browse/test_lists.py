import pytest

from app.core.errors import Invalid, NotFound
from app.domain.kinds import Kind
from app.domain.records import ChannelRecord, Record
from tests.browse.conftest import Shop, movies
from tests.support.scripted import record

ONE = "oneaaaaaaaaaaaaa"
TWO = "twoaaaaaaaaaaaaa"


def named(names: list[str], **fields: object) -> list[Record]:
    return [record(Kind.MOVIE, number, name=name, **fields) for number, name in enumerate(names, 1)]


async def test_a_page_has_the_shape_that_was_promised(shop: Shop) -> None:
    await shop.stock({Kind.MOVIE: movies(5)})
    answer = await shop.page(Kind.MOVIE, ONE, page=2, limit=2)
    assert {name: answer[name] for name in ("total", "page", "limit", "hasMore")} == {
        "total": 5,
        "page": 2,
        "limit": 2,
        "hasMore": True,
    }
    first = answer["movies"][0]
    assert first["name"] == "Movie 3"
    assert first["providerId"] == ONE
    assert first["tags"] == []
    assert first["isActive"] is True


async def test_a_page_past_the_end_is_an_empty_list(shop: Shop) -> None:
    await shop.stock({Kind.MOVIE: movies(5)})
    answer = await shop.page(Kind.MOVIE, ONE, page=99, limit=100)
    assert (answer["movies"], answer["total"], answer["hasMore"], answer["nextCursor"]) == ([], 5, False, None)


async def test_pages_joined_are_the_list_walked_by_cursor(shop: Shop) -> None:
    await shop.stock({Kind.MOVIE: movies(23)})
    pages = [name for page in range(1, 5) for name in await shop.names(Kind.MOVIE, ONE, page=page, limit=7)]
    assert pages == await shop.walk(Kind.MOVIE, ONE, limit=7) == [f"Movie {number}" for number in range(1, 24)]


async def test_an_unknown_provider_is_not_found(shop: Shop) -> None:
    with pytest.raises(NotFound):
        await shop.page(Kind.MOVIE, "nobody")


async def test_a_provider_without_items_has_an_empty_list(shop: Shop) -> None:
    await shop.stock({})
    answer = await shop.page(Kind.SERIES, ONE, sort="-added")
    assert (answer["total"], answer["series"]) == (0, [])


@pytest.mark.parametrize("category", ["Drama", "dRAMA", "2"])
async def test_a_category_is_meant_by_its_name_in_any_case_and_by_its_own_id(shop: Shop, category: str) -> None:
    items = [*movies(3), record(Kind.MOVIE, 9, category_ids=("2",)), record(Kind.MOVIE, 10, category_ids=("1", "2"))]
    await shop.stock({Kind.MOVIE: items}, categories=("Comedy", "Drama"))
    answer = await shop.page(Kind.MOVIE, ONE, category=category)
    assert [item["name"] for item in answer["movies"]] == ["Movie 9", "Movie 10"]
    assert answer["total"] == 2
    public = answer["movies"][0]["categoryId"]
    assert await shop.names(Kind.MOVIE, ONE, category=public) == ["Movie 9", "Movie 10"]


async def test_a_category_that_does_not_exist_holds_nothing(shop: Shop) -> None:
    await shop.stock({Kind.MOVIE: movies(3)})
    answer = await shop.page(Kind.MOVIE, ONE, category="nowhere", sort="name")
    assert (answer["total"], answer["movies"], answer["hasMore"]) == (0, [], False)


async def test_two_categories_of_one_name_are_read_together(shop: Shop) -> None:
    items = [record(Kind.MOVIE, n, category_ids=(str(n % 2 + 1),)) for n in range(1, 7)]
    await shop.stock({Kind.MOVIE: items}, categories=("Same", "same"))
    assert (await shop.page(Kind.MOVIE, ONE, category="Same"))["total"] == 6
    assert await shop.walk(Kind.MOVIE, ONE, category="Same", limit=2) == [f"Movie {n}" for n in range(1, 7)]


async def test_names_are_sorted_without_articles_accents_and_case(shop: Shop) -> None:
    await shop.stock({Kind.MOVIE: named(["Zulu", "The Abyss", "élite", "Dune", "(Anna)"])})
    expected = ["The Abyss", "(Anna)", "Dune", "élite", "Zulu"]
    assert await shop.names(Kind.MOVIE, ONE, sort="name") == expected
    assert await shop.walk(Kind.MOVIE, ONE, sort="name", limit=2) == expected
    assert await shop.walk(Kind.MOVIE, ONE, sort="-name", limit=2) == expected[::-1]


@pytest.mark.parametrize(("sort", "field"), [("-added", "added_at"), ("-rating", "rating"), ("year", "year")])
async def test_what_has_no_value_stands_last_in_either_direction(shop: Shop, sort: str, field: str) -> None:
    scale = 86_400_000 if field == "added_at" else 1
    base = 1990 if field == "year" else 1
    values = [3, None, 1, 2, None, 2]
    items = [
        record(Kind.MOVIE, number, **({} if value is None else {field: (base + value) * scale}))
        for number, value in enumerate(values, 1)
    ]
    await shop.stock({Kind.MOVIE: items})
    word = sort.removeprefix("-")
    up = ["Movie 3", "Movie 4", "Movie 6", "Movie 1", "Movie 2", "Movie 5"]
    down = ["Movie 1", "Movie 6", "Movie 4", "Movie 3", "Movie 2", "Movie 5"]
    for limit in (1, 2, 4, 5, 6):
        assert await shop.walk(Kind.MOVIE, ONE, sort=word, limit=limit) == up
        assert await shop.walk(Kind.MOVIE, ONE, sort=f"-{word}", limit=limit) == down
        pages = [
            name
            for page in range(1, 8)
            for name in await shop.names(Kind.MOVIE, ONE, sort=word, page=page, limit=limit)
        ]
        assert pages == up


async def test_channels_come_by_number_and_those_without_one_last(shop: Shop) -> None:
    numbers = [7.1, None, 2, 7, 100]
    items: list[Record] = [
        ChannelRecord(external_id=str(place), name=f"Channel {place}", number=number)
        for place, number in enumerate(numbers, 1)
    ]
    await shop.stock({Kind.CHANNEL: items})
    by_number = ["Channel 3", "Channel 4", "Channel 1", "Channel 5", "Channel 2"]
    assert await shop.names(Kind.CHANNEL, ONE) == by_number
    assert await shop.walk(Kind.CHANNEL, ONE, limit=2) == by_number
    assert await shop.walk(Kind.CHANNEL, ONE, sort="-number", limit=2) == [*by_number[3::-1], "Channel 2"]
    assert (await shop.page(Kind.CHANNEL, ONE))["channels"][2]["number"] == 7.1


@pytest.mark.parametrize(("kind", "sort"), [(Kind.CHANNEL, "year"), (Kind.MOVIE, "number"), (Kind.MOVIE, "--name")])
async def test_a_sort_that_makes_no_sense_is_named(shop: Shop, kind: Kind, sort: str) -> None:
    with pytest.raises(Invalid) as raised:
        await shop.page(kind, sort=sort)
    assert raised.value.errors[0][0] == "sort"


async def test_what_was_taken_away_is_found_only_when_asked_for(shop: Shop) -> None:
    pk = await shop.stock({Kind.MOVIE: movies(5)})
    await shop.stock({Kind.MOVIE: movies(3)}, pk=pk)
    assert (await shop.page(Kind.MOVIE, ONE))["total"] == 3
    gone = await shop.page(Kind.MOVIE, ONE, active=False)
    assert ([item["name"] for item in gone["movies"]], gone["total"]) == (["Movie 4", "Movie 5"], 2)
    assert [item["isActive"] for item in gone["movies"]] == [False, False]
    assert len(await shop.names(Kind.MOVIE, ONE, active=None)) == 5


@pytest.mark.parametrize("sort", [None, "name", "-name", "-added", "year"])
async def test_lists_across_providers_are_one_list(shop: Shop, sort: str | None) -> None:
    times = [None, 5, 3, None, 8, 3, 1]
    for name in ("one", "two", "three"):
        items = [
            record(
                Kind.MOVIE,
                number,
                name=f"Film {number} {name}",
                added_at=time and time * 1000,
                year=time and 2000 + time,
            )
            for number, time in enumerate(times, 1)
        ]
        await shop.stock({Kind.MOVIE: items}, name=name)
    whole = await shop.page(Kind.MOVIE, sort=sort, limit=1000)
    everything = [item["name"] for item in whole["movies"]]
    assert whole["total"] == len(set(everything)) == 21
    for limit in (1, 4, 10, 20):
        assert await shop.walk(Kind.MOVIE, sort=sort, limit=limit) == everything
        numbered = [
            name for page in range(1, 23) for name in await shop.names(Kind.MOVIE, sort=sort, page=page, limit=limit)
        ]
        assert numbered == everything
    assert set(await shop.names(Kind.MOVIE, TWO, sort=sort)) == {f"Film {number} two" for number in range(1, 8)}


async def test_an_item_has_its_document_and_what_else_was_said(shop: Shop) -> None:
    await shop.stock({Kind.MOVIE: [record(Kind.MOVIE, 1, extra={"ageLimit": 12}), record(Kind.MOVIE, 2)]})
    listed = (await shop.page(Kind.MOVIE, ONE))["movies"]
    for item, extra in zip(listed, ({"ageLimit": 12}, {}), strict=True):
        assert await shop.item(Kind.MOVIE, item["id"]) == {**item, "extra": extra}
    with pytest.raises(NotFound):
        await shop.item(Kind.SERIES, listed[0]["id"])


async def test_totals_follow_the_catalogue(shop: Shop) -> None:
    pk = await shop.stock({Kind.MOVIE: movies(3)})
    stats = await shop.browse.stats(ONE)
    assert (stats.total_movies, stats.total_series, stats.total_categories, stats.version) == (3, 0, 3, None)
    await shop.publish(pk)
    assert (await shop.page(Kind.MOVIE, ONE))["total"] == 3
    await shop.stock({Kind.MOVIE: movies(8)}, pk=pk)
    await shop.publish(pk)
    assert (await shop.page(Kind.MOVIE, ONE))["total"] == 8
    assert (await shop.browse.stats(ONE)).version == "e1.2"
