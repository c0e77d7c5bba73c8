"""Bodies of providers, jobs and streams."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from app.api.model import Answer, Question, Time
from app.domain.kinds import PLURALS, JobStatus, ProviderKind, StepName, StepStatus
from app.jobs.changes import CATEGORY, Op
from app.registry.views import UNSET, NewProvider, ProviderChange

NAME = Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]*\S[^\x00-\x1f]*$", examples=["Living room"])
EXPRESSION = Annotated[str, Field(max_length=100, examples=["0 4 * * *"])]
Name = Annotated[str, NAME]
Url = Annotated[str, Field(max_length=2048, description="In any form in which it is usually pasted.")]
Credentials = Annotated[
    dict[str, str | None],
    Field(
        description="stalker: `mac`, and where needed `serialNumber`, `deviceId`, `deviceId2`, `username`, `password`, "
        "`timezone`, `language`, `model`. xtream: `username`, `password`. With `options.webhookUrl`: `webhookSecret`.",
        examples=[{"mac": "00:1A:79:00:00:01"}],
    ),
]
Options = Annotated[dict[str, Any], Field(description="Dialect options, such as `fullEveryHours`.", examples=[{}])]


class ScheduleBody(Question):
    """Either `everyHours`, or `cron` with a `timezone`; `jitterMinutes` spreads the starts."""

    every_hours: float | None = Field(default=None, gt=0, allow_inf_nan=False, examples=[6])
    cron: EXPRESSION | None = None
    timezone: Annotated[str, Field(max_length=64, examples=["Europe/Berlin"])] | None = None
    jitter_minutes: float | None = Field(
        default=None, ge=0, allow_inf_nan=False, description="Begins up to so much later.", examples=[5]
    )

    def parts(self) -> dict[str, Any]:
        return self.model_dump(by_alias=True, exclude_none=True)


class ProviderBody(Question):
    """A provider to add."""

    name: Name
    kind: ProviderKind
    url: Url = Field(examples=["http://portal.example:8080/c/"])
    credentials: Credentials = Field(default_factory=dict)
    options: Options = Field(default_factory=dict)
    schedule: ScheduleBody | None = Field(default=None, description="Left out: every six hours; null: never by itself.")
    enabled: bool = True
    sync: bool = Field(default=True, description="Whether its first sync is queued at once.")

    def order(self) -> NewProvider:
        """The words of the feature."""
        return NewProvider(
            name=self.name,
            kind=self.kind,
            url=self.url,
            credentials=self.credentials,
            options=self.options,
            schedule=_schedule(self, self.schedule),
            enabled=self.enabled,
        )


class ProviderPatch(Question):
    """What changes about a provider; credentials and options are merged by key, null removes one."""

    name: Name = ""
    url: Url = ""
    credentials: Credentials = Field(default_factory=dict)
    options: Options = Field(default_factory=dict)
    schedule: ScheduleBody | None = None
    enabled: bool = True

    def order(self) -> ProviderChange:
        """The words of the feature."""
        given = self.model_fields_set
        return ProviderChange(
            name=self.name if "name" in given else UNSET,
            url=self.url if "url" in given else UNSET,
            credentials=self.credentials,
            options=self.options,
            schedule=_schedule(self, self.schedule),
            enabled=self.enabled if "enabled" in given else UNSET,
        )


class LastSyncBody(Answer):
    """When each part was last brought up to date."""

    channels: Time = None
    movies: Time = None
    series: Time = None
    epg: Time = None


class HealthBody(Answer):
    """How the provider behaved; a provider that refuses too often is left alone for a while."""

    last_error: str | None = None
    last_error_at: Time = None
    breaker: str = Field(default="closed", description="`closed`, `open` or `half-open`.", examples=["closed"])
    breaker_until: Time = Field(default=None, description="While open: when it is asked again.")
    webhook_error: str | None = Field(default=None, description="Why `options.webhookUrl` was not told.")


class AccountBody(Answer):
    """The account as the provider last described it."""

    status: str | None = Field(default=None, examples=["active"])
    expires_at: Time = None
    max_connections: int | None = Field(default=None, examples=[1])


class StatsBody(Answer):
    """What the catalogue holds now."""

    total_movies: int = Field(examples=[64106])
    total_series: int = Field(examples=[7076])
    total_channels: int = Field(examples=[12000])
    total_categories: int = Field(examples=[412])


class ProviderAnswer(Answer):
    """A provider; credentials never leave, only which of them are set."""

    id: str = Field(examples=["k3v7q2m5ylz4ab6d"])
    name: str
    kind: ProviderKind
    url: str = Field(description="Without anything secret.", examples=["http://portal.example:8080"])
    credentials: dict[str, bool] = Field(examples=[{"mac": True}])
    options: dict[str, Any]
    schedule: dict[str, Any] | None = Field(examples=[{"everyHours": 6}])
    enabled: bool
    last_sync: LastSyncBody
    next_sync_at: Time = None
    health: HealthBody
    account: AccountBody
    stats: StatsBody | None = None
    created_at: Time
    updated_at: Time


class AddedProvider(ProviderAnswer):
    job_id: str | None = Field(default=None, description="The first sync; null when none was asked for.")


class ProviderList(Answer):
    total: int
    page: int
    limit: int
    has_more: bool
    providers: list[ProviderAnswer]


class TestAnswer(Answer):
    """What the provider said to one login."""

    ok: bool
    status: str = Field(examples=["active"])
    expires_at: Time = None
    max_connections: int | None = None
    server_timezone: str | None = Field(default=None, examples=["Europe/London"])
    message: str | None = None


class CleanAnswer(Answer):
    deleted: dict[str, int] = Field(description="Rows by table, and artifacts.", examples=[{"movie": 64106}])


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


def _schedule(body: Question, schedule: ScheduleBody | None) -> Any:
    if "schedule" not in body.model_fields_set:
        return UNSET
    return schedule.parts() if schedule else None
