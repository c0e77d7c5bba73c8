"""What goes on beside a running job: it keeps its lease, hears when it has to stop, and shows how far it is."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col

from app.core.clock import now_ms
from app.core.errors import LeaseLost
from app.core.pauses import pause
from app.core.ports import Hints
from app.db.engine import Database
from app.db.tables import SyncJob
from app.domain.kinds import JobStatus
from app.jobs import lease
from app.jobs.errors import Cancelled
from app.jobs.tracker import JobTracker

WATCH_SECONDS: Final = 0.25
SHOW_SECONDS: Final = 0.25  # four times a second is what watchers are promised
STORE_SECONDS: Final = 1.0  # the database is told less often than the hints: it only has to survive a restart
HINT_SECONDS: Final = 60
STOP_SECONDS: Final = 5.0
NO_HINT: Final = {"attempt": 0}  # of no attempt: a job that is given back runs again under the same number

log = structlog.get_logger(__name__)


def hint_key(job_id: str) -> str:
    """Where a running job shows its counts."""
    return f"job:{job_id}"


class Pulse:
    """The tasks beside one job. A database that is away for a moment ends nothing; a lease that ran out does."""

    def __init__(self, database: Database, hints: Hints | None, job: JobTracker) -> None:
        self._database = database
        self._hints = hints
        self._job = job
        self._stored = job.progress
        self._tasks: list[asyncio.Task[None]] = []
        self._renewed = time.monotonic()
        self._over = asyncio.Event()

    def start(self) -> None:
        beats = ((self._renew, lease.RENEW_SECONDS), (self._watch, WATCH_SECONDS))
        self._tasks = [asyncio.create_task(self._every(seconds, beat)) for beat, seconds in beats]
        self._tasks.append(asyncio.create_task(self._show()))

    async def stop(self) -> None:
        """Lets every task finish what it is at; what hangs is left behind."""
        self._over.set()
        self._job.changed.set()
        _, hanging = await asyncio.wait(self._tasks, timeout=STOP_SECONDS)
        for task in hanging:
            task.cancel()

    async def _every(self, seconds: float, beat: Callable[[], Awaitable[None]]) -> None:
        while self._job.stop_reason is None and not await pause(self._over, seconds):
            try:
                await beat()
            except LeaseLost as lost:
                self._job.stop(lost)
            except (SQLAlchemyError, OSError) as error:
                log.warning("job_beat_missed", job_id=self._job.job_id, error=type(error).__name__)
                if time.monotonic() - self._renewed > lease.LEASE_SECONDS:
                    self._job.stop(LeaseLost("The lease ran out while the database was out of reach."))

    async def _renew(self) -> None:
        job = self._job
        began = time.monotonic()
        async with self._database.writer() as writer:
            await lease.renew(writer, provider_pk=job.provider_pk, fence=job.fence)
            await writer.execute(update(SyncJob).where(col(SyncJob.id) == job.job_id).values(heartbeat_at=now_ms()))
        self._renewed = began

    async def _watch(self) -> None:
        async with self._database.reader() as reader:
            asked = await reader.scalar(
                select(col(SyncJob.cancel_requested)).where(col(SyncJob.id) == self._job.job_id)
            )
        if asked is None:
            raise LeaseLost("The provider and its jobs were removed.")
        if asked:
            self._job.stop(Cancelled("The sync was cancelled."))

    async def _show(self) -> None:
        stored = 0.0
        while not self._over.is_set():
            await self._job.changed.wait()
            self._job.changed.clear()
            # No more than the next attempt will know of, should this worker be lost: progress never goes back.
            await self._hint({**self._job.live_view(), "progress": self._stored})
            if time.monotonic() - stored >= STORE_SECONDS:
                await self._store()
                stored = time.monotonic()
            await pause(self._over, SHOW_SECONDS)
        await self._hint(NO_HINT)

    async def _hint(self, shown: Mapping[str, Any]) -> None:
        if self._hints is not None:
            await self._hints.put(hint_key(self._job.job_id), shown, ttl_seconds=HINT_SECONDS)

    async def _store(self) -> None:
        job = self._job
        ours = (col(SyncJob.id) == job.job_id, col(SyncJob.attempt) == job.attempt)
        progress = job.progress
        running = (col(SyncJob.status) == JobStatus.RUNNING, col(SyncJob.progress) < progress)
        try:
            async with self._database.writer() as writer:
                await writer.execute(update(SyncJob).where(*ours, *running).values(progress=progress))
            self._stored = progress
        except (SQLAlchemyError, OSError) as error:
            log.warning("job_progress_not_stored", job_id=job.job_id, error=type(error).__name__)
