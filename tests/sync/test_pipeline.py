"""The laws of the sync, on both databases."""

from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from app.core.errors import LeaseLost, Malformed, Rejected, Unavailable
from app.db.engine import Database, Reader
from app.db.tables import metadata
from app.domain.documents import decode
from app.domain.kinds import Kind, StepName, StepStatus
from app.domain.records import CategoryRecord, RejectedRecord
from app.providers.base import Page, Scope, StepReport, Verdict
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

MOVIE = Kind.MOVIE
HEAD, CATEGORY, CHANGE, DOCUMENT, MOVIES, QUARANTINE = (
    metadata.tables[name] for name in ("catalogue_head", "category", "change", "document", "movie", "quarantine")
)


def movies(count: int, **fields: Any) -> ScriptedProvider:
    return ScriptedProvider(lists={MOVIE: [record(MOVIE, number) for number in range(1, count + 1)]}, **fields)


async def places(reader: Reader) -> dict[str, int]:
    return {row.id: row.ordinal for row in await reader.rows(select(MOVIES.c.id, MOVIES.c.ordinal))}


async def status_of(database: Database, pk: int, provider: ScriptedProvider, **fields: Any) -> StepStatus:
    finished = await sync(database, pk, provider, **fields)
    return next(one.status for one in finished if one.step is StepName.MOVIES)


async def test_stores_every_item_in_the_providers_order_whatever_order_pages_arrive_in(database: Database) -> None:
    pk = await add_provider(database)
    provider = movies(95, parallel=8)
    await sync(database, pk, provider)
    assert await active_ids(database, MOVIE, pk) == [str(number) for number in range(1, 96)]
    step = (await counts(database))["movies"]
    assert (step["fetched"], step["added"], step["unchanged"], step["rejected"]) == (95, 95, 0, 0)
    assert step["pages_done"] == 11  # ten with items, one that proves the end


async def test_an_unchanged_sync_writes_no_item_row_and_leaves_nothing_to_publish(database: Database) -> None:
    pk = await add_provider(database)
    await sync(database, pk, movies(30))
    async with database.writer() as writer:
        await writer.execute(update(HEAD).values(pending=False, version=1))
        before = await writer.rows(select(*MOVIES.c).order_by(text("ordinal")))
        logged = await writer.scalar(select(func.count()).select_from(CHANGE))
    await sync(database, pk, movies(30))
    async with database.reader() as reader:
        assert await reader.rows(select(*MOVIES.c).order_by(text("ordinal"))) == before
        assert await reader.scalar(select(HEAD.c.pending)) is False
        assert await reader.scalar(select(func.count()).select_from(CHANGE)) == logged
    step = (await counts(database))["movies"]
    assert (step["fetched"], step["added"], step["updated"], step["unchanged"]) == (30, 0, 0, 30)


async def test_counts_what_was_added_updated_and_removed_and_logs_it(database: Database) -> None:
    pk = await add_provider(database)
    await sync(database, pk, movies(100))
    changed = movies(100)
    changed.lists[MOVIE] = [*changed.lists[MOVIE][5:], record(MOVIE, 500)]
    changed.lists[MOVIE][0] = record(MOVIE, 6, name="Renamed")
    await sync(database, pk, changed)
    step = (await counts(database))["movies"]
    assert {key: step[key] for key in ("fetched", "added", "updated", "unchanged", "removed")} == {
        "fetched": 96,
        "added": 1,
        "updated": 1,
        "unchanged": 94,
        "removed": 5,
    }
    async with database.reader() as reader:
        ops = await reader.rows(
            select(CHANGE.c.op, func.count())
            .where(CHANGE.c.kind == "movie")
            .group_by(CHANGE.c.op)
            .order_by(CHANGE.c.op)
        )
    assert [tuple(row) for row in ops] == [("added", 1), ("removed", 5), ("updated", 1)]


