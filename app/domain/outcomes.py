"""What a job comes to, from what its steps came to."""

from collections.abc import Mapping

from app.domain.kinds import JobStatus, StepName, StepStatus

WORKED = frozenset({StepStatus.COMPLETED, StepStatus.PARTIAL})
CLEAN = frozenset({StepStatus.COMPLETED, StepStatus.SKIPPED})


def job_outcome(steps: Mapping[StepName, StepStatus]) -> JobStatus:
    """The worst that is true of it.

    `failed` when something went wrong and no item step worked (of a job without item steps: no step), `partial` when
    something went wrong beside work that was done, or a sweep was held back, else `completed`.
    """
    if all(status in CLEAN for status in steps.values()):
        return JobStatus.COMPLETED
    decisive = [status for step, status in steps.items() if step.brings_items] or list(steps.values())
    return JobStatus.PARTIAL if any(status in WORKED for status in decisive) else JobStatus.FAILED
