"""Walks of the newest items: what they bring, when they stop, what they leave alone."""

from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.core.errors import Unavailable
from app.db.engine import Database
from app.db.tables import metadata
from app.domain.kinds import Kind, StepStatus
from app.domain.records import CategoryRecord, Record
from app.providers.base import Scope
from app.simulator.lists import Lists
from app.sync.newest import MOST_PAGES, STOP_AFTER, Newest
from tests.support.scripted import (
    ScriptedProvider,
    active_ids,
    add_job,
    add_provider,
    counts,
    record,
    run,
    run_and_lose,
    sync,
)
from tests.sync.test_drift import PANEL, SPEC, STOCK, VOD, Copy, copy_of

MOVIE = Kind.MOVIE
DAY = 86_400_000
NEW = {"mode": "incremental", "only": ["movies"]}
PROVIDER, WALK = (metadata.tables[name] for name in ("provider", "walk"))


def film(number: int, **fields: Any) -> Record:
    return record(MOVIE, number, added_at=number * DAY, **fields)


def portal(newest: int, **fields: Any) -> ScriptedProvider:
    """Films `newest` down to 1, newest first."""
    return ScriptedProvider(lists={MOVIE: [film(number) for number in range(newest, 0, -1)]}, newest=True, **fields)


def pages(provider: ScriptedProvider) -> list[int]:
    return [number for name, number in provider.asked if name == "movie:new"]


async def test_stops_after_five_quiet_pages_and_asks_for_none_behind_them(database: Database) -> None:
    pk = await add_provider(database)
    await sync(database, pk, portal(1_000))
    provider = portal(1_025, parallel=50)  # three pages hold something new
    (_, step) = await sync(database, pk, provider, **NEW)
    assert step.status is StepStatus.COMPLETED
    assert sorted(pages(provider)) == list(range(1, 3 + STOP_AFTER + 1))
    assert len(await active_ids(database, MOVIE, pk)) == 1_025


async def test_a_change_on_a_later_page_starts_the_count_anew(database: Database) -> None:
    pk = await add_provider(database)
    await sync(database, pk, portal(1_000))
    provider = portal(1_000, parallel=8)
    provider.lists[MOVIE][43] = film(957, name="Renamed")  # on page 5
    await sync(database, pk, provider, **NEW)
    assert max(pages(provider)) == 5 + STOP_AFTER
    assert (await counts(database))["movies"]["updated"] == 1


async def test_a_list_full_of_news_is_left_after_a_hundred_pages(database: Database) -> None:
    pk = await add_provider(database)
    await sync(database, pk, portal(10))
    provider = portal(1_500)
    await sync(database, pk, provider, **NEW)
    assert max(pages(provider)) == MOST_PAGES
    assert len(await active_ids(database, MOVIE, pk)) == 1_010


async def test_the_newest_alone_remove_nothing_and_forget_nothing(database: Database) -> None:
    pk = await add_provider(database)
    await sync(database, pk, portal(100))
    await sync(database, pk, portal(40))  # held back by the drop guard, and remembered
    async with database.reader() as reader:
        remembered = await reader.scalar(select(WALK.c.missing))
        walked = await reader.scalar(select(PROVIDER.c.movies_walked_at))
    assert remembered
    await sync(database, pk, portal(30), **NEW)
    assert len(await active_ids(database, MOVIE, pk)) == 100
    async with database.reader() as reader:
        assert await reader.scalar(select(WALK.c.missing)) == remembered
        assert await reader.scalar(select(PROVIDER.c.movies_walked_at)) == walked
    assert (await counts(database))["movies"]["status"] == StepStatus.COMPLETED


async def test_an_item_seen_in_one_of_its_categories_stays_in_the_others(database: Database) -> None:
    pk = await add_provider(database)
    listed = {MOVIE: [CategoryRecord(external_id=str(number), name=f"C{number}", position=number) for number in (1, 2)]}
    provider = portal(60, categories_of=listed)
    provider.lists[MOVIE].append(film(60, category_ids=("2",)))
    await sync(database, pk, provider)
    again = portal(60, categories_of=listed)
    await sync(database, pk, again, **NEW)
    assert (await counts(database))["movies"]["updated"] == 0
    async with database.reader() as reader:
        members = metadata.tables["item_category"]
        assert await reader.scalar(select(func.count()).select_from(members)) == 61


@pytest.mark.parametrize("lost_at", [2, 4, 7])
async def test_counts_quiet_pages_on_over_a_crash(database: Database, lost_at: int) -> None:
    pk = await add_provider(database)
    await sync(database, pk, portal(1_000))
    job_id = await add_job(database, pk, **NEW)

    def die(scope: Scope, number: int) -> None:
        if number == lost_at:
            raise ConnectionError("the worker is killed here")

    fresh = portal(1_025, on_page=die)
    with pytest.raises(ConnectionError):
        await run_and_lose(database, pk, fresh, job_id)
    again = portal(1_025)
    await run(database, pk, again, job_id)
    assert sorted(pages(again)) == [1, *range(lost_at, 3 + STOP_AFTER + 1)]
    assert len(await active_ids(database, MOVIE, pk)) == 1_025
    assert (await counts(database, job_id))["movies"]["added"] == 25


async def test_a_page_that_is_lost_makes_the_step_partial(database: Database) -> None:
    pk = await add_provider(database)
    await sync(database, pk, portal(1_000))

    def lose(scope: Scope, number: int) -> None:
        if number == 3:
            raise Unavailable("The portal did not answer.")

    provider = portal(1_000, on_page=lose)
    (_, step) = await sync(database, pk, provider, **NEW)
    assert step.status is StepStatus.PARTIAL
    assert "could not be fetched" in str(step.error)
    assert max(pages(provider)) == 3 + STOP_AFTER  # what was on the lost page is not known to be old


