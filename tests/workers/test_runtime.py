import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog
from arq.constants import in_progress_key_prefix
from arq.worker import Retry
from structlog.testing import LogCapture

from app.config import Settings
from app.context import ProcessContext, open_context
from app.core.errors import Conflict, LeaseLost
from app.domain.kinds import JobStatus
from app.jobs.errors import NothingToRun
from app.queue.connection import connect
from tests.workers.conftest import add_xtream, until
from workers.lifecycle import embedded_worker
from workers.runtime import task
from workers.schedule import CRON_JOBS, KEEP_SECONDS
from workers.settings import build_worker


@pytest.fixture
async def alone(tmp_path: Path) -> AsyncIterator[ProcessContext]:
    """An installation in a folder: SQLite and its own queue server."""
    async with open_context(Settings(_env_file=None, data_dir=tmp_path / "data")) as found:  # type: ignore[call-arg]
        yield found


@pytest.fixture
def log() -> LogCapture:
    capture = LogCapture()
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, capture])
    return capture


@pytest.fixture(autouse=True)
def _reset() -> Iterator[None]:
    yield
    structlog.reset_defaults()


async def run(alone: ProcessContext, error: BaseException | None) -> None:
    @task
    async def story(context: ProcessContext, word: str) -> None:
        assert (context, word) == (alone, "hello")
        if error is not None:
            raise error

    await story({"context": alone, "job_id": "j1"}, "hello")


@pytest.mark.parametrize(
    ("error", "event"),
    [
        (NothingToRun("over"), "nothing_to_run"),
        (LeaseLost("gone"), "lease_lost"),
        (KeyError("broken"), "task_failed"),
    ],
)
async def test_what_ends_a_task_is_logged_with_its_job(
    alone: ProcessContext, log: LogCapture, error: Exception, event: str
) -> None:
    await run(alone, error)
    assert [(entry["event"], entry["job_id"], entry["task"]) for entry in log.entries] == [(event, "j1", "story")]


async def test_a_busy_catalogue_is_tried_again_soon(alone: ProcessContext) -> None:
    with pytest.raises(Retry) as again:
        await run(alone, Conflict("busy"))
    assert again.value.defer_score == 2000


async def test_a_cancelled_task_stays_cancelled(alone: ProcessContext) -> None:
    with pytest.raises(asyncio.CancelledError):
        await run(alone, asyncio.CancelledError())


async def test_a_running_job_is_marked_for_half_a_minute_only(alone: ProcessContext) -> None:
    pool = connect(alone.redis_url)
    left: list[int] = []

    @task
    async def story(_context: ProcessContext) -> None:
        while (await pool.pttl(in_progress_key_prefix + "j1")) <= 0:  # noqa: ASYNC110 - set by another task
            await asyncio.sleep(0.01)
        left.append(await pool.pttl(in_progress_key_prefix + "j1"))

    await story({"context": alone, "job_id": "j1"})
    await pool.aclose()
    assert 25_000 < left[0] <= 30_000


async def test_a_worker_reports_its_health_and_takes_it_back(alone: ProcessContext) -> None:
    async with embedded_worker(alone):
        while not await alone.queue.workers_alive():  # noqa: ASYNC110 - another process would poll as well
            await asyncio.sleep(0.02)
    assert not await alone.queue.workers_alive()


async def test_a_worker_survives_the_death_of_the_queue_server(alone: ProcessContext, quick_portal: str) -> None:
    pk = await add_xtream(alone, quick_portal)
    assert alone.queue_server is not None
    async with embedded_worker(alone):
        first = await alone.jobs.start(pk)
        await until(alone, first.job_id, JobStatus.COMPLETED)
        assert alone.queue_server.pid is not None
        os.kill(alone.queue_server.pid, signal.SIGKILL)
        second = await alone.jobs.start(pk)
        assert (await until(alone, second.job_id, JobStatus.COMPLETED, seconds=40)).errors == ()


async def test_every_cron_job_runs_once_however_many_workers_there_are() -> None:
    assert [job.name for job in CRON_JOBS] == ["tick", "tidy"]
    assert all(job.unique and job.keep_result_s == KEEP_SECONDS for job in CRON_JOBS)


async def test_the_worker_is_set_up_as_its_library_needs(alone: ProcessContext) -> None:
    pool = connect(alone.redis_url)
    worker = build_worker(alone, pool)
    await pool.aclose()
    assert (worker.keep_result_s, worker.allow_abort_jobs, worker.health_check_interval) == (0, False, 15)
    assert set(worker.functions) == {"sync", "notify", "tick", "tidy"}
    assert worker.job_timeout_s is not None
    assert worker.job_timeout_s >= 3600
