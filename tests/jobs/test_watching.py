import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import pairwise

import pytest
from sqlalchemy import delete, update
from sqlmodel import col

from app.db.engine import Database
from app.db.tables import Provider, SyncJob
from app.domain.kinds import JobStatus
from app.jobs.history import JobHistory
from app.jobs.requests import JobRequests
from app.jobs.run import Run
from app.jobs.views import JobView
from app.jobs.watching import SPACE_SECONDS, JobLook, JobWatches, Watch

SECONDS = 5.0


class CountedHistory(JobHistory):
    """Counts how often the database is asked; `away` makes it unreachable."""

    asked = 0
    away = False

    async def find(self, job_id: str) -> JobView | None:
        self.asked += 1
        if self.away:
            raise ConnectionRefusedError
        return await super().find(job_id)


@pytest.fixture
def counted(database: Database) -> CountedHistory:
    return CountedHistory(database)


@pytest.fixture
async def watches(counted: CountedHistory) -> AsyncIterator[JobWatches]:
    found = JobWatches(counted)
    yield found
    await found.close()
    assert not looking()


def looking() -> bool:
    """Whether any look is under way."""
    coroutines = [task.get_coro() for task in asyncio.all_tasks()]
    return any(getattr(one, "__qualname__", "") == "Look.go_on" for one in coroutines)


@pytest.fixture
async def job_id(requests: JobRequests, provider_pk: int) -> str:
    return (await requests.start(provider_pk)).job_id


async def move(database: Database, job_id: str, progress: int) -> None:
    async with database.writer() as writer:
        await writer.execute(update(SyncJob).where(col(SyncJob.id) == job_id).values(progress=progress))


async def end(database: Database, job_id: str) -> None:
    async with Run(database, None, job_id) as job:
        await job.finish(JobStatus.COMPLETED, errors=(), version=None)


async def seen(watch: Watch) -> JobView:
    """The next state, awaited."""
    view = await watch.next(SECONDS)
    assert view is not None
    return view


async def test_a_watch_shows_the_state_at_once_then_what_changes_and_ends_with_the_job(
    database: Database, watches: JobWatches, job_id: str
) -> None:
    with watches.job(job_id) as watch:
        assert (await seen(watch)).status is JobStatus.QUEUED
        assert await watch.next(0.4) is None
        await move(database, job_id, 40)
        assert (await seen(watch)).progress == 40
        await end(database, job_id)
        views = [view async for view in watch]
    assert (views[-1].status, views[-1].progress) == (JobStatus.COMPLETED, 100)
    with watches.job(job_id) as watch:
        assert [view.status async for view in watch] == [JobStatus.COMPLETED]


async def test_a_thousand_watchers_share_one_look(
    database: Database, watches: JobWatches, counted: CountedHistory, job_id: str
) -> None:
    with ExitStack() as stack:
        crowd = [stack.enter_context(watches.job(job_id)) for _ in range(1_000)]
        tasks = len(asyncio.all_tasks())
        began, spent = time.monotonic(), time.process_time()
        for progress in (10, 20, 30, 40):
            await move(database, job_id, progress)
            async with asyncio.timeout(SECONDS):
                while {(await seen(watch)).progress for watch in crowd} != {progress}:
                    pass
        assert len(asyncio.all_tasks()) <= tasks
        assert counted.asked <= (time.monotonic() - began) / 0.25 + 2
        assert time.process_time() - spent < 3


async def test_who_reads_slowly_gets_the_newest_state(database: Database, watches: JobWatches, job_id: str) -> None:
    with watches.job(job_id) as watch, watches.job(job_id) as other:
        await seen(watch)
        for progress in range(1, 4):
            await move(database, job_id, progress)
            while (await seen(other)).progress != progress:
                pass
        assert (await seen(watch)).progress == 3
        assert await watch.next(0.01) is None


async def test_no_more_than_four_states_a_second_are_shown(history: JobHistory, job_id: str) -> None:
    look, view, moments = JobLook(history, job_id), await history.get(job_id), list[float]()
    watch = Watch(look)
    for progress in range(6):
        look.show(replace(view, progress=progress))
        assert (await seen(watch)).progress == progress
        moments.append(time.monotonic())
    gaps = [later - sooner for sooner, later in pairwise(moments)]
    assert min(gaps) > SPACE_SECONDS - 0.02
    assert moments[4] - moments[0] > 1
    look.show(replace(view, status=JobStatus.COMPLETED))
    assert (await seen(watch)).status is JobStatus.COMPLETED
    assert time.monotonic() - moments[-1] < 0.1  # an outcome is told at once


async def test_a_look_ends_when_the_last_watcher_leaves(
    watches: JobWatches, counted: CountedHistory, job_id: str
) -> None:
    with watches.job(job_id) as one:
        with watches.job(job_id) as other:
            await seen(one)
            await seen(other)
        assert looking()
        assert await one.next(0.3) is None
    async with asyncio.timeout(SECONDS):
        while looking():  # noqa: ASYNC110 - the task ends by itself
            await asyncio.sleep(0)
    asked = counted.asked
    await asyncio.sleep(0.6)
    assert counted.asked == asked


async def test_a_provider_is_watched_from_before_its_first_job_to_the_next_ones(
    database: Database, watches: JobWatches, requests: JobRequests, provider_pk: int
) -> None:
    with watches.provider(provider_pk) as watch:
        assert await watch.next(0.3) is None
        first = (await requests.start(provider_pk)).job_id
        assert ((await seen(watch)).id, (await watch.next(0))) == (first, None)
        await end(database, first)
        second = (await requests.start(provider_pk)).job_id
        story = [await seen(watch), await seen(watch)]
        assert [(view.id, view.status) for view in story] == [
            (first, JobStatus.COMPLETED),
            (second, JobStatus.QUEUED),
        ]


async def test_the_watch_of_a_provider_ends_when_that_is_removed(
    database: Database, watches: JobWatches, job_id: str, provider_pk: int
) -> None:
    with watches.provider(provider_pk) as watch, watches.job(job_id) as own:
        assert (await seen(watch)).id == (await seen(own)).id == job_id
        async with database.writer() as writer:
            await writer.execute(delete(Provider).where(col(Provider.pk) == provider_pk))
        async with asyncio.timeout(SECONDS):
            assert [view async for view in watch] == []
            assert [view async for view in own] == []


async def test_the_end_of_the_process_ends_every_watch(watches: JobWatches, job_id: str, provider_pk: int) -> None:
    with watches.job(job_id) as one, watches.provider(provider_pk) as other:
        await seen(one)
        await seen(other)
        watches.end()
        async with asyncio.timeout(SECONDS):
            assert [view async for view in one] == [view async for view in other] == []
        with watches.job(job_id) as late, pytest.raises(StopAsyncIteration):
            await late.next(SECONDS)


async def test_a_database_that_is_away_for_a_moment_ends_no_watch(
    database: Database, watches: JobWatches, counted: CountedHistory, job_id: str
) -> None:
    with watches.job(job_id) as watch:
        await seen(watch)
        counted.away = True
        assert await watch.next(0.6) is None
        counted.away = False
        await move(database, job_id, 7)
        assert (await seen(watch)).progress == 7
