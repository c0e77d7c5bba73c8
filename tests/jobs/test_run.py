import asyncio
import time

import pytest
from sqlalchemy import delete, select, update

from app.core.errors import Conflict, LeaseLost, Rejected
from app.db.engine import Database
from app.db.tables import CatalogueHead, Provider, SyncJob
from app.domain.kinds import JobStatus, StepName, StepStatus
from app.jobs.errors import Cancelled, NothingToRun
from app.jobs.history import JobHistory
from app.jobs.requests import JobRequests
from app.jobs.run import Run
from app.jobs.tracker import JobTracker
from tests.support.effort import SLACK

CHANNELS, MOVIES, SERIES = StepName.CHANNELS, StepName.MOVIES, StepName.SERIES


@pytest.fixture
async def job_id(requests: JobRequests, provider_pk: int) -> str:
    return (await requests.start(provider_pk)).job_id


async def head(database: Database) -> CatalogueHead:
    async with database.reader() as reader:
        return await reader.row(select(CatalogueHead))  # type: ignore[return-value]


async def work(job: JobTracker, database: Database) -> None:
    """Ten items in two steps."""
    await job.plan([CHANNELS, MOVIES])
    for step in (CHANNELS, MOVIES):
        await job.begin(step)
        job.note(step, pages_done=1, pages_total=1, fetched=5, added=4, rejected=1)
        async with database.writer() as writer:
            await job.save(writer)
        await job.end(step, StepStatus.COMPLETED)


async def test_a_job_runs_to_its_end(database: Database, history: JobHistory, job_id: str) -> None:
    async with Run(database, None, job_id) as job:
        await work(job, database)
        assert job.progress == 99
        await job.finish(JobStatus.COMPLETED, errors=(), version="e1.1")
    view = await history.get(job_id)
    assert (view.status, view.progress, view.current_step, view.version) == (JobStatus.COMPLETED, 100, None, "e1.1")
    assert (view.channels_synced, view.movies_synced, view.series_synced) == (4, 4, 0)
    assert (view.total_items, view.processed_items, view.attempt) == (10, 10, 1)
    assert view.queued_at <= (view.started_at or 0) <= (view.completed_at or 0)
    assert (await head(database)).lease_job is None


async def test_a_job_that_ended_is_not_run_again(database: Database, job_id: str) -> None:
    async with Run(database, None, job_id) as job:
        await job.finish(JobStatus.COMPLETED, errors=(), version=None)
    with pytest.raises(NothingToRun):
        await Run(database, None, job_id).__aenter__()
    assert (await head(database)).lease_job is None


async def test_a_running_job_is_not_run_twice(database: Database, job_id: str) -> None:
    async with Run(database, None, job_id) as job:
        with pytest.raises(Conflict):
            await Run(database, None, job_id).__aenter__()
        await job.finish(JobStatus.COMPLETED, errors=(), version=None)


async def test_an_unchanged_job_keeps_the_version_it_found(
    database: Database, history: JobHistory, job_id: str
) -> None:
    async with database.writer() as writer:
        await writer.execute(update(CatalogueHead).values(version=7))
    async with Run(database, None, job_id) as job:
        await job.finish(JobStatus.COMPLETED, errors=(), version=None)
    assert (await history.get(job_id)).version == "e1.7"


async def test_a_provider_error_fails_the_job_with_its_sentence(
    database: Database, history: JobHistory, job_id: str
) -> None:
    async with Run(database, None, job_id) as job:
        await job.plan([CHANNELS, MOVIES])
        raise Rejected("The portal refuses this MAC address.")
    view = await history.get(job_id)
    assert (view.status, view.errors) == (JobStatus.FAILED, ("The portal refuses this MAC address.",))
    assert {step.status for step in view.steps} == {StepStatus.SKIPPED}
    assert (await head(database)).lease_job is None


