"""Rows of steps."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from app.db.engine import Reader, Writer
from app.db.tables import SyncStep
from app.domain.kinds import StepName, StepStatus
from app.jobs.views import StepView

_COUNTS = ("pages_done", "pages_total", "fetched", "added", "updated", "unchanged", "removed", "rejected")
_ORDER = {step: position for position, step in enumerate(StepName)}
_SAVE = (
    update(SyncStep)
    .where(col(SyncStep.job_id) == bindparam("job"), col(SyncStep.name) == bindparam("step"))
    .values(**{name: bindparam(f"new_{name}") for name in ("status", "error", *_COUNTS)})
)


async def add_steps(writer: Writer, job_id: str, steps: Sequence[StepName]) -> None:
    """Inserts pending steps and leaves those alone that are there."""
    dialect = sqlite if writer.sqlite else postgresql
    rows = [{"job_id": job_id, "name": step, "position": _ORDER[step], "status": StepStatus.PENDING} for step in steps]
    if rows:
        await writer.execute(dialect.insert(SyncStep).on_conflict_do_nothing(), rows)


async def save_steps(writer: Writer, job_id: str, steps: Sequence[StepView]) -> None:
    """Writes status, error and counts of the given steps."""
    rows = [
        {"job": job_id, "step": step.name}
        | {f"new_{name}": value for name, value in asdict(step).items() if name != "name"}
        for step in steps
    ]
    if rows:
        await writer.execute(_SAVE, rows)


async def load_steps(reader: Reader, job_id: str) -> list[StepView]:
    """The steps of a job in their order."""
    return (await steps_of(reader, [job_id])).get(job_id, [])


async def steps_of(reader: Reader, job_ids: Sequence[str]) -> dict[str, list[StepView]]:
    """The steps of several jobs."""
    found: dict[str, list[StepView]] = {}
    wanted = select(SyncStep).where(col(SyncStep.job_id).in_(job_ids)).order_by(col(SyncStep.position))
    for row in await reader.rows(wanted):
        view = StepView(
            name=StepName(row.name),
            status=StepStatus(row.status),
            error=row.error,
            **{name: getattr(row, name) for name in _COUNTS},
        )
        found.setdefault(row.job_id, []).append(view)
    return found