async def test_a_removed_item_keeps_its_row_its_place_and_its_id_and_comes_back_under_them(database: Database) -> None:
    pk = await add_provider(database)
    await sync(database, pk, movies(30))
    async with database.reader() as reader:
        before = await places(reader)
    less = movies(30)
    del less.lists[MOVIE][3]
    await sync(database, pk, less)
    async with database.reader() as reader:
        body = await reader.scalar(select(DOCUMENT.c.body).where(DOCUMENT.c.ordinal == 3))
    assert decode(MOVIE, body).is_active is False
    await sync(database, pk, movies(30))
    async with database.reader() as reader:
        assert await places(reader) == before
        body = await reader.scalar(select(DOCUMENT.c.body).where(DOCUMENT.c.ordinal == 3))
    assert decode(MOVIE, body).is_active is True
    assert (await counts(database))["movies"]["added"] == 1


@pytest.mark.parametrize(("left", "kept"), [(0, 100), (50, 100), (79, 100), (80, 80), (95, 95)])
async def test_the_drop_guard_keeps_a_catalogue_that_suddenly_shrinks(database: Database, left: int, kept: int) -> None:
    pk = await add_provider(database)
    await sync(database, pk, movies(100))
    status = await status_of(database, pk, movies(left))
    assert len(await active_ids(database, MOVIE, pk)) == kept
    assert status is (StepStatus.PARTIAL if kept == 100 else StepStatus.COMPLETED)


async def test_two_complete_walks_in_a_row_that_agree_may_sweep(database: Database) -> None:
    pk = await add_provider(database)
    await sync(database, pk, movies(100))
    assert await status_of(database, pk, movies(40)) is StepStatus.PARTIAL
    assert await status_of(database, pk, movies(40)) is StepStatus.COMPLETED
    assert len(await active_ids(database, MOVIE, pk)) == 40


async def test_only_what_both_walks_missed_is_swept(database: Database) -> None:
    pk = await add_provider(database)
    await sync(database, pk, movies(100))
    await sync(database, pk, movies(50))
    other = movies(100)
    other.lists[MOVIE] = other.lists[MOVIE][:10] + other.lists[MOVIE][70:]
    await sync(database, pk, other)
    assert await active_ids(database, MOVIE, pk) == [str(n) for n in range(1, 101) if not 51 <= n <= 70]


async def test_force_overrules_the_drop_guard(database: Database) -> None:
    pk = await add_provider(database)
    await sync(database, pk, movies(100))
    assert await status_of(database, pk, movies(10), force=True) is StepStatus.COMPLETED
    assert len(await active_ids(database, MOVIE, pk)) == 10


async def test_a_walk_that_is_not_proven_sweeps_nothing_even_by_force(database: Database) -> None:
    pk = await add_provider(database)
    await sync(database, pk, movies(100))
    unsure = movies(95)
    unsure.verdict = lambda _: Verdict(proven=False, doubt="The portal's totals disagree.")
    finished = await sync(database, pk, unsure, force=True)
    step = next(one for one in finished if one.step is StepName.MOVIES)
    assert step.status is StepStatus.PARTIAL
    assert "5 movies were not seen" in str(step.error)
    assert len(await active_ids(database, MOVIE, pk)) == 100


async def test_a_lost_page_makes_the_step_partial_and_the_rest_is_stored(database: Database) -> None:
    pk = await add_provider(database)
    await sync(database, pk, movies(100))

    def lose(scope: Scope, number: int) -> None:
        if number == 4:
            raise Unavailable("the portal did not answer")

    finished = await sync(database, pk, movies(100, on_page=lose))
    step = next(one for one in finished if one.step is StepName.MOVIES)
    assert step.status is StepStatus.PARTIAL
    assert "1 of 10 pages" in str(step.error)
    assert len(await active_ids(database, MOVIE, pk)) == 100


async def test_a_portal_that_repeats_its_first_page_ends_the_walk_and_sweeps_nothing(database: Database) -> None:
    pk = await add_provider(database)
    await sync(database, pk, movies(100))
    provider = movies(100, parallel=2)
    first = provider.lists[MOVIE][:10]
    provider.on_page = lambda _, number: Page(number=number, records=first, total=100, size=10)
    assert await status_of(database, pk, provider) is StepStatus.PARTIAL
    assert len(provider.asked) < 20
    assert len(await active_ids(database, MOVIE, pk)) == 100


