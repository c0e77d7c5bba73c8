"""Bodies of programme guides."""

from typing import Any

from pydantic import Field, model_validator

from app.api.model import Answer, Question, Time


class EpisodeBody(Answer):
    """Which part of a series a show is, counted from 1."""

    season: int | None = None
    number: int | None = None
    part: int | None = None
    onscreen: str | None = Field(default=None, examples=["S01E02"])


class ProgrammeBody(Answer):
    """A show; what the guide does not say is null, or an empty list."""

    start: Time
    stop: Time
    title: str = Field(examples=["Evening News"])
    sub_title: str | None = None
    description: str | None = None
    categories: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    icon: str | None = None
    episode: EpisodeBody | None = None
    directors: tuple[str, ...] = ()
    actors: tuple[str, ...] = ()
    writers: tuple[str, ...] = ()
    presenters: tuple[str, ...] = ()
    date: str | None = Field(default=None, examples=["2019-04-01"])
    country: str | None = None
    language: str | None = None
    age_rating: str | None = Field(default=None, examples=["PG"])
    rating: float | None = Field(default=None, description="0–10")
    is_new: bool = False
    is_live: bool = False
    is_premiere: bool = False
    is_repeat: bool = False
    is_hd: bool = False
    catchup_id: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, value: Any) -> Any:
        facts = getattr(value, "facts", None)
        return value if facts is None else {**facts, "start": value.start, "stop": value.stop}


class ProgrammesAnswer(Answer):
    total: int
    page: int
    limit: int
    has_more: bool
    programmes: list[ProgrammeBody]


class OnAirBody(Answer):
    """What a channel shows now, and next; null where its guide does not say."""

    channel_id: str
    provider_id: str
    name: str
    number: float | int | None
    logo: str | None
    now: ProgrammeBody | None
    next: ProgrammeBody | None


class OnAirAnswer(Answer):
    total: int
    page: int
    limit: int
    has_more: bool
    channels: list[OnAirBody]


class PinBody(Question):
    """A guide channel, as `GET /api/providers/{id}/epg/channels` lists them."""

    guide_id: str = Field(max_length=100)
    channel: str = Field(max_length=300, examples=["arte.fr"])


class MatchAnswer(Answer):
    """The guide channel that a channel shows; all but `channelId` and `decided` are null without one."""

    channel_id: str
    decided: str = Field(description="`auto`, `pinned` by a person, or `forbidden` by one.", examples=["auto"])
    guide_id: str | None
    channel: str | None = Field(description="The guide's own id of its channel.", examples=["BBCOne.uk"])
    names: list[str]
    icon: str | None
    method: str | None = Field(description="`id`, `name`, `provider` or `pin`.", examples=["id"])
    score: float | None = Field(ge=0, le=1, description="How sure the match is.")
    shift_minutes: int | None = Field(description="Added to the times of the guide.")


class GuideBody(Answer):
    id: str
    origin: str = Field(description="`option`, `header`, `xtream` or `provider`.", examples=["xtream"])
    named: bool = Field(description="Whether the provider still names it.")
    channels: int
    programmes: int
    rejected: int
    first: Time
    last: Time
    checked_at: Time
    changed_at: Time
    error: str | None
    error_at: Time


class BinBody(Answer):
    low: float
    high: float
    count: int


class UnmatchedBody(Answer):
    id: str
    name: str
    epg_id: str | None
    forbidden: bool


class CoverageBody(Answer):
    """Of the channels that are shown; `unmatched` holds the first twenty without a guide."""

    channels: int
    matched: int
    with_programmes_now: int
    with_programmes_today: int
    by_method: dict[str, int]
    scores: list[BinBody]
    unmatched: list[UnmatchedBody]


class EpgAnswer(Answer):
    provider_id: str
    last_sync: Time
    next_sync_at: Time
    guides: list[GuideBody]
    coverage: CoverageBody


class GuideChannelBody(Answer):
    guide_id: str
    channel: str = Field(examples=["arte.fr"])
    names: list[str] = Field(examples=[["ARTE HD", "ARTE"]])
    icon: str | None
    programmes: int


class GuideChannelsAnswer(Answer):
    total: int
    page: int
    limit: int
    has_more: bool
    channels: list[GuideChannelBody]
