"""What guides look like from outside. Times in ms; no address of a guide anywhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """A programme of a channel; `facts` is its document."""

    start: int
    stop: int
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shows:
    """A page of programmes."""

    total: int
    shows: Sequence[Show]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnAir:
    """What a channel shows at a moment, and after it."""

    channel_id: str
    provider_id: str
    name: str
    number: float | int | None
    logo: str | None
    now: Show | None
    next: Show | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnAirPage:
    total: int
    channels: Sequence[OnAir]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchView:
    """A channel's guide channel; `decided` = `auto`, `pinned` or `forbidden`. Without a guide all others are None."""

    channel_id: str
    decided: str
    guide_id: str | None = None
    channel: str | None = None
    names: Sequence[str] = ()
    icon: str | None = None
    method: str | None = None
    score: float | None = None
    shift_minutes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideView:
    id: str
    origin: str
    named: bool
    channels: int
    programmes: int
    rejected: int
    first: int | None
    last: int | None
    checked_at: int | None
    changed_at: int | None
    error: str | None
    error_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """How many matches have a score above `low`, up to `high`."""

    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmatched:
    id: str
    name: str
    epg_id: str | None
    forbidden: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How many of the channels that are shown have a guide, and how that was found."""

    channels: int
    matched: int
    with_programmes_now: int
    with_programmes_today: int
    by_method: Mapping[str, int]
    scores: Sequence[Bin]
    unmatched: Sequence[Unmatched] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True, kw_only=True)
class EpgView:
    provider_id: str
    last_sync: int | None
    next_sync_at: int | None
    guides: Sequence[GuideView]
    coverage: Coverage


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideChannelView:
    guide_id: str
    channel: str
    names: Sequence[str]
    icon: str | None
    programmes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideChannels:
    total: int
    channels: Sequence[GuideChannelView]
