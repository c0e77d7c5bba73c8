import pytest
from sqlalchemy import text

from app.db import search
from app.db.engine import Database
from app.domain.kinds import Kind
from app.domain.records import Record
from tests.browse.conftest import Shop, movies
from tests.support.scripted import record

ONE = "oneaaaaaaaaaaaaa"
NAMES = [
    "Amélie",
    "The Fabulous Amelia",
    "Амели",
    "Ocean's Eleven",
    "11:14",
    "Star Wars: Episode IV",
    "!!!",
    "and or not",
]


def shelf() -> dict[Kind, list[Record]]:
    return {Kind.MOVIE: [record(Kind.MOVIE, number, name=name) for number, name in enumerate(NAMES, 1)]}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("amel", ["Amélie", "The Fabulous Amelia", "Амели"]),
        ("AMÉLIE", ["Amélie"]),
        ("амел", ["Amélie", "The Fabulous Amelia", "Амели"]),
        ("fab ame", ["The Fabulous Amelia"]),
        ("ame fab", ["The Fabulous Amelia"]),
        ("melie", []),
        ("11", ["11:14"]),
        ("iv wars", ["Star Wars: Episode IV"]),
        ("ocean's", ["Ocean's Eleven"]),
        ("and", ["and or not"]),
        ("OR", ["and or not"]),
        ("not and", ["and or not"]),
        ('"star', ["Star Wars: Episode IV"]),
        ("star*", ["Star Wars: Episode IV"]),
        ("star' OR 1=1", []),
    ],
)
async def test_every_word_is_a_prefix_of_some_word(shop: Shop, asked: str, found: list[str]) -> None:
    await shop.stock(shelf())
    answer = await shop.page(Kind.MOVIE, ONE, search=asked)
    assert [item["name"] for item in answer["movies"]] == found
    assert answer["total"] == len(found)


@pytest.mark.parametrize("asked", ["", "   ", "!!!", "'\"*()&|:-", "\\", "\0"])
async def test_a_search_without_words_filters_nothing(shop: Shop, asked: str) -> None:
    await shop.stock(shelf())
    assert (await shop.page(Kind.MOVIE, ONE, search=asked))["total"] == len(NAMES)


async def test_a_search_walks_in_any_order_and_within_a_category(shop: Shop) -> None:
    items = [
        record(Kind.MOVIE, n, name=f"Red {n:02}", category_ids=(str(n % 2 + 1),), added_at=n * 1000)
        for n in range(1, 21)
    ]
    await shop.stock({Kind.MOVIE: items}, categories=("Odd", "Even"))
    expected = [f"Red {n:02}" for n in range(1, 21)]
    assert await shop.walk(Kind.MOVIE, ONE, search="red", limit=3) == expected
    assert await shop.walk(Kind.MOVIE, ONE, search="red", sort="-added", limit=3) == expected[::-1]
    assert await shop.walk(Kind.MOVIE, search="red", category="odd", limit=3) == expected[1::2]
    assert await shop.names(Kind.MOVIE, ONE, search="red 07") == ["Red 07"]


async def test_kinds_and_providers_do_not_answer_for_each_other(shop: Shop) -> None:
    await shop.stock({Kind.MOVIE: movies(3), Kind.SERIES: [record(Kind.SERIES, 1, name="Movie night")]})
    await shop.stock({Kind.MOVIE: movies(2)}, name="two")
    assert await shop.names(Kind.SERIES, ONE, search="movie") == ["Movie night"]
    assert (await shop.page(Kind.MOVIE, "twoaaaaaaaaaaaaa", search="movie"))["total"] == 2
    assert (await shop.page(Kind.MOVIE, search="movie"))["total"] == 5


async def test_a_renamed_item_is_found_by_its_new_name_alone(shop: Shop) -> None:
    pk = await shop.stock(shelf())
    lists = shelf()
    lists[Kind.MOVIE][0] = record(Kind.MOVIE, 1, name="Paris")
    await shop.stock(lists, pk=pk)
    assert await shop.names(Kind.MOVIE, ONE, search="paris") == ["Paris"]
    assert await shop.names(Kind.MOVIE, ONE, search="amelie") == []


async def test_what_was_taken_away_can_still_be_searched_for(shop: Shop) -> None:
    pk = await shop.stock({Kind.MOVIE: movies(4)})
    await shop.stock({Kind.MOVIE: movies(3)}, pk=pk)
    assert await shop.names(Kind.MOVIE, ONE, search="movie 4") == []
    assert await shop.names(Kind.MOVIE, ONE, search="movie 4", active=False) == ["Movie 4"]


async def test_the_index_can_be_rebuilt_from_the_rows(shop: Shop) -> None:
    pk = await shop.stock({Kind.MOVIE: movies(5)})
    async with shop.database.writer() as writer:
        await search.forget(writer, pk)
        await writer.execute(text("UPDATE movie SET search_text = 'other words' WHERE ordinal = 2"))
    assert await shop.names(Kind.MOVIE, ONE, search="movie") == []
    async with shop.database.writer() as writer:
        await search.refresh(writer, provider_pk=pk, kind=Kind.MOVIE, ordinals=[0, 2])
    assert await shop.names(Kind.MOVIE, ONE, search="movie") == ["Movie 1"]
    async with shop.database.writer() as writer:
        await search.refresh(writer, provider_pk=pk, kind=Kind.MOVIE)
    assert await shop.names(Kind.MOVIE, ONE, search="movie") == ["Movie 1", "Movie 2", "Movie 4", "Movie 5"]
    assert await shop.names(Kind.MOVIE, ONE, search="oth wor") == ["Movie 3"]


async def test_forgetting_goes_in_bites_and_spares_others(shop: Shop) -> None:
    pk = await shop.stock({Kind.MOVIE: movies(5)})
    await shop.stock({Kind.MOVIE: movies(3)}, name="two")
    gone: list[int] = []
    while not gone or gone[-1]:
        async with shop.database.writer() as writer:
            gone.append(await search.forget(writer, pk, limit=2))
    assert gone == [2, 2, 1, 0]
    assert await _entries(shop.database) == 3


async def _entries(database: Database) -> int:
    async with database.reader() as reader:
        return int(await reader.scalar(text("SELECT count(*) FROM search_index")))