async def test_a_list_without_a_claimed_total_is_walked_to_its_proven_end(database: Database) -> None:
    pk = await add_provider(database)
    provider = movies(87)

    def page(scope: Scope, number: int) -> Page:
        found = provider.lists[MOVIE][(number - 1) * 10 : number * 10]
        return Page(number=number, records=found, size=10, last=not found)

    provider.on_page = page
    assert await status_of(database, pk, provider) is StepStatus.COMPLETED
    assert len(await active_ids(database, MOVIE, pk)) == 87


async def test_a_refused_account_fails_every_step_and_is_not_asked_again(database: Database) -> None:
    pk = await add_provider(database)
    asked: list[Kind] = []

    def refuse(kind: Kind) -> None:
        asked.append(kind)
        raise Rejected("The portal refused the MAC address.")

    provider = movies(10, on_categories=refuse, account_ok=False)
    finished = await sync(database, pk, provider)
    assert {one.status for one in finished} == {StepStatus.FAILED}
    assert {one.error for one in finished} == {"The portal refused the MAC address."}
    assert len(asked) == 1
    assert provider.asked == []


async def test_one_list_that_fails_leaves_the_others_synced(database: Database) -> None:
    pk = await add_provider(database)
    provider = movies(10)
    provider.lists[Kind.CHANNEL] = [record(Kind.CHANNEL, 1)]
    provider.lists[Kind.SERIES] = [record(Kind.SERIES, 1)]

    def fail(scope: Scope, number: int) -> None:
        if scope.name == "movie":
            raise Malformed("The list of movies makes no sense.")

    provider.on_page = fail
    outcome = {one.step: one.status for one in await sync(database, pk, provider)}
    assert outcome[StepName.MOVIES] is StepStatus.FAILED
    assert outcome[StepName.CHANNELS] is outcome[StepName.SERIES] is StepStatus.COMPLETED


async def test_a_record_that_cannot_be_parsed_is_kept_with_its_reason(database: Database) -> None:
    pk = await add_provider(database)
    bad = RejectedRecord(kind=MOVIE, external_id="7", reason="it has no name", raw='{"id":7}')
    await sync(database, pk, movies(10, rejected=[bad]))
    assert (await counts(database))["movies"]["rejected"] == 1
    async with database.reader() as reader:
        assert await reader.row(select(QUARANTINE.c.external_id, QUARANTINE.c.reason)) == ("7", "it has no name")


