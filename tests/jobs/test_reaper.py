import asyncio

import pytest
from sqlalchemy import update

from app.core.errors import LeaseLost
from app.db.engine import Database
from app.db.tables import CatalogueHead, SyncJob
from app.domain.kinds import JobStatus, StepName, StepStatus
from app.jobs import lease, reaper
from app.jobs.history import JobHistory
from app.jobs.reaper import Reaper
from app.jobs.requests import JobRequests
from app.jobs.run import Run
from tests.jobs.conftest import Bell


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reaper, "PATIENCE_MS", -1)


@pytest.fixture
async def job_id(requests: JobRequests, provider_pk: int) -> str:
    return (await requests.start(provider_pk)).job_id


async def lose_worker(database: Database, job_id: str, attempt: int = 1, lost: int = 0) -> Run:
    """A worker that began the job and was never heard of again."""
    run = Run(database, None, job_id)
    job = await run.__aenter__()
    await run._pulse.stop()
    await job.plan([StepName.MOVIES])
    await job.begin(StepName.MOVIES)
    await run_out(database)
    async with database.writer() as writer:
        await writer.execute(update(SyncJob).values(attempt=attempt, lost=lost))
    return run


async def run_out(database: Database, until: int = 1) -> None:
    async with database.writer() as writer:
        await writer.execute(update(CatalogueHead).values(lease_until=until))


async def test_a_job_that_lost_its_worker_is_queued_again(
    database: Database, history: JobHistory, queue: Bell, job_id: str
) -> None:
    lost = await lose_worker(database, job_id)
    queue.waiting.clear()
    assert await Reaper(database, queue).tick() == [job_id]
    view = await history.get(job_id)
    assert (view.status, view.attempt, view.steps[0].status) == (JobStatus.QUEUED, 1, StepStatus.PENDING)
    assert queue.waiting == [job_id]
    with pytest.raises(LeaseLost):
        await lost._job.end(StepName.MOVIES, StepStatus.COMPLETED)


async def test_a_job_with_a_lease_is_left_alone(
    database: Database, history: JobHistory, queue: Bell, job_id: str
) -> None:
    async with Run(database, None, job_id) as job:
        assert await Reaper(database, queue).tick() == []
        await job.finish(JobStatus.COMPLETED, errors=(), version=None)
    assert (await history.get(job_id)).status is JobStatus.COMPLETED


async def test_a_job_that_takes_workers_down_fails_after_five(
    database: Database, history: JobHistory, queue: Bell, job_id: str
) -> None:
    await lose_worker(database, job_id, attempt=7, lost=4)
    assert await Reaper(database, queue).tick() == []
    view = await history.get(job_id)
    assert (view.status, view.errors) == (
        JobStatus.FAILED,
        ("The worker was lost 5 times in a row while it ran this sync.",),
    )


async def test_a_lost_job_that_was_to_be_cancelled_is_cancelled(
    database: Database, history: JobHistory, queue: Bell, requests: JobRequests, job_id: str
) -> None:
    await lose_worker(database, job_id)
    async with database.writer() as writer:
        await writer.execute(update(CatalogueHead).values(lease_until=lease.database_ms(writer) + 10_000))
    await requests.cancel(1)
    assert (await history.get(job_id)).status is JobStatus.RUNNING
    await run_out(database)
    await Reaper(database, queue).tick()
    assert (await history.get(job_id)).status is JobStatus.CANCELLED


async def test_a_lost_job_is_cancelled_although_no_worker_lives(
    database: Database, history: JobHistory, requests: JobRequests, job_id: str
) -> None:
    lost = await lose_worker(database, job_id)
    await requests.cancel(1)
    assert (await history.get(job_id)).status is JobStatus.CANCELLED
    assert (await requests.start(1)).created
    with pytest.raises(LeaseLost):
        await lost._job.end(StepName.MOVIES, StepStatus.COMPLETED)


async def test_a_job_that_gets_on_may_lose_any_number_of_workers(
    database: Database, history: JobHistory, queue: Bell, job_id: str
) -> None:
    for turn in range(1, 9):
        lost = await lose_worker(database, job_id, lost=4)
        lost._job._lost = 4  # as it would have found it
        lost._job.note(StepName.MOVIES, pages_done=1)
        async with database.writer() as writer:
            await lost._job.save(writer)
        await Reaper(database, queue).tick()
        view = await history.get(job_id)
        assert (view.status, view.steps[0].pages_done) == (JobStatus.QUEUED, turn)


async def test_a_lease_that_was_given_before_the_clock_went_back_keeps_nobody_out(
    database: Database, history: JobHistory, queue: Bell, job_id: str
) -> None:
    await lose_worker(database, job_id)
    await run_out(database, until=10**13)
    await Reaper(database, queue).tick()
    assert (await history.get(job_id)).status is JobStatus.QUEUED
    async with Run(database, None, job_id) as job:
        await job.finish(JobStatus.COMPLETED, errors=(), version=None)


async def test_a_job_queued_before_the_clock_went_back_is_queued_again(
    database: Database, queue: Bell, job_id: str
) -> None:
    async with database.writer() as writer:
        await writer.execute(update(SyncJob).values(queued_at=10**13))
    queue.waiting.clear()
    assert await Reaper(database, queue).tick() == [job_id]


async def test_jobs_that_the_queue_forgot_are_queued_again(database: Database, queue: Bell, job_id: str) -> None:
    assert await Reaper(database, queue).tick() == []
    queue.waiting.clear()
    assert await Reaper(database, queue).tick() == [job_id]


async def test_a_queue_that_is_away_is_tried_at_the_next_tick(database: Database, queue: Bell, job_id: str) -> None:
    queue.waiting.clear()
    queue.away = True
    assert await Reaper(database, queue).tick() == []
    queue.away = False
    assert await Reaper(database, queue).tick() == [job_id]


async def test_two_reapers_at_once_do_no_harm(
    database: Database, history: JobHistory, queue: Bell, job_id: str
) -> None:
    await lose_worker(database, job_id)
    queue.waiting.clear()
    await asyncio.gather(*(Reaper(database, queue).tick() for _ in range(3)))
    assert queue.waiting == [job_id]
    assert (await history.get(job_id)).attempt == 1
