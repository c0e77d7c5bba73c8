from pathlib import Path

from sqlalchemy import update
from sqlmodel import col

from app.config import Settings
from app.context import open_context
from app.core.clock import now_ms
from app.db.tables import SyncJob
from app.domain.kinds import JobStatus
from app.jobs.pruning import DAY_MS
from app.jobs.run import Run
from tests.support.scripted import add_job, add_provider
from workers.tasks.maintenance import tidy


async def test_jobs_are_kept_for_as_long_as_is_set(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path / "data", history_days=3)  # type: ignore[call-arg]
    async with open_context(settings) as context:
        pk = await add_provider(context.database)
        ids = []
        for days in (4, 2, 0):
            ids.append(await add_job(context.database, pk))
            async with Run(context.database, None, ids[-1]) as job:
                await job.finish(JobStatus.COMPLETED, errors=(), version=None)
            async with context.database.writer() as writer:
                old = update(SyncJob).where(col(SyncJob.id) == ids[-1])
                await writer.execute(old.values(completed_at=now_ms() - days * DAY_MS))
        await tidy({"context": context, "job_id": "tidy"})
        jobs, _ = await context.history.page()
        assert {job.id for job in jobs} == set(ids[1:])