async def test_resumes_after_the_last_committed_page(database: Database) -> None:
    pk = await add_provider(database)
    job_id = await add_job(database, pk)
    dying = movies(6_000, size=100, parallel=1)

    def die(scope: Scope, number: int) -> None:
        if number == 45:
            raise ConnectionError("the worker is killed here")

    dying.on_page = die
    with pytest.raises(ConnectionError):
        await run_and_lose(database, pk, dying, job_id)
    stored = len(await active_ids(database, MOVIE, pk))
    assert 0 < stored < 6_000
    again = movies(6_000, size=100)
    await run(database, pk, again, job_id)
    assert await active_ids(database, MOVIE, pk) == [str(number) for number in range(1, 6_001)]
    asked = {number for _, number in again.asked}
    assert asked & set(range(2, stored // 100 + 1)) == set()
    step = (await counts(database, job_id))["movies"]
    assert (step["fetched"], step["added"]) == (6_000, 6_000)


async def test_a_worker_that_lost_its_lease_writes_nothing_more(database: Database) -> None:
    pk = await add_provider(database)
    await sync(database, pk, movies(10))
    provider = movies(20)

    async def steal(scope: Scope, number: int) -> None:
        async with database.writer() as writer:
            await writer.execute(update(HEAD).values(fence=HEAD.c.fence + 1))

    provider.on_page = steal
    with pytest.raises(LeaseLost):
        await sync(database, pk, provider)
    assert len(await active_ids(database, MOVIE, pk)) == 10


async def test_an_item_listed_once_per_category_belongs_to_all_and_does_not_flap(database: Database) -> None:
    pk = await add_provider(database)
    listed = [CategoryRecord(external_id=str(number), name=f"C{number}", position=number) for number in (1, 2)]

    def provider() -> ScriptedProvider:
        found = [record(MOVIE, number) for number in range(1, 31)]
        twice = [record(MOVIE, number, category_ids=("2",)) for number in (5, 29)]
        return ScriptedProvider(lists={MOVIE: [*found, *twice]}, categories_of={MOVIE: listed})

    await sync(database, pk, provider())
    async with database.reader() as reader:
        rows = await reader.rows(select(CATEGORY.c.name, CATEGORY.c.count).where(CATEGORY.c.kind == "movie"))
    assert {tuple(row) for row in rows} == {("C1", 30), ("C2", 2)}
    await sync(database, pk, provider())
    step = (await counts(database))["movies"]
    assert (step["fetched"], step["updated"], step["unchanged"]) == (30, 0, 30)
    once = provider()
    del once.lists[MOVIE][-1]
    await sync(database, pk, once)
    step = (await counts(database))["movies"]
    assert (step["fetched"], step["updated"], step["unchanged"]) == (30, 1, 29)
    async with database.reader() as reader:
        count = await reader.scalar(select(CATEGORY.c.count).where(CATEGORY.c.name == "C2", CATEGORY.c.kind == "movie"))
    assert count == 1


async def test_categories_are_compared_swept_and_guarded(database: Database) -> None:
    pk = await add_provider(database)
    many = [CategoryRecord(external_id=str(number), name=f"C {number}", position=number) for number in range(30)]
    provider = movies(5)
    provider.categories_of[MOVIE] = many
    await sync(database, pk, provider)
    provider.categories_of[MOVIE] = [CategoryRecord(external_id="0", name="Nought", position=0), *many[1:28]]
    await sync(database, pk, provider)
    step = (await counts(database))["movie_categories"]
    assert {key: step[key] for key in ("fetched", "added", "updated", "unchanged", "removed")} == {
        "fetched": 28,
        "added": 0,
        "updated": 1,
        "unchanged": 27,
        "removed": 2,
    }
    provider.categories_of[MOVIE] = []
    finished = await sync(database, pk, provider)
    assert next(one.status for one in finished if one.step is StepName.MOVIE_CATEGORIES) is StepStatus.PARTIAL
    async with database.reader() as reader:
        active = select(func.count()).select_from(CATEGORY).where(CATEGORY.c.kind == "movie", CATEGORY.c.is_active)
        assert await reader.scalar(active) == 28


async def test_one_walk_may_bring_two_kinds_each_counted_under_its_own_step(database: Database) -> None:
    pk = await add_provider(database)
    mixed = [record(MOVIE, n) if n % 3 else record(Kind.SERIES, n, space="vod") for n in range(1, 31)]

    class Mixed(ScriptedProvider):
        async def scopes(self, step: StepName, kinds: frozenset[Kind], *, newest: bool = False) -> tuple[Scope, ...]:
            both = frozenset({MOVIE, Kind.SERIES})
            wanted = step is StepName.MOVIES or (step is StepName.SERIES and MOVIE not in kinds)
            return (Scope(step=step, name="vod", kinds=both, paged=True),) if wanted else ()

        async def page(self, scope: Scope, number: int) -> Page:
            found = mixed[(number - 1) * 10 : number * 10]
            return Page(number=number, records=found, total=30, size=10, last=not found)

    finished = await sync(database, pk, Mixed())
    assert {one.status for one in finished} == {StepStatus.COMPLETED, StepStatus.SKIPPED}  # there are no channels
    steps = await counts(database)
    assert (steps["movies"]["added"], steps["series"]["added"]) == (20, 10)
    assert steps["series"]["status"] == StepStatus.COMPLETED


async def test_only_one_kind_of_a_mixed_list_is_stored_when_only_that_was_asked_for(database: Database) -> None:
    pk = await add_provider(database)
    mixed = [record(MOVIE, n) if n % 3 else record(Kind.SERIES, n, space="vod") for n in range(1, 31)]
    reports: list[StepReport] = []

    class Mixed(ScriptedProvider):
        async def scopes(self, step: StepName, kinds: frozenset[Kind], *, newest: bool = False) -> tuple[Scope, ...]:
            return (Scope(step=step, name="vod", kinds=frozenset({MOVIE, Kind.SERIES}), paged=True),)

        async def page(self, scope: Scope, number: int) -> Page:
            found = mixed[(number - 1) * 10 : number * 10]
            return Page(number=number, records=found, total=30, size=10, last=not found)

        async def review(self, report: StepReport) -> Verdict:
            reports.append(report)
            return Verdict(proven=report.distinct == 30)

    await sync(database, pk, Mixed(), only=["series"])
    assert len(await active_ids(database, Kind.SERIES, pk)) == 10
    assert await active_ids(database, MOVIE, pk) == []
    assert reports[0].distinct == 30


async def test_an_empty_catalogue_is_published_once_and_then_left_alone(database: Database) -> None:
    pk = await add_provider(database)
    await sync(database, pk, ScriptedProvider())
    async with database.writer() as writer:
        assert await writer.scalar(select(HEAD.c.pending)) is True
        await writer.execute(update(HEAD).values(pending=False, version=1))
    await sync(database, pk, ScriptedProvider(categories_of={kind: [] for kind in Kind}))
    async with database.reader() as reader:
        assert await reader.scalar(select(HEAD.c.version)) == 1


async def test_a_step_that_an_earlier_attempt_completed_is_not_walked_again(database: Database) -> None:
    pk = await add_provider(database)
    lists = {kind: [record(kind, number) for number in range(1, 41)] for kind in (Kind.CHANNEL, MOVIE)}

    def fall(scope: Scope, number: int) -> None:
        if MOVIE in scope.kinds:
            raise LeaseLost("another worker is here")

    job_id = await add_job(database, pk)
    with pytest.raises(LeaseLost):
        await run(database, pk, ScriptedProvider(lists=lists, paged=False, on_page=fall), job_id)
    async with database.writer() as writer:
        await writer.execute(update(HEAD).values(lease_until=None))
        await writer.execute(
            update(metadata.tables["sync_step"]).where(text("status = 'running'")).values(status="pending")
        )
    walked: list[str] = []
    again = ScriptedProvider(lists=lists, paged=False, on_page=lambda scope, number: walked.append(scope.name))
    listed: list[Kind] = []
    again.on_categories = listed.append
    finished = await run(database, pk, again, job_id)
    assert set(walked) == {"movie"}
    assert listed == [Kind.SERIES]
    assert [one.status for one in finished if one.step is StepName.CHANNELS] == [StepStatus.COMPLETED]
    step = (await counts(database, job_id))["channels"]
    assert (step["fetched"], step["added"], step["unchanged"]) == (40, 40, 0)


async def test_a_bulk_list_is_read_anew_after_a_crash_and_its_items_are_counted_once(database: Database) -> None:
    pk = await add_provider(database)
    job_id = await add_job(database, pk)
    dying = movies(6_000, size=100, paged=False)

    def die(scope: Scope, number: int) -> None:
        if number == 45:
            raise ConnectionError("the worker is killed here")

    dying.on_page = die
    with pytest.raises(ConnectionError):
        await run_and_lose(database, pk, dying, job_id)
    shifted = movies(6_000, size=100, paged=False)
    del shifted.lists[MOVIE][:3]
    await run(database, pk, shifted, job_id)
    assert await active_ids(database, MOVIE, pk) == [str(number) for number in range(1, 6_001)]
    step = (await counts(database, job_id))["movies"]
    assert (step["fetched"], step["added"], step["pages_done"]) == (6_000, 6_000, 60)
