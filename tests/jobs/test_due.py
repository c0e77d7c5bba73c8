import asyncio
from itertools import pairwise

from sqlalchemy import select, update
from sqlmodel import col

from app.core.clock import now_ms
from app.db.engine import Database
from app.db.tables import Provider, SyncJob
from app.domain.kinds import JobStatus
from app.jobs.requests import JobRequests
from app.jobs.run import Run
from app.jobs.views import StartedJob
from app.registry.due import start_due
from app.registry.schedule import HOUR_MS, MINUTE_MS
from tests.jobs.conftest import Bell, add_provider

SIX_HOURS = {"everyHours": 6}


async def next_time(database: Database, provider_pk: int) -> int | None:
    async with database.reader() as reader:
        return await reader.scalar(  # type: ignore[no-any-return]
            select(Provider.next_sync_at).where(Provider.pk == provider_pk)  # type: ignore[call-overload]
        )


async def test_only_what_is_due_is_started(database: Database, requests: JobRequests, queue: Bell) -> None:
    now = now_ms()
    await add_provider(database, 1, schedule=SIX_HOURS, next_sync_at=now - 1)
    await add_provider(database, 2, schedule=SIX_HOURS, next_sync_at=now + HOUR_MS)
    await add_provider(database, 3, schedule=SIX_HOURS, next_sync_at=now - 1, enabled=False)
    await add_provider(database, 4)
    started = await start_due(database, requests)
    assert [job.job_id for job in started] == queue.waiting
    assert len(started) == 1
    assert await start_due(database, requests) == []


async def test_the_next_time_follows_the_schedule_with_a_little_jitter(
    database: Database, requests: JobRequests
) -> None:
    now = now_ms()
    schedules = [SIX_HOURS, {"cron": "0 4 * * *", "timezone": "UTC"}, None, SIX_HOURS | {"jitterMinutes": 0}]
    for number, schedule in enumerate(schedules, 1):
        host = f"http://portal{number}.example"
        await add_provider(database, number, address=host, schedule=schedule, next_sync_at=now - 1)
    assert len(await start_due(database, requests)) == 4
    assert now + 6 * HOUR_MS <= (await next_time(database, 1) or 0) <= now_ms() + 6.2 * HOUR_MS
    assert (await next_time(database, 2) or 0) % (24 * HOUR_MS) // MINUTE_MS == 4 * 60
    assert await next_time(database, 3) is None
    assert now + 6 * HOUR_MS <= (await next_time(database, 4) or 0) <= now_ms() + 6 * HOUR_MS


async def test_a_sync_that_still_runs_is_not_started_twice(
    database: Database, requests: JobRequests, queue: Bell
) -> None:
    await add_provider(database, 1, schedule=SIX_HOURS, next_sync_at=now_ms() - 1)
    live = await requests.start(1)
    async with Run(database, None, live.job_id) as job:
        started = await start_due(database, requests)
        assert [(one.job_id, one.created) for one in started] == [(live.job_id, False)]
        await job.finish(JobStatus.COMPLETED, errors=(), version=None)
    assert len(queue.waiting) == 1


async def test_a_sync_of_a_part_is_no_scheduled_sync(database: Database, requests: JobRequests) -> None:
    await add_provider(database, 1, schedule=SIX_HOURS, next_sync_at=now_ms() - 1)
    live = await requests.start(1, only=frozenset({"channels"}))
    assert await start_due(database, requests) == []
    await end(database, live.job_id)
    assert [one.created for one in await start_due(database, requests)] == [True]


async def test_a_time_that_a_person_changes_meanwhile_is_kept(database: Database, requests: JobRequests) -> None:
    await add_provider(database, 1, schedule=SIX_HOURS, next_sync_at=now_ms() - 1)

    class Meddling(JobRequests):
        async def announce(self, started: StartedJob) -> None:
            async with database.writer() as writer:
                await writer.execute(update(Provider).values(next_sync_at=77))

    await start_due(database, Meddling(database, Bell()))
    assert await next_time(database, 1) == 77


async def test_ticks_at_the_same_moment_start_one_job_each(database_url: str, queue: Bell) -> None:
    databases = [Database(database_url) for _ in range(4)]
    for number in (1, 2, 3):
        await add_provider(
            databases[0], number, address=f"http://p{number}.example", schedule=SIX_HOURS, next_sync_at=now_ms() - 1
        )
    rounds = await asyncio.gather(*(start_due(one, JobRequests(one, queue)) for one in databases))
    assert max(len(one) for one in rounds) == 3
    assert sum(job.created for one in rounds for job in one) == len(queue.waiting) == 3
    for one in databases:
        await one.close()


