"""What a job looks like from outside; the fields of the API's Job, times in ms."""

from dataclasses import dataclass, field
from typing import Final

from app.domain.kinds import JobStatus, StepName, StepStatus

ENDED = frozenset(
    {StepStatus.COMPLETED, StepStatus.PARTIAL, StepStatus.FAILED, StepStatus.SKIPPED, StepStatus.CANCELLED}
)


WAITING: Final = "Waiting for a worker"  # the current step of a job that ran and that nobody runs now


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """A part of a job. `pages_total` is what is known of it so far; 0 = nothing yet."""

    name: StepName
    status: StepStatus = StepStatus.PENDING
    pages_done: int = 0
    pages_total: int = 0
    fetched: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    rejected: int = 0
    error: str | None = None

    @property
    def synced(self) -> int:
        """Items that are in the catalogue because of this step."""
        return self.added + self.updated + self.unchanged

    @property
    def processed(self) -> int:
        return self.synced + self.rejected

    @property
    def expected(self) -> int:
        """How many items it will have processed at its end, as far as its pages tell."""
        if self.status in ENDED or not self.pages_done:
            return self.processed
        seen = max(self.fetched, self.processed)
        return seen * max(self.pages_total, self.pages_done) // self.pages_done


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficView:
    """What a job asked of its provider; `window` = requests at once, as allowed last."""

    requests: int = 0
    failures: int = 0
    retries: int = 0
    mean_ms: float | None = None
    window: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How many items a catalogue held when a job ended."""

    channels: int
    movies: int
    series: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    id: str
    provider_id: str
    mode: str
    status: JobStatus
    progress: int
    current_step: str | None
    steps: tuple[StepView, ...] = ()
    errors: tuple[str, ...] = ()
    attempt: int
    queued_at: int
    started_at: int | None
    completed_at: int | None
    version: str | None
    traffic: TrafficView | None = None
    sizes: Sizes | None = None
    channels_synced: int = field(init=False)
    movies_synced: int = field(init=False)
    series_synced: int = field(init=False)
    total_items: int = field(init=False)
    processed_items: int = field(init=False)

    def __post_init__(self) -> None:
        items = {step.name: step for step in self.steps if step.name.brings_items}
        totals = {
            "channels_synced": _synced(items.get(StepName.CHANNELS)),
            "movies_synced": _synced(items.get(StepName.MOVIES)),
            "series_synced": _synced(items.get(StepName.SERIES)),
            "total_items": sum(step.expected for step in items.values()),
            "processed_items": sum(step.processed for step in items.values()),
        }
        for name, value in totals.items():
            object.__setattr__(self, name, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedView:
    """A record that was refused; `raw` is its text, cut and without secrets."""

    kind: str
    external_id: str | None
    reason: str
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedJob:
    """The answer to a request for a sync; `created` is False when one was live already."""

    job_id: str
    status: JobStatus
    created: bool


def _synced(step: StepView | None) -> int:
    return step.synced if step else 0
