"""Watching jobs: bars on a terminal, a line per step elsewhere."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Protocol, Self

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from app.cli.output import console, say, seconds
from app.context import ProcessContext
from app.domain.kinds import JobStatus, StepStatus
from app.jobs.views import ENDED, JobView, StepView
from app.jobs.watching import LOOK_SECONDS


class Screen(Protocol):
    """Shows jobs as they go on."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, label: str, job: JobView) -> None: ...


async def watch(context: ProcessContext, jobs: Mapping[str, str], *, silent: bool = False) -> list[JobView]:
    """Shows jobs (id → label) until all have ended; answers with what became of them, in the same order."""
    with _screen(max(map(len, jobs.values()), default=0), silent=silent) as screen:
        follows = (_follow(context, job_id, partial(screen.show, label)) for job_id, label in jobs.items())
        return await asyncio.gather(*follows)


async def _follow(context: ProcessContext, job_id: str, show: Callable[[JobView], None]) -> JobView:
    with context.watches.job(job_id) as states:
        async for job in states:
            show(job)
    return await context.history.get(job_id)


def outcome(label: str, job: JobView) -> str:
    """What became of a job, in a line."""
    took = seconds(duration(job))
    parts = [f"{label}: {job.status.value} in {took}"]
    if job.version:
        parts.append(f"version {job.version}")
    return ", ".join(parts) + "".join(f"\n  {error}" for error in job.errors)


def duration(job: JobView) -> float:
    """Seconds that a job ran."""
    if job.started_at is None or job.completed_at is None:
        return 0.0
    return (job.completed_at - job.started_at) / 1000


def all_well(jobs: Sequence[JobView]) -> bool:
    return all(job.status is JobStatus.COMPLETED for job in jobs)


def _screen(width: int, *, silent: bool) -> Screen:
    if silent:
        return Silence()
    return Bars(width) if console.is_terminal else Lines()


class Silence:
    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def show(self, label: str, job: JobView) -> None:
        pass


class Clock:
    """When each step was first seen to run, and how long it took."""

    def __init__(self) -> None:
        self._begun: dict[tuple[str, str], float] = {}
        self._took: dict[tuple[str, str], float] = {}

    def took(self, label: str, step: StepView) -> float:
        key, now = (label, step.name.value), time.monotonic()
        if step.status is StepStatus.PENDING:
            return 0.0
        begun = self._begun.setdefault(key, now)
        if step.status in ENDED:
            return self._took.setdefault(key, now - begun)
        return now - begun


class Lines(Silence):
    """A line for each step that ended."""

    def __init__(self) -> None:
        self._clock = Clock()
        self._told: set[tuple[str, str]] = set()

    def show(self, label: str, job: JobView) -> None:
        for step in job.steps:
            took, key = self._clock.took(label, step), (label, step.name.value)
            if step.status in ENDED and key not in self._told:
                self._told.add(key)
                say(f"{label}: {step.name.value} {step.status.value}, {_counted(step)}{_took(took)}")


class Bars(Silence):
    """A bar for each step."""

    def __init__(self, width: int) -> None:
        self._clock = Clock()
        self._width = width
        self._tasks: dict[tuple[str, str], TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=12),
            TextColumn("{task.fields[pages]:>13}", markup=False),
            TextColumn("{task.fields[items]:>7}", markup=False),
            TextColumn("{task.fields[rate]:>8}", markup=False),
            TimeElapsedColumn(),
            TextColumn("{task.fields[state]}", markup=False),
            console=console,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, label: str, job: JobView) -> None:
        for step in job.steps:
            if step.status is not StepStatus.PENDING:
                self._show_step(label, step)

    def _show_step(self, label: str, step: StepView) -> None:
        key = (label, step.name.value)
        if key not in self._tasks:
            name = f"{label:<{self._width}}  {step.name.value.replace('_', ' ')}"
            blank = dict.fromkeys(("pages", "items", "rate", "state"), "")
            self._tasks[key] = self._progress.add_task(name, total=None, **blank)  # type: ignore[arg-type]
        task, took, done = self._tasks[key], self._clock.took(label, step), step.status in ENDED
        pages = f"{step.pages_done}/{step.pages_total} pg" if step.pages_total else ""
        counted = max(step.fetched, step.processed)
        self._progress.update(
            task,
            total=max(step.pages_total, step.pages_done, 1) if step.pages_total or done else None,
            completed=max(step.pages_done, 1) if done else step.pages_done,
            pages=pages,
            items=f"{counted:,}" if counted else "",
            rate=f"{counted / took:,.0f}/s" if counted and took > LOOK_SECONDS else "",
            state="" if step.status in (StepStatus.COMPLETED, StepStatus.RUNNING) else step.status.value,
        )
        if done:
            self._progress.stop_task(task)


def _took(took: float) -> str:
    return f" in {seconds(took)}" if took > LOOK_SECONDS else ""  # shorter than one look, it is not known


def _counted(step: StepView) -> str:
    changes = {"added": step.added, "updated": step.updated, "removed": step.removed, "rejected": step.rejected}
    told = "".join(f", {number:,} {name}" for name, number in changes.items() if number)
    return f"{max(step.fetched, step.processed):,} items{told}"
