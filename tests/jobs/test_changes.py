import time
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from app.core.errors import NotFound
from app.db.bulk import insert_rows
from app.db.engine import Database
from app.db.tables import Category, JobChange
from app.domain.kinds import Kind
from app.domain.ordinals import OrdinalSet
from app.jobs.changes import ItemChange, JobChanges, Op, Places
from app.jobs.requests import JobRequests

COLUMNS = (
    *("provider_pk", "ordinal", "id", "external_id", "fingerprint", "is_active", "name", "sort_name", "search_text"),
    *("updated_at", "locator"),
)
stories = st.lists(st.tuples(st.sampled_from(Op), st.sets(st.integers(0, 40))), max_size=8)


@pytest.fixture
def changes(database: Database) -> JobChanges:
    return JobChanges(database)


@pytest.fixture
async def job_id(requests: JobRequests, provider_pk: int) -> str:
    return (await requests.start(provider_pk)).job_id


async def add_items(database: Database, kind: Kind, count: int) -> None:
    number = ("sort_number",) if kind is Kind.CHANNEL else ()
    rows = [
        (1, place, f"{kind.value}-{place}", str(place), 0, True, f"{kind.value.title()} {place}", "", "", 0, b"{}")
        + (1.0,) * len(number)
        for place in range(count)
    ]
    async with database.writer() as writer:
        await insert_rows(writer, kind.value, (*COLUMNS, *number), rows)


async def tell(database: Database, job_id: str, kind: Kind, op: Op, places: Sequence[int]) -> None:
    row = {"job_id": job_id, "provider_pk": 1, "kind": kind.number, "op": op, "ordinals": OrdinalSet(places).pack()}
    async with database.writer() as writer:
        await writer.execute(insert(JobChange).values(**row))


async def add_categories(database: Database, job_id: str) -> None:
    """One that is there, one that was removed and is named by nothing but its row, one that only the log knows."""
    stored = {"provider_pk": 1, "kind": "movie", "external_id": "1", "position": 0, "updated_at": 0}
    columns = ("provider_pk", "version", "job_id", "kind", "item_id", "op", "document")
    log: list[tuple[Any, ...]] = [
        (1, 1, job_id, "category", "c1", "added", b'{"name":"Old name"}'),
        (1, 1, job_id, "movie", "movie-1", "added", b"{}"),
        (1, 1, job_id, "category", "c2", "removed", None),
        (1, 1, job_id, "category", "c1", "updated", b'{"name":"France"}'),
        (1, 1, job_id, "category", "c3", "updated", b'{"name":"Gone since"}'),
        (1, 1, "other", "category", "c9", "added", b"{}"),
    ]
    async with database.writer() as writer:
        for public, name in (("c1", "France"), ("c2", "Italy")):
            await writer.execute(insert(Category).values(id=public, name=name, **stored))
        await insert_rows(writer, "change", columns, log)


async def listed(changes: JobChanges, job_id: str, **wanted: Any) -> list[tuple[str, str, str]]:
    found, total = await changes.page(job_id, **wanted)
    assert total == len(found)
    return [(one.kind, one.op.value, one.id) for one in found]


async def test_what_a_job_changed_is_listed_by_kind_and_place(
    database: Database, changes: JobChanges, job_id: str
) -> None:
    for kind in Kind:
        await add_items(database, kind, 6)
    await add_categories(database, job_id)
    await tell(database, job_id, Kind.SERIES, Op.REMOVED, [5])
    await tell(database, job_id, Kind.MOVIE, Op.ADDED, [4, 1])
    await tell(database, job_id, Kind.MOVIE, Op.UPDATED, [3, 1])
    await tell(database, job_id, Kind.CHANNEL, Op.UPDATED, [2])
    movies = [("movie", "added", "movie-1"), ("movie", "updated", "movie-3"), ("movie", "added", "movie-4")]
    categories = [("category", "added", "c1"), ("category", "removed", "c2"), ("category", "updated", "c3")]
    rest = [("channel", "updated", "channel-2"), *movies, ("series", "removed", "series-5"), *categories]
    assert await listed(changes, job_id) == rest
    assert await listed(changes, job_id, kind="movie") == movies
    assert await listed(changes, job_id, kind="category", op=Op.REMOVED) == [categories[1]]
    assert await listed(changes, job_id, op=Op.REMOVED) == [rest[4], categories[1]]
    found, _ = await changes.page(job_id, kind="category")
    assert [one.name for one in found] == ["France", "Italy", "Gone since"]
    pages = [(await changes.page(job_id, page=page, limit=3))[0] for page in range(1, 5)]
    assert [(one.kind, one.op.value, one.id) for page in pages for one in page] == rest
    assert (await changes.page(job_id, kind="movie", page=2, limit=2))[1] == 3


async def test_what_is_told_later_is_shown_at_once(database: Database, changes: JobChanges, job_id: str) -> None:
    await add_items(database, Kind.MOVIE, 3)
    assert await listed(changes, job_id) == []
    await tell(database, job_id, Kind.MOVIE, Op.ADDED, [0, 1])
    assert len(await listed(changes, job_id)) == 2
    await tell(database, job_id, Kind.MOVIE, Op.REMOVED, [1])
    expected = ItemChange(kind="movie", op=Op.REMOVED, id="movie-1", name="Movie 1")
    assert (await changes.page(job_id))[0][1] == expected


async def test_a_job_that_is_not_there_is_not_found(changes: JobChanges) -> None:
    with pytest.raises(NotFound):
        await changes.page("nothing")


async def test_the_last_page_of_100_000_changes_costs_what_the_first_does(
    database: Database, changes: JobChanges, job_id: str
) -> None:
    await add_items(database, Kind.MOVIE, 100_000)
    for start in range(0, 100_000, 1_000):
        await tell(database, job_id, Kind.MOVIE, Op.ADDED, range(start, start + 1_000))
    await changes.page(job_id)
    took = []
    for page in (1, 1_000):
        began = time.perf_counter()
        found, total = await changes.page(job_id, page=page)
        took.append(time.perf_counter() - began)
        assert (len(found), total, found[-1].id) == (100, 100_000, f"movie-{page * 100 - 1}")
    assert took[1] < 5 * took[0] + 0.05


@given(stories)
def test_an_item_stands_under_one_op(story: list[tuple[Op, set[int]]]) -> None:
    places, expected = Places(), dict[int, Op]()
    for op, told in story:
        places.tell(op, OrdinalSet(told))
        for place in told:
            was_added = op is Op.UPDATED and expected.get(place) is Op.ADDED
            expected[place] = Op.ADDED if was_added else op
    assert {place: places.op_of(place) for place in places.chosen(None)} == expected
    assert {op: set(places.chosen(op)) for op in Op} == {
        op: {place for place, one in expected.items() if one is op} for op in Op
    }
