"""Bodies of jobs and streams, and the counts of a catalogue."""

from enum import StrEnum

from pydantic import Field

from app.api.model import Answer, Time
from app.domain.kinds import PLURALS, JobStatus, StepName, StepStatus
from app.jobs.changes import CATEGORY, Op


class StatsBody(Answer):
    """What the catalogue holds now."""

    total_movies: int = Field(examples=[64106])
    total_series: int = Field(examples=[7076])
    total_channels: int = Field(examples=[12000])
    total_categories: int = Field(examples=[412])


class StartedSync(Answer):
    job_id: str
    provider_id: str
    status: JobStatus
    message: str = Field(examples=["Sync started"])


class StartedSyncs(Answer):
    jobs: list[StartedSync]


class CancelledSync(Answer):
    job_id: str
    status: str = Field(default="cancelling", examples=["cancelling"])


class StepAnswer(Answer):
    name: StepName
    status: StepStatus
    pages_done: int
    pages_total: int
    fetched: int
    added: int
    updated: int
    unchanged: int
    removed: int
    rejected: int
    error: str | None


class JobAnswer(Answer):
    """One sync of one provider."""

    id: str
    provider_id: str
    mode: str
    status: JobStatus
    progress: int = Field(ge=0, le=100)
    current_step: str | None = Field(examples=["Syncing movies"])
    channels_synced: int
    movies_synced: int
    series_synced: int
    total_items: int
    processed_items: int
    steps: list[StepAnswer]
    errors: list[str]
    attempt: int
    queued_at: Time
    started_at: Time
    completed_at: Time
    version: str | None = Field(examples=["k7f2m9qa.412"])


class ChangedKind(StrEnum):
    """A kind in a query."""

    CHANNELS = "channels"
    MOVIES = "movies"
    SERIES = "series"
    CATEGORIES = "categories"

    @property
    def singular(self) -> str:
        """The kind in data."""
        return CATEGORY if self is ChangedKind.CATEGORIES else PLURALS[self.value].value


class ChangeBody(Answer):
    """What a job did to one item or category."""

    kind: str = Field(examples=["movie"])
    op: Op
    id: str = Field(examples=["n5wvx2p7c3qjy4ta"])
    name: str = Field(description="As it is called now.", examples=["Amélie (2001)"])


class ChangeList(Answer):
    total: int
    page: int
    limit: int
    has_more: bool
    changes: list[ChangeBody]


class RejectedBody(Answer):
    """A record that a job refused; it is not in the catalogue."""

    kind: str = Field(examples=["movie"])
    external_id: str | None = Field(examples=["4711"])
    reason: str = Field(examples=["it has no name"])
    raw: str = Field(description="What the provider sent, cut, without secrets.", examples=['{"id":"4711","name":""}'])


class RejectedList(Answer):
    total: int
    page: int
    limit: int
    has_more: bool
    rejected: list[RejectedBody]


class JobList(Answer):
    total: int
    page: int
    limit: int
    has_more: bool
    jobs: list[JobAnswer]


class SyncAnswer(Answer):
    provider_id: str
    stats: StatsBody
    job: JobAnswer | None
    version: str | None


class SyncStatus(Answer):
    """The same in the names that some clients expect."""

    synced: bool
    last_sync: Time = Field(default=None, serialization_alias="last_sync")
    channel_count: int = Field(serialization_alias="channel_count")
    category_count: int = Field(serialization_alias="category_count")
    movie_count: int = Field(serialization_alias="movie_count")
    series_count: int = Field(serialization_alias="series_count")
    status: str
    progress: int


class StreamAnswer(Answer):
    """Where an item plays right now."""

    url: str
    headers: dict[str, str]
    expires_at: Time = None
