"""How far a job is: each step has a share of 100, rescaled to the steps that the job has."""

from collections.abc import Sequence
from typing import Final

from app.domain.kinds import StepName
from app.jobs.views import ENDED, StepView

# Published: a full sync stands at 16, 33, 50, 66, 83 and 100 when its steps end.
SHARES: Final = {
    StepName.CHANNEL_CATEGORIES: 16,
    StepName.CHANNELS: 17,
    StepName.MOVIE_CATEGORIES: 17,
    StepName.MOVIES: 16,
    StepName.SERIES_CATEGORIES: 17,
    StepName.SERIES: 17,
    StepName.EPG: 17,
    StepName.TABLES: 17,
}
RUNNING_CEILING: Final = 99  # 100 belongs to a job whose version can be read


def progress(steps: Sequence[StepView]) -> int:
    """Percent done, 0–100, rounded down."""
    total = sum(SHARES[step.name] for step in steps)
    return int(sum(SHARES[step.name] * _fraction(step) for step in steps) * 100 / total + 1e-9) if total else 0


def _fraction(step: StepView) -> float:
    if step.status in ENDED:
        return 1.0
    return min(step.pages_done / step.pages_total, 1.0) if step.pages_total else 0.0
