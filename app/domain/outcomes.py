"""What a job comes to, from what its steps came to."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from app.domain.kinds import JobStatus, StepName, StepStatus

WORKED = frozenset({StepStatus.COMPLETED, StepStatus.PARTIAL})
CLEAN = frozenset({StepStatus.COMPLETED, StepStatus.SKIPPED})

_END: Final = re.compile(r"(?<=[.!?]) +(?=[A-Z0-9])")


def sentences(errors: Iterable[str | None]) -> list[str]:
    """What went wrong, each sentence once, in the order in which it was said first."""
    return list(dict.fromkeys(one for error in errors if error for one in _END.split(error)))


def joined(errors: Iterable[str | None]) -> str | None:
    """The same as one text; None when nothing went wrong."""
    return " ".join(sentences(errors)) or None


def job_outcome(steps: Mapping[StepName, StepStatus]) -> JobStatus:
    """The worst that is true of it.

    `failed` when something went wrong and no item step worked (of a job without item steps: no step), `partial` when
    something went wrong beside work that was done, or a sweep was held back, else `completed`.
    """
    if all(status in CLEAN for status in steps.values()):
        return JobStatus.COMPLETED
    decisive = [status for step, status in steps.items() if step.brings_items] or list(steps.values())
    return JobStatus.PARTIAL if any(status in WORKED for status in decisive) else JobStatus.FAILED