@pytest.mark.parametrize("dates", ["shuffled", "absent", "oldest first"])
async def test_a_list_that_is_not_newest_first_is_walked_in_full(database: Database, dates: str) -> None:
    pk = await add_provider(database)
    provider = portal(200)
    if dates == "absent":
        provider.lists[MOVIE] = [record(MOVIE, number) for number in range(1, 201)]
    elif dates == "shuffled":
        provider.lists[MOVIE].sort(key=lambda one: hash(one.external_id) % 97)
    else:
        provider.lists[MOVIE].reverse()
    await sync(database, pk, provider)
    del provider.lists[MOVIE][150]
    provider.asked.clear()
    (_, step) = await sync(database, pk, provider, **NEW)
    assert step.status is StepStatus.COMPLETED
    assert max(pages(provider)) <= 2
    assert max(number for name, number in provider.asked if name == "movie") == 21
    assert len(await active_ids(database, MOVIE, pk)) == 199  # a full walk, which may sweep


async def test_a_job_that_went_over_to_a_full_walk_goes_on_with_it_after_a_crash(database: Database) -> None:
    pk = await add_provider(database)
    lists = {MOVIE: [record(MOVIE, number) for number in range(1, 3_001)]}
    await sync(database, pk, ScriptedProvider(lists=lists, newest=True))
    job_id = await add_job(database, pk, **NEW)

    def die(scope: Scope, number: int) -> None:
        if number == 200:
            raise ConnectionError("the worker is killed here")

    with pytest.raises(ConnectionError):
        await run_and_lose(database, pk, ScriptedProvider(lists=lists, newest=True, on_page=die), job_id)
    again = ScriptedProvider(lists=lists, newest=True)
    await run(database, pk, again, job_id)
    assert pages(again) == []
    assert (await counts(database, job_id))["movies"]["fetched"] == 3_000


async def test_a_first_load_by_this_mode_that_crashes_is_still_a_full_one(database: Database) -> None:
    pk = await add_provider(database)
    job_id = await add_job(database, pk, **NEW)

    def die(scope: Scope, number: int) -> None:
        if number == 250:
            raise ConnectionError("the worker is killed here")

    with pytest.raises(ConnectionError):
        await run_and_lose(database, pk, portal(3_000, on_page=die), job_id)
    assert await active_ids(database, MOVIE, pk)
    await run(database, pk, portal(3_000), job_id)
    assert len(await active_ids(database, MOVIE, pk)) == 3_000


async def test_a_full_walk_is_due_again_after_its_hours_and_only_a_proven_one_counts(database: Database) -> None:
    pk = await add_provider(database)

    async def walked(provider: ScriptedProvider) -> set[str]:
        provider.lists[Kind.CHANNEL] = [record(Kind.CHANNEL, 1)]
        await sync(database, pk, provider, mode="auto")
        return {name for name, _ in provider.asked}

    assert await walked(portal(100)) == {"channel", "movie"}
    assert await walked(portal(100)) == {"channel", "movie:new"}
    async with database.writer() as writer:
        old = PROVIDER.c.movies_walked_at - 168 * 3_600_000
        await writer.execute(update(PROVIDER).values(movies_walked_at=old))
    # Half of the list is held back: the walk is partial, so that the next one is full again.
    assert await walked(portal(40)) == {"channel", "movie"}
    assert await walked(portal(100)) == {"channel", "movie"}
    assert await walked(portal(100)) == {"channel", "movie:new"}
    async with database.writer() as writer:
        await writer.execute(update(PROVIDER).values(options={"fullEveryHours": 0}))
    assert await walked(portal(100)) == {"channel", "movie"}


async def changed(copy: Copy) -> dict[Kind, set[str]]:
    """Ids of what the present version of the portal removed."""
    return {kind: await copy.ids(kind) - copy.portal.expected_ids(kind) for kind in Kind}


@pytest.mark.parametrize("adapter", [STOCK, PANEL], ids=["stock", "panel"])
async def test_after_versions_of_changes_only_removals_and_deep_changes_are_left_to_a_full_walk(
    database: Database, adapter: Any
) -> None:
    async with copy_of(database, adapter, SPEC, hide_adult=True) as copy:
        await copy.sync()
        for version in range(2, 6):
            copy.portal.set_version(version)
            statuses = await copy.sync(mode="auto")
            assert set(statuses.values()) == {StepStatus.COMPLETED}
            for kind in VOD:
                assert copy.portal.expected_ids(kind) <= await copy.ids(kind)
        assert await copy.ids(Kind.CHANNEL) == copy.portal.expected_ids(Kind.CHANNEL)
        assert any((await changed(copy)).values())
        await copy.sync()
        assert await copy.is_exact()


async def test_a_portal_that_ignores_the_wish_for_the_newest_is_walked_in_full(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with copy_of(database, STOCK) as copy:
        await copy.sync()
        copy.portal.set_version(2)
        lists = copy.portal.lists
        monkeypatch.setattr(lists, "ids", lambda name, _, category: Lists.ids(lists, name, "name", category))
        await copy.sync(mode="auto")
        assert await copy.is_exact()


def test_room_is_what_is_needed_at_least() -> None:
    rule = Newest()
    for number, quiet in enumerate([True, True, False, True, None, True, True, True, True], 1):
        assert not rule.over
        assert rule.room <= STOP_AFTER - rule.quiet
        rule.take(number, quiet=quiet)
    assert rule.over
    assert Newest(known=dict.fromkeys(range(1, 6), True)).over
    assert Newest(known={1: True, 3: True}).page == 1
