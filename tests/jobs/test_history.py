import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlmodel import col

from app.core.errors import NotFound
from app.core.pauses import pause
from app.db.engine import Database
from app.db.progress import quarantine
from app.db.tables import SyncJob
from app.domain.kinds import JobStatus, Kind, StepName, StepStatus
from app.domain.records import RejectedRecord
from app.jobs import lease
from app.jobs.ending import requeue_job
from app.jobs.history import JobHistory
from app.jobs.pulse import hint_key
from app.jobs.requests import JobRequests
from app.jobs.run import Run
from app.jobs.views import StepView
from tests.jobs.conftest import add_provider


class Board:
    """Hints in memory."""

    def __init__(self) -> None:
        self.values: dict[str, Mapping[str, Any]] = {}

    async def put(self, key: str, value: Mapping[str, Any], *, ttl_seconds: int) -> None:
        self.values[key] = value

    async def get(self, key: str) -> Mapping[str, Any] | None:
        return self.values.get(key)

    async def share(
        self, key: str, member: str, value: Mapping[str, Any], *, ttl_seconds: float
    ) -> Mapping[str, Mapping[str, Any]]:
        return {}


class Witness(Board):
    """Notes what is shown of progress beside what the next attempt would begin with."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.noted: list[tuple[int, int]] = []
        self._database = database

    async def put(self, key: str, value: Mapping[str, Any], *, ttl_seconds: int) -> None:
        await super().put(key, value, ttl_seconds=ttl_seconds)
        if "progress" in value:
            async with self._database.reader() as reader:
                self.noted.append((value["progress"], await reader.scalar(select(col(SyncJob.progress)))))


async def run_through(database: Database, job_id: str, status: JobStatus) -> None:
    async with Run(database, None, job_id) as job:
        await job.finish(status, errors=(), version=None)


async def test_a_job_that_is_not_there_is_not_found(history: JobHistory) -> None:
    with pytest.raises(NotFound):
        await history.get("nothing")


async def test_pages_are_newest_first_and_counted(
    database: Database, requests: JobRequests, history: JobHistory, provider_pk: int
) -> None:
    other = await add_provider(database, 2)
    ids = []
    for status in (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.COMPLETED):
        ids.append((await requests.start(provider_pk)).job_id)
        await run_through(database, ids[-1], status)
    await requests.start(other)
    page, total = await history.page(provider_pk=provider_pk, page=1, limit=2)
    assert ([job.id for job in page], total) == ([ids[2], ids[1]], 3)
    page, total = await history.page(provider_pk=provider_pk, status=JobStatus.COMPLETED, page=2, limit=1)
    assert ([job.id for job in page], total) == ([ids[0]], 2)
    assert (await history.page(page=9))[1] == 4


async def test_the_current_job_is_the_live_one_or_the_last(
    database: Database, requests: JobRequests, history: JobHistory, provider_pk: int
) -> None:
    assert await history.current(provider_pk) is None
    first = (await requests.start(provider_pk)).job_id
    await run_through(database, first, JobStatus.COMPLETED)
    assert (current := await history.current(provider_pk)) is not None
    assert current.id == first
    second = (await requests.start(provider_pk)).job_id
    assert (current := await history.current(provider_pk)) is not None
    assert current.id == second


async def test_refused_records_are_listed_as_they_came(
    database: Database, requests: JobRequests, history: JobHistory, provider_pk: int
) -> None:
    job_id = (await requests.start(provider_pk)).job_id
    refused = [
        RejectedRecord(kind=kind, external_id=public, reason="no name", raw=f'{{"id":{number}}}')
        for number, (kind, public) in enumerate([(Kind.SERIES, "7"), (Kind.CHANNEL, None), (Kind.MOVIE, "1")])
    ]
    async with database.writer() as writer:
        await quarantine(writer, job_id=job_id, provider_pk=provider_pk, records=refused)
    page, total = await history.rejected(job_id, limit=2)
    assert ([(one.kind, one.external_id, one.raw) for one in page], total) == (
        [("series", "7", '{"id":0}'), ("channel", None, '{"id":1}')],
        3,
    )
    page, total = await history.rejected(job_id, page=2, limit=2)
    assert ([one.kind for one in page], total) == (["movie"], 3)
    with pytest.raises(NotFound):
        await history.rejected("nothing")


async def test_hints_show_what_is_not_saved_yet(
    database: Database, requests: JobRequests, history: JobHistory, provider_pk: int
) -> None:
    board = Board()
    job_id = (await requests.start(provider_pk)).job_id
    async with Run(database, board, job_id) as job:
        await job.plan([StepName.MOVIES])
        await job.begin(StepName.MOVIES)
        job.note(StepName.MOVIES, pages_done=1, pages_total=2, fetched=14, added=14)
        board.values[hint_key(job_id)] = job.live_view()
        shown = await JobHistory(database, board).get(job_id)
        assert (shown.movies_synced, shown.progress, shown.total_items, shown.current_step) == (
            14,
            50,
            28,
            "Syncing movies",
        )
        assert (await history.get(job_id)).movies_synced == 0
        board.values[hint_key(job_id)] = {**job.live_view(), "attempt": 7}
        assert (await JobHistory(database, board).get(job_id)).movies_synced == 0
        await job.finish(JobStatus.FAILED, errors=["x"], version=None)
    assert (await JobHistory(database, board).get(job_id)).steps[0].status is StepStatus.SKIPPED


async def test_no_progress_is_shown_that_the_next_attempt_would_take_back(
    database: Database, requests: JobRequests, provider_pk: int
) -> None:
    job_id, witness = (await requests.start(provider_pk)).job_id, Witness(database)
    seen, over = [0], asyncio.Event()

    async def look() -> None:
        while not over.is_set():
            seen.append((await JobHistory(database, witness).get(job_id)).progress)
            await pause(over, 0.01)

    looking = asyncio.create_task(look())
    for last in (60, 100):  # the first worker is taken to be lost in the middle, and then goes on as if nothing were
        async with asyncio.timeout(30), Run(database, witness, job_id) as job:
            await job.plan([StepName.MOVIES])
            if job.attempt == 1:
                await job.begin(StepName.MOVIES)
            before = seen[-1]
            while job.progress < last - 1 or seen[-1] == before:  # however slow the machine: the watcher saw a part
                job.note(StepName.MOVIES, pages_done=1, pages_total=100)
                await asyncio.sleep(0.02)
            if job.attempt == 1:
                async with database.writer() as writer:
                    await lease.revoke(writer, provider_pk=provider_pk, job_id=job_id)
                    await requeue_job(writer, job_id, attempt=1)
                job.finished = True  # it will never hear of it
            else:
                await job.finish(JobStatus.COMPLETED, errors=(), version=None)
    over.set()
    await looking
    assert seen == sorted(seen)
    assert len(set(seen)) > 2
    assert max(shown for shown, _ in witness.noted) > 0
    assert all(shown <= kept for shown, kept in witness.noted)
    assert (await JobHistory(database, witness).get(job_id)).progress == 100


async def test_a_job_that_was_given_back_waits_for_a_worker_and_begins_with_what_was_stored(
    database: Database, requests: JobRequests, provider_pk: int
) -> None:
    job_id, board = (await requests.start(provider_pk)).job_id, Board()
    history = JobHistory(database, board)
    assert (await history.get(job_id)).current_step is None

    async def interrupted() -> None:
        async with Run(database, board, job_id) as job:
            await job.plan([StepName.MOVIES])
            await job.begin(StepName.MOVIES)
            job.note(StepName.MOVIES, pages_done=1, pages_total=2, fetched=14, added=14)
            while (await history.get(job_id)).movies_synced == 0:
                pass
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await interrupted()
    waiting = await history.get(job_id)
    assert (waiting.status, waiting.current_step, waiting.attempt) == (JobStatus.QUEUED, "Waiting for a worker", 0)
    async with Run(database, None, job_id) as job:
        again = await history.get(job_id)
        assert (again.attempt, again.movies_synced) == (1, 0)
        await job.finish(JobStatus.FAILED, errors=["x"], version=None)


def test_what_a_step_expects_follows_its_pages_and_ends_with_what_it_processed() -> None:
    step = StepView(name=StepName.MOVIES, status=StepStatus.RUNNING, pages_done=2, pages_total=10, fetched=28, added=28)
    assert (step.expected, step.processed) == (140, 28)
    ended = StepView(name=StepName.MOVIES, status=StepStatus.COMPLETED, pages_done=2, pages_total=10, added=27)
    assert (ended.expected, ended.processed) == (27, 27)


async def test_a_job_ends_whatever_its_catalogue_has_come_to(
    database: Database, requests: JobRequests, history: JobHistory, provider_pk: int
) -> None:
    job_id = (await requests.start(provider_pk)).job_id
    async with database.writer() as writer:
        await writer.execute(text("ALTER TABLE movie RENAME TO movie_away"))
    await run_through(database, job_id, JobStatus.FAILED)
    async with database.writer() as writer:
        await writer.execute(text("ALTER TABLE movie_away RENAME TO movie"))
    view = await history.get(job_id)
    assert (view.status, view.sizes) == (JobStatus.FAILED, None)
