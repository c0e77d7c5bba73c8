from sqlalchemy import func, insert, select, update

from app.core.clock import now_ms
from app.db.engine import Database, Writer
from app.db.tables import JobChange, Quarantine, SyncCheckpoint, SyncJob, SyncStep
from app.domain.kinds import JobStatus, StepName
from app.jobs.history import JobHistory
from app.jobs.pruning import DAY_MS, prune
from app.jobs.requests import JobRequests
from app.jobs.run import Run


async def finished(database: Database, requests: JobRequests, provider_pk: int, *, age_ms: int) -> str:
    job_id = (await requests.start(provider_pk)).job_id
    async with Run(database, None, job_id) as job:
        await job.plan([StepName.MOVIES])
        await job.finish(JobStatus.COMPLETED, errors=(), version=None)
    async with database.writer() as writer:
        await writer.execute(
            update(SyncJob).where(SyncJob.id == job_id).values(completed_at=now_ms() - age_ms)  # type: ignore[arg-type]
        )
        await leave_rows(writer, job_id, provider_pk)
    return job_id


async def leave_rows(writer: Writer, job_id: str, provider_pk: int) -> None:
    await writer.execute(insert(SyncCheckpoint).values(job_id=job_id, scope="vod:*", pages=[1], seen=b""))
    await writer.execute(
        insert(JobChange).values(job_id=job_id, provider_pk=provider_pk, kind=1, op="added", ordinals=b"")
    )
    await writer.execute(
        insert(Quarantine).values(job_id=job_id, provider_pk=provider_pk, kind="movie", reason="no id", raw="{}")
    )


async def count(database: Database, table: type) -> int:
    async with database.reader() as reader:
        return int(await reader.scalar(select(func.count()).select_from(table)))


async def test_old_jobs_go_with_all_they_left(
    database: Database, requests: JobRequests, history: JobHistory, provider_pk: int
) -> None:
    old = await finished(database, requests, provider_pk, age_ms=30 * DAY_MS + 1000)
    young = await finished(database, requests, provider_pk, age_ms=30 * DAY_MS - 60_000)
    live = (await requests.start(provider_pk)).job_id
    async with database.writer() as writer:
        await leave_rows(writer, live, provider_pk)
    assert await prune(database, days=30) == 1
    jobs, total = await history.page()
    assert ([job.id for job in jobs], total) == ([live, young], 2)
    assert old not in {live, young}
    assert [await count(database, table) for table in (SyncStep, JobChange, Quarantine)] == [1, 2, 2]
    assert await count(database, SyncCheckpoint) == 1


async def test_the_last_job_of_a_provider_stays(
    database: Database, requests: JobRequests, history: JobHistory, provider_pk: int
) -> None:
    job_id = await finished(database, requests, provider_pk, age_ms=90 * DAY_MS)
    assert await prune(database, days=1) == 0
    assert (await history.get(job_id)).status is JobStatus.COMPLETED
