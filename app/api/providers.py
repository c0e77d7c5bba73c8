"""Bodies of providers."""

from typing import Annotated, Any

from pydantic import Field

from app.api.model import Answer, Question, Time
from app.api.schemas import StatsBody
from app.domain.kinds import ProviderKind
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


def _schedule(body: Question, schedule: ScheduleBody | None) -> Any:
    if "schedule" not in body.model_fields_set:
        return UNSET
    return schedule.parts() if schedule else None