async def test_an_unexpected_error_fails_the_job_and_is_raised(
    database: Database, history: JobHistory, job_id: str
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with Run(database, None, job_id):
            raise ZeroDivisionError("secret=1")
    view = await history.get(job_id)
    assert view.status is JobStatus.FAILED
    assert "ZeroDivisionError" in view.errors[0]
    assert "secret" not in view.errors[0]


async def test_leaving_without_an_outcome_is_a_failure(database: Database, history: JobHistory, job_id: str) -> None:
    with pytest.raises(RuntimeError, match="without an outcome"):
        async with Run(database, None, job_id):
            pass
    assert (await history.get(job_id)).status is JobStatus.FAILED


async def test_a_cancel_is_seen_at_the_next_check(
    database: Database, requests: JobRequests, history: JobHistory, job_id: str, provider_pk: int
) -> None:
    began = time.monotonic()
    async with Run(database, None, job_id) as job:
        await job.plan([CHANNELS, MOVIES])
        await job.begin(CHANNELS)
        assert await requests.cancel(provider_pk) == job_id
        while time.monotonic() - began < 10:
            job.check()
            await asyncio.sleep(0.01)
    assert time.monotonic() - began < 1 * SLACK
    view = await history.get(job_id)
    assert view.status is JobStatus.CANCELLED
    assert [step.status for step in view.steps] == [StepStatus.CANCELLED, StepStatus.CANCELLED]


async def test_a_cancel_interrupts_a_page_that_does_not_come(
    database: Database, requests: JobRequests, history: JobHistory, job_id: str, provider_pk: int
) -> None:
    began = time.monotonic()
    async with Run(database, None, job_id):
        await requests.cancel(provider_pk)
        await asyncio.sleep(60)
    assert time.monotonic() - began < 2 * SLACK
    assert (await history.get(job_id)).status is JobStatus.CANCELLED


async def test_a_cancel_that_comes_with_the_end_changes_nothing(
    database: Database, history: JobHistory, job_id: str
) -> None:
    async with Run(database, None, job_id) as job:
        job.stop(Cancelled("too late"))
        await job.finish(JobStatus.COMPLETED, errors=(), version=None)
        await asyncio.sleep(1.1)
    assert (await history.get(job_id)).status is JobStatus.COMPLETED


async def test_a_worker_that_ends_gives_the_job_back(database: Database, history: JobHistory, job_id: str) -> None:
    async def endless() -> None:
        async with Run(database, None, job_id) as job:
            await job.plan([CHANNELS])
            await job.begin(CHANNELS)
            begun.set()
            await asyncio.sleep(60)

    begun = asyncio.Event()
    task = asyncio.create_task(endless())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    view = await history.get(job_id)
    assert (view.status, view.attempt, view.steps[0].status) == (JobStatus.QUEUED, 0, StepStatus.PENDING)
    async with Run(database, None, job_id) as job:
        assert job.attempt == 1
        await job.finish(JobStatus.COMPLETED, errors=(), version=None)


async def test_a_zombie_leaves_the_job_to_its_successor(database: Database, history: JobHistory, job_id: str) -> None:
    async def overtaken() -> None:
        async with Run(database, None, job_id) as job:
            await job.plan([CHANNELS])
            async with database.writer() as writer:
                await writer.execute(update(CatalogueHead).values(lease_until=1))
            async with Run(database, None, job_id) as successor:
                assert successor.attempt == 2
                with pytest.raises(LeaseLost):
                    await job.begin(CHANNELS)
                async with database.writer() as writer:
                    with pytest.raises(LeaseLost):
                        await job.save(writer)
                assert (await history.get(job_id)).status is JobStatus.RUNNING
                await successor.finish(JobStatus.PARTIAL, errors=["x"], version=None)
            await job.finish(JobStatus.COMPLETED, errors=(), version=None)

    with pytest.raises(LeaseLost):
        await overtaken()
    assert (await history.get(job_id)).status is JobStatus.PARTIAL


async def test_a_job_whose_provider_was_removed_stops(database: Database, job_id: str) -> None:
    async def removed() -> None:
        async with Run(database, None, job_id):
            async with database.writer() as writer:
                await writer.execute(delete(Provider))
            await asyncio.sleep(60)

    with pytest.raises(LeaseLost):
        await removed()


async def test_an_attempt_goes_on_from_the_saved_counts(database: Database, history: JobHistory, job_id: str) -> None:
    async def killed() -> None:
        async with Run(database, None, job_id) as job:
            await job.plan([CHANNELS, MOVIES, SERIES])
            await job.begin(CHANNELS)
            await job.end(CHANNELS, StepStatus.COMPLETED)
            await job.begin(MOVIES)
            job.note(MOVIES, pages_done=1, pages_total=4, fetched=5, added=5)
            job.note(SERIES, fetched=2, added=2)  # found in the list of movies
            async with database.writer() as writer:
                await job.save(writer)
            job.note(MOVIES, fetched=5, added=5)  # never saved
            raise LeaseLost("killed")

    with pytest.raises(LeaseLost):
        await killed()
    async with database.writer() as writer:
        await writer.execute(update(CatalogueHead).values(lease_until=1))
    async with Run(database, None, job_id) as job:
        await job.plan([CHANNELS, MOVIES, SERIES])
        assert [step.status for step in job.steps] == [StepStatus.COMPLETED, StepStatus.RUNNING, StepStatus.PENDING]
        assert (job.steps[2].fetched, job.steps[2].added) == (2, 2)
        assert (job.steps[1].fetched, job.steps[1].pages_done, job.attempt) == (5, 1, 2)
        assert job.progress >= (await history.get(job_id)).progress > 33
        await job.finish(JobStatus.COMPLETED, errors=(), version=None)


async def test_a_job_that_five_workers_got_nowhere_with_is_not_run(
    database: Database, history: JobHistory, job_id: str
) -> None:
    async with database.writer() as writer:
        await writer.execute(update(SyncJob).values(attempt=9, lost=5))
    with pytest.raises(NothingToRun):
        await Run(database, None, job_id).__aenter__()
    view = await history.get(job_id)
    assert view.status is JobStatus.FAILED
    assert "5 times" in view.errors[0]


async def test_progress_reaches_the_database_beside_the_work(
    database: Database, history: JobHistory, job_id: str
) -> None:
    async with Run(database, None, job_id) as job:
        await job.plan([MOVIES])
        await job.begin(MOVIES)
        seen = []
        for _ in range(4):
            job.note(MOVIES, pages_done=1, pages_total=10)
            await asyncio.sleep(0.4)
            seen.append((await history.get(job_id)).progress)
        job.note(MOVIES, pages_total=1000)
        assert job.progress == 40
        assert seen == sorted(seen)
        assert seen[-1] >= 30
        await job.finish(JobStatus.FAILED, errors=["x"], version=None)
    assert (await history.get(job_id)).progress == 40


async def test_a_worker_that_ends_while_the_outcome_is_written_leaves_the_outcome(
    database: Database, history: JobHistory, job_id: str
) -> None:
    async def closing() -> None:
        async with Run(database, None, job_id) as job:
            begun.set()
            await job.finish(JobStatus.COMPLETED, errors=(), version=None)

    begun = asyncio.Event()
    task = asyncio.create_task(closing())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await history.get(job_id)).status is JobStatus.COMPLETED
    assert (await head(database)).lease_job is None


async def test_a_worker_that_ends_while_it_takes_the_lease_gives_it_back(
    database: Database, history: JobHistory, job_id: str
) -> None:
    async def beginning() -> None:
        async with Run(database, None, job_id):
            await asyncio.sleep(60)

    for turns in range(1, 60, 3):
        task = asyncio.create_task(beginning())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await history.get(job_id)).status is JobStatus.QUEUED
        assert (await head(database)).lease_job is None


async def test_a_second_cancellation_does_not_disturb_the_outcome(
    database: Database, history: JobHistory, job_id: str
) -> None:
    async def endless() -> None:
        async with Run(database, None, job_id):
            begun.set()
            await asyncio.sleep(60)

    begun = asyncio.Event()
    task = asyncio.create_task(endless())
    await begun.wait()
    while not task.done():
        task.cancel()
        await asyncio.sleep(0)
    assert (await history.get(job_id)).status is JobStatus.QUEUED
    assert (await head(database)).lease_job is None
