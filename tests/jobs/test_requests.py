import asyncio

import pytest

from app.core.errors import Conflict, NotFound
from app.db.engine import Database
from app.domain.kinds import JobStatus, SyncMode
from app.jobs.errors import NothingToRun
from app.jobs.history import JobHistory
from app.jobs.requests import JobRequests
from app.jobs.run import Run
from tests.jobs.conftest import Bell, add_provider


async def test_a_started_job_is_recorded_and_queued(
    requests: JobRequests, history: JobHistory, queue: Bell, provider_pk: int
) -> None:
    started = await requests.start(provider_pk, mode=SyncMode.FULL, only=frozenset({"movies"}), force=True)
    assert (started.created, started.status, queue.waiting) == (True, JobStatus.QUEUED, [started.job_id])
    job = await history.get(started.job_id)
    assert (job.provider_id, job.mode, job.status, job.progress, job.attempt) == ("provider-1", "full", "queued", 0, 0)


async def test_a_second_request_is_answered_with_the_live_job(requests: JobRequests, provider_pk: int) -> None:
    first = await requests.start(provider_pk)
    second = await requests.start(provider_pk, mode=SyncMode.FULL)
    assert (second.job_id, second.created) == (first.job_id, False)


async def test_requests_at_the_same_moment_make_one_job(requests: JobRequests, queue: Bell, provider_pk: int) -> None:
    started = await asyncio.gather(*(requests.start(provider_pk) for _ in range(8)))
    assert len({job.job_id for job in started}) == 1
    assert [job.created for job in started].count(True) == 1
    assert len(queue.waiting) == 1


async def test_jobs_of_different_providers_live_side_by_side(
    requests: JobRequests, database: Database, provider_pk: int
) -> None:
    other = await add_provider(database, 2)
    assert (await requests.start(provider_pk)).job_id != (await requests.start(other)).job_id


async def test_a_queue_that_is_away_loses_no_job(
    requests: JobRequests, history: JobHistory, queue: Bell, provider_pk: int
) -> None:
    queue.away = True
    started = await requests.start(provider_pk)
    assert started.created
    assert (await history.get(started.job_id)).status is JobStatus.QUEUED


async def test_a_provider_that_is_not_there_gets_no_job(requests: JobRequests, database: Database) -> None:
    with pytest.raises(NotFound):
        await requests.start(99)


async def test_a_job_that_waits_is_cancelled_on_the_spot(
    requests: JobRequests, history: JobHistory, database: Database, provider_pk: int
) -> None:
    job_id = (await requests.start(provider_pk)).job_id
    assert await requests.cancel(provider_pk) == job_id
    assert (await history.get(job_id)).status is JobStatus.CANCELLED
    with pytest.raises(NothingToRun):
        await Run(database, None, job_id).__aenter__()
    assert (await requests.start(provider_pk)).created


async def test_there_is_nothing_to_cancel_without_a_live_job(requests: JobRequests, provider_pk: int) -> None:
    with pytest.raises(Conflict) as refused:
        await requests.cancel(provider_pk)
    assert refused.value.code == "no_live_job"
