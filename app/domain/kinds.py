"""The few words that everything else is spelled with."""

from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What an item is."""

    CHANNEL = "channel"
    MOVIE = "movie"
    SERIES = "series"

    @property
    def plural(self) -> str:
        """The word in paths and queries."""
        return "series" if self is Kind.SERIES else f"{self.value}s"

    @property
    def number(self) -> int:
        """The kind in integer keys; also the order of kinds in a snapshot."""
        return KIND_NUMBERS[self]


KIND_NUMBERS: Final = {Kind.CHANNEL: 0, Kind.MOVIE: 1, Kind.SERIES: 2}
PLURALS: Final = {kind.plural: kind for kind in Kind}


class ProviderKind(StrEnum):
    """Which dialect a provider speaks."""

    STALKER = "stalker"
    XTREAM = "xtream"
    M3U = "m3u"
    IPTVPORTAL = "iptvportal"


class StepName(StrEnum):
    """The steps of a sync, in the order in which they run."""

    CHANNEL_CATEGORIES = "channel_categories"
    CHANNELS = "channels"
    MOVIE_CATEGORIES = "movie_categories"
    MOVIES = "movies"
    SERIES_CATEGORIES = "series_categories"
    SERIES = "series"
    EPG = "epg"
    TABLES = "tables"

    @property
    def kind(self) -> Kind | None:
        """The kind whose items or categories the step brings; None for the EPG and for mirrored tables."""
        return STEP_KINDS.get(self)

    @property
    def brings_items(self) -> bool:
        """Whether the step brings items (not categories)."""
        return self in ITEM_STEPS.values()

    @property
    def label(self) -> str:
        """What a person reads while it runs."""
        return f"Syncing {self.value.replace('_', ' ')}"


STEP_KINDS: Final = {
    StepName.CHANNEL_CATEGORIES: Kind.CHANNEL,
    StepName.CHANNELS: Kind.CHANNEL,
    StepName.MOVIE_CATEGORIES: Kind.MOVIE,
    StepName.MOVIES: Kind.MOVIE,
    StepName.SERIES_CATEGORIES: Kind.SERIES,
    StepName.SERIES: Kind.SERIES,
}
ITEM_STEPS: Final = {Kind.CHANNEL: StepName.CHANNELS, Kind.MOVIE: StepName.MOVIES, Kind.SERIES: StepName.SERIES}
CATEGORY_STEPS: Final = {
    Kind.CHANNEL: StepName.CHANNEL_CATEGORIES,
    Kind.MOVIE: StepName.MOVIE_CATEGORIES,
    Kind.SERIES: StepName.SERIES_CATEGORIES,
}


# What a sync may be narrowed to.
PARTS: Final = frozenset({*PLURALS, "categories", "epg", "tables"})


class SyncMode(StrEnum):
    """How much of a catalogue a job walks."""

    AUTO = "auto"
    FULL = "full"
    INCREMENTAL = "incremental"


class JobStatus(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def live(self) -> bool:
        """Whether the job may still change something."""
        return self in (JobStatus.QUEUED, JobStatus.RUNNING)


class StepStatus(StrEnum):
    """Where a step stands."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
