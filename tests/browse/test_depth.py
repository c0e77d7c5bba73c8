"""Deep pages cost what the first one costs: the plan reads an index from where the last page ended."""

import random
import time
from typing import Any

import pytest
from sqlalchemy import text

from app.db.engine import Database
from app.domain.kinds import Kind
from app.domain.records import Record
from tests.browse.conftest import Shop
from tests.support.scripted import record

ONE = "oneaaaaaaaaaaaaa"
ITEMS = 12_000
PAGE = 20


def many() -> list[Record]:
    draw = random.Random(7)
    return [
        record(
            Kind.MOVIE,
            number,
            name=f"{draw.choice('abcdefghij')}{number:05}",
            category_ids=("1" if number % 4 else "2",),
            added_at=draw.choice([None, draw.randrange(10**12, 2 * 10**12)]),
            rating=draw.choice([None, 6.5, 7.5]),
        )
        for number in range(ITEMS)
    ]


async def milliseconds(shop: Shop, *wishes: dict[str, Any], times: int = 15) -> list[float]:
    """What each costs where nothing disturbs it: asked in turns, the least of all."""
    least = [float("inf")] * len(wishes)
    for _ in range(times):
        for place, wish in enumerate(wishes):
            began = time.perf_counter()
            await shop.page(Kind.MOVIE, ONE, limit=PAGE, **wish)
            least[place] = min(least[place], (time.perf_counter() - began) * 1000)
    return least


async def cursor_at(shop: Shop, share: float, **wish: Any) -> str:
    cursor, seen = None, 0
    while seen < ITEMS * share:
        answer = await shop.page(Kind.MOVIE, ONE, limit=PAGE if seen == 0 else 1000, cursor=cursor, **wish)
        cursor, seen = answer["nextCursor"], seen + len(answer["movies"])
        if cursor is None:
            raise AssertionError(seen)
    return str(cursor)


@pytest.mark.timeout(300)
async def test_a_deep_cursor_costs_what_the_first_page_costs(shop: Shop) -> None:
    await shop.stock({Kind.MOVIE: many()}, categories=("Large", "Small"))
    wishes: list[tuple[dict[str, Any], float]] = [
        ({}, 0.9),
        ({"category": "Large"}, 0.6),
        ({"sort": "name"}, 0.9),
        ({"sort": "-added"}, 0.4),
    ]
    for wish, share in wishes:
        deep = await cursor_at(shop, share, **wish)
        await shop.page(Kind.MOVIE, ONE, limit=PAGE, cursor=deep, **wish)
        first, later = await milliseconds(shop, wish, wish | {"cursor": deep})
        assert later < first * 2 + 1, (wish, first, later)


@pytest.mark.timeout(300)
async def test_sqlite_walks_an_index_without_sorting(sqlite_url: str) -> None:
    statements = {
        "m.sort_name > 'm'": "m.sort_name, m.ordinal",
        "m.added_at IS NOT NULL AND (m.added_at, m.ordinal) < (1500000000000, 5)": "m.added_at DESC, m.ordinal DESC",
        "m.ordinal > 500": "m.ordinal",
    }
    shop = Shop(Database(sqlite_url))
    await shop.stock({Kind.MOVIE: many()[:2000]}, categories=("Large", "Small"))
    async with shop.database.reader() as reader:
        for condition, order in statements.items():
            rows = await reader.rows(
                text(
                    "EXPLAIN QUERY PLAN SELECT m.ordinal FROM movie m "
                    f"WHERE m.provider_pk = 1 AND m.is_active AND {condition} ORDER BY {order} LIMIT 21"
                )
            )
            plan = " ".join(str(row[3]) for row in rows)
            assert "TEMP B-TREE" not in plan, plan
            assert "SEARCH m USING" in plan, plan
    await shop.database.close()
