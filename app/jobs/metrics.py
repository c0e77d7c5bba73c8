"""What jobs came to and what they moved, read off a job's own counts after a commit: per batch, never per item."""

from collections.abc import Iterable
from typing import Final

from prometheus_client import Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from sqlalchemy import func, select
from sqlmodel import col

from app.db.engine import Database
from app.db.tables import SyncJob
from app.domain.kinds import JobStatus, StepName, StepStatus, SyncMode
from app.jobs.views import ENDED, StepView

# A channel list takes seconds, a portal with a million titles hours.
BUCKETS: Final = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400)
OUTCOMES: Final = (JobStatus.COMPLETED, JobStatus.PARTIAL, JobStatus.FAILED, JobStatus.CANCELLED)
LIVE: Final = (JobStatus.QUEUED, JobStatus.RUNNING)
OPS: Final = ("added", "updated", "unchanged", "removed", "rejected")

JOBS: Final = Counter("lineup_jobs", "Jobs that ended.", ("outcome", "mode"))
JOB_SECONDS: Final = Histogram(
    "lineup_job_seconds", "From the start of a job's first attempt to its end.", ("outcome",), buckets=BUCKETS
)
STEPS: Final = Counter("lineup_steps", "Steps that ended.", ("step", "outcome"))
PAGES: Final = Counter("lineup_pages_fetched", "Pages of lists that were fetched and stored.", ("step",))
ITEMS: Final = Counter("lineup_items", "What jobs did with items; of rejected ones, with records.", ("kind", "op"))

# Every series exists from the start: the first of a kind is a change from 0, which a rate sees.
_PAGES: Final = {step: PAGES.labels(step.value) for step in StepName}
_ITEMS: Final = {
    (step, op): ITEMS.labels(step.kind.value, op) for step in StepName if step.brings_items and step.kind for op in OPS
}
for _outcome in OUTCOMES:
    JOB_SECONDS.labels(_outcome.value)
    for _mode in SyncMode:
        JOBS.labels(_outcome.value, _mode.value)
for _step in StepName:
    for _status in ENDED:
        STEPS.labels(_step.value, _status.value)


class Meter:
    """Reads one job's counts into those of the process; what an earlier attempt did was read by its worker."""

    def __init__(self, steps: Iterable[StepView]) -> None:
        self._read = {step.name: step for step in steps}
        self._highest = {(step.name, op): getattr(step, op) for step in self._read.values() for op in OPS}

    def read(self, steps: Iterable[StepView]) -> None:
        """Adds what came since the last reading; to be called when it is committed."""
        for step in steps:
            before = self._read.get(step.name)
            if step is before:
                continue
            self._add(step, before or StepView(name=step.name))
            self._read[step.name] = step

    def close(self, status: JobStatus) -> None:
        """The steps that the end of the job finds open end with it."""
        left = StepStatus.CANCELLED if status is JobStatus.CANCELLED else StepStatus.SKIPPED
        for step in self._read.values():
            if step.status not in ENDED:
                STEPS.labels(step.name.value, left.value).inc()

    def _add(self, step: StepView, before: StepView) -> None:
        _PAGES[step.name].inc(max(0, step.pages_done - before.pages_done))
        if step.status in ENDED and before.status not in ENDED:
            STEPS.labels(step.name.value, step.status.value).inc()
        if not step.name.brings_items:
            return
        for op in OPS:
            # A count may go back (an item that was unchanged is found to be updated), a counter cannot.
            now, highest = getattr(step, op), self._highest.get((step.name, op), 0)
            if now > highest:
                _ITEMS[step.name, op].inc(now - highest)
                self._highest[step.name, op] = now


def job_ended(status: JobStatus, mode: SyncMode | str, *, seconds: float | None) -> None:
    """Counts a job that got its outcome; `seconds` since its start, None when it never started."""
    JOBS.labels(status.value, SyncMode(mode).value).inc()
    if seconds is not None:
        JOB_SECONDS.labels(status.value).observe(seconds)


async def measured(database: Database) -> list[Metric]:
    """The jobs that are live now, of all processes."""
    counted = select(col(SyncJob.status), func.count()).where(col(SyncJob.status).in_(LIVE))
    async with database.reader() as reader:
        found = {row[0]: row[1] for row in await reader.rows(counted.group_by(col(SyncJob.status)))}
    family = GaugeMetricFamily("lineup_jobs_live", "Jobs that wait or run, in all processes.", labels=("status",))
    for status in LIVE:
        family.add_metric((status.value,), found.get(status, 0))
    return [family]