async def test_what_was_missed_for_a_week_starts_once_and_not_all_at_once(
    database: Database, requests: JobRequests, queue: Bell
) -> None:
    now = now_ms()
    for number in range(1, 9):
        host = f"http://p{number}.example"
        await add_provider(database, number, address=host, schedule=SIX_HOURS, next_sync_at=now - 168 * HOUR_MS)
    assert len(await start_due(database, requests)) == 1
    times = sorted([await next_time(database, number) or 0 for number in range(1, 9)])
    assert all(later - earlier >= 10_000 for earlier, later in pairwise(times))
    assert times[-2] <= now + 90_000
    assert times[-1] >= now + 6 * HOUR_MS
    for _ in range(7):
        await pass_by(database, 10_000)
        await start_due(database, requests)
    assert len(set(queue.waiting)) == 8
    await pass_by(database, HOUR_MS)
    assert await start_due(database, requests) == []


async def test_one_that_was_missed_alone_starts_at_once(database: Database, requests: JobRequests) -> None:
    await add_provider(database, 1, schedule=SIX_HOURS, next_sync_at=now_ms() - 168 * HOUR_MS)
    assert len(await start_due(database, requests)) == 1


async def test_providers_of_one_host_start_one_after_the_other(
    database: Database, requests: JobRequests, queue: Bell
) -> None:
    places = ("http://p.example/a", "http://P.example:80/b", "http://p.example:8080/a", "https://p.example/a")
    for number, place in enumerate(places, 1):
        await add_provider(database, number, address=place, schedule=SIX_HOURS, next_sync_at=now_ms() - 10 + number)
    first = await start_due(database, requests)
    assert len(first) == 3
    assert await start_due(database, requests) == []
    await end(database, first[0].job_id)
    assert await start_due(database, requests) == []
    await pass_by(database, 30_000)
    assert len(await start_due(database, requests)) == 1
    assert len(queue.waiting) == 4


async def test_a_provider_that_is_left_alone_is_due_when_its_breaker_closes(
    database: Database, requests: JobRequests
) -> None:
    now = now_ms()
    refused = {"breaker_refusals": 3, "breaker_trips": 5, "breaker_until": now + 600_000}
    await add_provider(database, 1, schedule=SIX_HOURS, next_sync_at=now - 1, **refused)
    assert await start_due(database, requests) == []
    await pass_by(database, 600_000)
    assert len(await start_due(database, requests)) == 1


async def test_a_clock_set_back_by_a_day_does_not_silence_a_schedule(database: Database, requests: JobRequests) -> None:
    now, day = now_ms(), 24 * HOUR_MS
    night = {"cron": "0 4 * * *", "timezone": "UTC"}
    await add_provider(database, 1, address="http://a.example", schedule=SIX_HOURS, next_sync_at=now + day + HOUR_MS)
    await add_provider(database, 2, address="http://b.example", schedule=night, next_sync_at=now + 2 * day)
    await add_provider(database, 3, address="http://c.example", schedule=SIX_HOURS, next_sync_at=now + HOUR_MS)
    assert await start_due(database, requests) == []
    assert (await next_time(database, 1) or 0) <= now_ms() + 6.2 * HOUR_MS
    assert (await next_time(database, 2) or 0) <= now_ms() + day + MINUTE_MS
    assert await next_time(database, 3) == now + HOUR_MS


async def test_a_clock_set_back_does_not_make_a_host_busy_until_then(database: Database, requests: JobRequests) -> None:
    await add_provider(database, 1, schedule=SIX_HOURS)
    await add_provider(database, 2, schedule=SIX_HOURS, next_sync_at=now_ms() - 1)
    ended = await requests.start(1)
    await end(database, ended.job_id)
    async with database.writer() as writer:
        await writer.execute(update(SyncJob).values(queued_at=now_ms() + 24 * HOUR_MS))
    assert len(await start_due(database, requests)) == 1


async def pass_by(database: Database, ms: int) -> None:
    """As if this time had passed."""
    async with database.writer() as writer:
        await writer.execute(
            update(Provider).values(
                next_sync_at=col(Provider.next_sync_at) - ms, breaker_until=col(Provider.breaker_until) - ms
            )
        )
        await writer.execute(update(SyncJob).values(queued_at=col(SyncJob.queued_at) - ms))


async def end(database: Database, job_id: str) -> None:
    async with database.writer() as writer:
        await writer.execute(update(SyncJob).where(col(SyncJob.id) == job_id).values(status=JobStatus.COMPLETED))
