import asyncio
import signal
import time

from app.context import ProcessContext
from app.domain.kinds import JobStatus, ProviderKind, StepName, StepStatus
from app.jobs.views import ENDED
from app.registry.views import NewProvider, ProviderChange
from tests.support.effort import SLACK
from tests.workers.conftest import Workers, add_stalker, add_xtream, under_way, until
from workers.lifecycle import embedded_worker

OVER = (JobStatus.COMPLETED, JobStatus.PARTIAL, JobStatus.FAILED, JobStatus.CANCELLED)


async def test_a_sync_completes_and_its_version_can_be_read(context: ProcessContext, quick_portal: str) -> None:
    pk = await add_xtream(context, quick_portal)
    async with embedded_worker(context):
        first = await until(context, (await context.jobs.start(pk)).job_id, *OVER)
        again = await until(context, (await context.jobs.start(pk)).job_id, *OVER)
    assert (first.status, first.errors, first.progress) == (JobStatus.COMPLETED, (), 100)
    assert [step.name for step in first.steps] == [
        step for step in StepName if step not in {StepName.EPG, StepName.TABLES}
    ]
    assert (first.channels_synced, first.movies_synced, first.series_synced) == (120, 900, 120)
    head = await context.snapshots.head(first.provider_id)
    assert first.version == again.version == head["version"]
    stats = await context.browse.stats(first.provider_id)
    assert stats.total_movies == 900


async def test_two_requests_make_one_job(context: ProcessContext, slow_portal: str) -> None:
    pk = await add_stalker(context, slow_portal)
    async with embedded_worker(context):
        first = await context.jobs.start(pk)
        await until(context, first.job_id, JobStatus.RUNNING)
        second = await context.jobs.start(pk)
        assert (second.job_id, second.status, second.created) == (first.job_id, JobStatus.RUNNING, False)
        await context.jobs.cancel(pk)
        await until(context, first.job_id, *OVER)


async def test_a_cancelled_sync_ends_within_two_seconds(
    context: ProcessContext, workers: Workers, slow_portal: str
) -> None:
    pk = await add_stalker(context, slow_portal)
    workers.start()
    job_id = (await context.jobs.start(pk)).job_id
    await under_way(context, job_id)
    began = time.monotonic()
    await context.jobs.cancel(pk)
    job = await until(context, job_id, *OVER)
    assert time.monotonic() - began < 2 * SLACK
    assert job.status is JobStatus.CANCELLED
    assert {step.status for step in job.steps} <= ENDED
    assert (await context.jobs.start(pk)).created


async def test_a_refused_login_fails_with_one_sentence(context: ProcessContext, quick_portal: str) -> None:
    pk = await add_xtream(context, quick_portal)
    view = (await context.registry.list())[0]
    await context.registry.change(view.id, ProviderChange(credentials={"password": "wrong"}))
    async with embedded_worker(context):
        job = await until(context, (await context.jobs.start(pk)).job_id, *OVER)
    assert job.status is JobStatus.FAILED
    assert len(job.errors) == 1
    assert "wrong" not in job.errors[0]
    assert {step.status for step in job.steps if step.name.brings_items} == {StepStatus.FAILED}
    assert (await context.registry.list())[0].health.last_error == job.errors[0]


async def test_a_portal_that_is_away_fails_with_one_sentence(context: ProcessContext) -> None:
    account = {"username": "demo", "password": "demo"}
    new = NewProvider(name="Away", kind=ProviderKind.XTREAM, url="http://127.0.0.1:1", credentials=account)
    view = await context.registry.add(new)
    async with embedded_worker(context):
        job = await until(context, (await context.jobs.start(view.pk, only=frozenset({"movies"}))).job_id, *OVER)
    assert job.status is JobStatus.FAILED
    assert len(job.errors) == 1


async def test_a_stopped_worker_leaves_the_job_to_the_next(
    context: ProcessContext, workers: Workers, slow_portal: str
) -> None:
    pk = await add_stalker(context, slow_portal)
    worker = workers.start()
    job_id = (await context.jobs.start(pk)).job_id
    stored = await under_way(context, job_id)
    assert worker.end(signal.SIGTERM) < 5
    assert worker.process.returncode == 0
    waiting = await context.history.get(job_id)
    assert (waiting.status, waiting.attempt) == (JobStatus.QUEUED, 0)
    assert waiting.movies_synced > 0
    workers.start()
    await until(context, job_id, JobStatus.RUNNING, seconds=15)
    done = await until(context, job_id, *OVER)
    assert (done.status, done.errors, done.attempt) == (JobStatus.COMPLETED, (), 1)
    assert done.progress >= stored.progress
    assert (done.channels_synced, done.movies_synced, done.series_synced) == (120, 900, 120)


async def test_a_killed_worker_loses_nothing(context: ProcessContext, workers: Workers, slow_portal: str) -> None:
    pk = await add_stalker(context, slow_portal)
    worker = workers.start()
    job_id = (await context.jobs.start(pk)).job_id
    await under_way(context, job_id)
    worker.end(signal.SIGKILL)
    killed = time.monotonic()
    workers.start()
    while (await context.history.get(job_id)).attempt < 2:
        assert time.monotonic() - killed < 45
        await asyncio.sleep(0.1)
    done = await until(context, job_id, *OVER)
    assert (done.status, done.errors, done.attempt) == (JobStatus.COMPLETED, (), 2)
    assert (done.channels_synced, done.movies_synced, done.series_synced) == (120, 900, 120)
    stats = await context.browse.stats(done.provider_id)
    assert stats.total_movies == 900
