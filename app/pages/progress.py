"""How far a job is, and how fast: what the pages of a live job show."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from app.core.clock import now_ms
from app.jobs.views import JobView, StepView

LOOK_BACK_MS: Final = 8_000
LEAST_MS: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A job at one moment; `rate` in items a second, `seconds_left` None where nothing can be said yet."""

    job: JobView
    step: str
    pages_done: int
    pages_total: int
    rate: float | None
    seconds: float
    seconds_left: float | None


class Pace:
    """Remembers a few seconds of one job, so that its rate is that of now and not of its whole life."""

    def __init__(self) -> None:
        self._seen: deque[tuple[int, int]] = deque()
        self._job_id = ""

    def seen(self, job: JobView) -> Progress:
        """A new state of the job."""
        now = now_ms()
        if job.id != self._job_id:
            self._seen.clear()
            self._job_id = job.id
        self._seen.append((now, job.processed_items))
        while now - self._seen[0][0] > LOOK_BACK_MS:
            self._seen.popleft()
        since, before = self._seen[0]
        if now - since < LEAST_MS:
            return progress_of(job, now=now)
        return progress_of(job, now=now, rate=max(0, job.processed_items - before) * 1000 / (now - since))


def progress_of(job: JobView, *, now: int | None = None, rate: float | None = None) -> Progress:
    """A job as it stands; without a rate of now, that since its start counts."""
    at = now or now_ms()
    seconds = (at - job.started_at) / 1000 if job.started_at else 0.0
    if rate is None and seconds > 0:
        rate = job.processed_items / seconds
    running = [step for step in job.steps if step.status == "running"]
    return Progress(
        job=job,
        step=job.current_step or "Waiting for a worker",
        pages_done=sum(step.pages_done for step in running),
        pages_total=sum(step.pages_total for step in running),
        rate=rate,
        seconds=seconds,
        seconds_left=_left(job, seconds),
    )


def _left(job: JobView, seconds: float) -> float | None:
    """As long again as what is left of its percents took so far."""
    if not 0 < job.progress < 100 or seconds < 1:  # noqa: PLR2004 - percents
        return None
    return seconds * (100 - job.progress) / job.progress


def duration_of(job: JobView) -> float | None:
    """Seconds from start to end; None for one that never ran or still runs."""
    if job.started_at is None or job.completed_at is None:
        return None
    return (job.completed_at - job.started_at) / 1000


def added(steps: tuple[StepView, ...]) -> int:
    """Items and categories that a job added."""
    return sum(step.added for step in steps)
