from base64 import urlsafe_b64decode, urlsafe_b64encode

import orjson
import pytest

from app.browse.categories import CategoryWish
from app.core.errors import Invalid
from app.domain.kinds import Kind
from tests.browse.conftest import Shop, movies

ONE = "oneaaaaaaaaaaaaa"


async def cursor_of(shop: Shop, **wish: object) -> str:
    return str((await shop.page(Kind.MOVIE, ONE, limit=2, **wish))["nextCursor"])


async def test_a_cursor_belongs_to_its_sort_and_filters(shop: Shop) -> None:
    await shop.stock({Kind.MOVIE: movies(9)})
    cursor = await cursor_of(shop)
    for other in ({"sort": "name"}, {"search": "movie"}, {"category": "One"}, {"active": None}):
        with pytest.raises(Invalid) as raised:
            await shop.page(Kind.MOVIE, ONE, cursor=cursor, **other)
        assert raised.value.errors[0][0] == "cursor"
    with pytest.raises(Invalid):
        await shop.page(Kind.MOVIE, cursor=cursor)
    with pytest.raises(Invalid):
        await shop.page(Kind.SERIES, ONE, cursor=cursor)


@pytest.mark.parametrize("text", ["", "x", "💥", "AAAA", "WzEsMl0", "null", "=" * 50, "e30"])
async def test_what_is_no_cursor_is_refused(shop: Shop, text: str) -> None:
    await shop.stock({Kind.MOVIE: movies(3)})
    with pytest.raises(Invalid) as raised:
        await shop.page(Kind.MOVIE, ONE, cursor=text)
    assert raised.value.errors[0][0] == "cursor"


@pytest.mark.parametrize(
    "change",
    [{1: 0}, {1: 2**40}, {2: 5}, {2: -1}, {3: 5}, {3: None}, {3: "a\0"}, {4: 2**70}, {5: -1}, {5: 2**31}, {3: True}],
)
async def test_a_forged_cursor_is_refused_before_the_database_sees_it(shop: Shop, change: dict[int, object]) -> None:
    await shop.stock({Kind.MOVIE: movies(9)})
    cursor = await cursor_of(shop, sort="name")
    parts = orjson.loads(_decoded(cursor))
    for place, value in change.items():
        parts[place] = value
    forged = urlsafe_b64encode(orjson.dumps(parts) if 2**70 not in parts else _huge(parts)).decode().rstrip("=")
    with pytest.raises(Invalid):
        await shop.page(Kind.MOVIE, ONE, sort="name", cursor=forged)


async def test_a_time_beyond_all_times_is_refused(shop: Shop) -> None:
    await shop.stock({Kind.MOVIE: movies(9, added_at=1000)})
    parts = orjson.loads(_decoded(await cursor_of(shop, sort="-added")))
    parts[3] = "KEY"
    raw = orjson.dumps(parts).replace(b'"KEY"', str(2**63).encode())
    with pytest.raises(Invalid):
        await shop.page(Kind.MOVIE, ONE, sort="-added", cursor=urlsafe_b64encode(raw).decode())


async def test_an_answer_to_a_cursor_knows_its_page(shop: Shop) -> None:
    await shop.stock({Kind.MOVIE: movies(9)})
    second = await shop.page(Kind.MOVIE, ONE, limit=2, cursor=await cursor_of(shop))
    assert (second["page"], second["total"]) == (2, 9)
    third = await shop.page(Kind.MOVIE, ONE, limit=2, cursor=second["nextCursor"])
    assert third["page"] == 3


async def test_rows_that_appear_meanwhile_shift_nothing(shop: Shop) -> None:
    pk = await shop.stock({Kind.MOVIE: movies(6)})
    cursor = await cursor_of(shop)
    await shop.stock({Kind.MOVIE: movies(8)[::-1]}, pk=pk)
    answer = await shop.page(Kind.MOVIE, ONE, limit=100, cursor=cursor)
    assert [item["name"] for item in answer["movies"]][:4] == ["Movie 3", "Movie 4", "Movie 5", "Movie 6"]


async def test_categories_have_counts_filters_and_cursors(shop: Shop) -> None:
    items = movies(3, category_ids=("1",)) + movies(5, category_ids=("3",))[3:]
    await shop.stock({Kind.MOVIE: items}, categories=("Comédie", "Drama", "Crime comedy"))

    async def ask(**wish: object) -> dict[str, object]:
        answer: dict[str, object] = orjson.loads(await shop.browse.categories(CategoryWish(**wish), ONE))  # type: ignore[arg-type]
        return answer

    rows = orjson.loads(await shop.browse.categories(CategoryWish(kind=Kind.MOVIE), ONE))["categories"]
    assert [(row["name"], row["count"], row["kind"], row["externalId"]) for row in rows] == [
        ("Comédie", 3, "movie", "1"),
        ("Drama", 0, "movie", "2"),
        ("Crime comedy", 2, "movie", "3"),
    ]
    assert set(rows[0]) == {"id", "providerId", "externalId", "kind", "name", "position", "count", "isActive"}
    assert (await ask())["total"] == 9
    assert (await ask(kind=Kind.MOVIE, search="cri"))["total"] == 1
    assert (await ask(kind=Kind.MOVIE, search="com"))["total"] == 2
    assert (await ask(name="drama"))["total"] == 3
    first = await ask(kind=Kind.MOVIE, sort="name", limit=2)
    second = await ask(kind=Kind.MOVIE, sort="name", limit=2, cursor=first["nextCursor"])
    found = [row["name"] for answer in (first, second) for row in answer["categories"]]  # type: ignore[attr-defined]
    assert found == ["Comédie", "Crime comedy", "Drama"]
    assert (second["hasMore"], second["nextCursor"], second["page"]) == (False, None, 2)
    with pytest.raises(Invalid):
        await ask(kind=Kind.MOVIE, cursor=first["nextCursor"])
    with pytest.raises(Invalid):
        await ask(sort="-rating")


def _decoded(cursor: str) -> bytes:
    return urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))


def _huge(parts: list[object]) -> bytes:
    marked = ["HUGE" if part == 2**70 else part for part in parts]
    return orjson.dumps(marked).replace(b'"HUGE"', str(2**70).encode())
