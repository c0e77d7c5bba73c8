from sqlalchemy import select, update

from app.core.clock import now_ms
from app.db.engine import Database
from app.db.tables import Provider
from app.domain.kinds import JobStatus
from app.jobs.requests import JobRequests
from app.jobs.run import Run
from app.jobs.views import StartedJob
from app.registry.due import start_due
from app.registry.schedule import HOUR_MS
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
    await add_provider(database, 1, schedule=SIX_HOURS, next_sync_at=now - 30 * HOUR_MS)
    await add_provider(database, 2, schedule={"cron": "0 4 * * *", "timezone": "UTC"}, next_sync_at=now - 1)
    await add_provider(database, 3, schedule=None, next_sync_at=now - 1)
    await start_due(database, requests)
    assert now + 6 * HOUR_MS <= (await next_time(database, 1) or 0) <= now_ms() + 6.2 * HOUR_MS
    assert (await next_time(database, 2) or 0) % (24 * HOUR_MS) == 4 * HOUR_MS
    assert await next_time(database, 3) is None


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


async def test_a_time_that_a_person_changed_meanwhile_is_kept(database: Database, requests: JobRequests) -> None:
    await add_provider(database, 1, schedule=SIX_HOURS, next_sync_at=now_ms() - 1)

    class Meddling(JobRequests):
        async def start(self, *args: object, **kwargs: object) -> StartedJob:
            async with database.writer() as writer:
                await writer.execute(update(Provider).values(next_sync_at=77))
            return await requests.start(1)

    await start_due(database, Meddling(database, Bell()))
    assert await next_time(database, 1) == 77
