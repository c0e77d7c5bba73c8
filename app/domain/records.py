"""Records: what an adapter parsed, dialect-neutral, before it is a row.

Text is the provider's own (entities not yet decoded), `""` where there is none; ids are strings; times are milliseconds
since the epoch in UTC; images are absolute URLs or None; unknown is None.
"""

from typing import Any

from msgspec import Struct, field

from app.domain.kinds import Kind


class CategoryRecord(Struct, frozen=True, kw_only=True, gc=False):
    """A category of one kind; `space` as in `identity.category_id`."""

    external_id: str
    name: str
    position: int
    censored: bool = False
    space: str = ""


class ItemRecord(Struct, frozen=True, kw_only=True, gc=False):
    """What all items share.

    `category_ids` are (external id) of categories of the same kind, primary first; `category_space` their id space.
    `locator` is what the adapter needs to play the item later (JSON values, no credentials).
    `extra` holds stable facts without a field of their own (never list positions, counters, signed links).
    `cmd` is the provider's own play command where it holds no secret.
    """

    external_id: str
    name: str
    space: str = ""
    category_ids: tuple[str, ...] = ()
    category_space: str = ""
    added_at: int | None = None
    censored: bool | None = None
    is_hd: bool | None = None
    locator: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    cmd: str | None = None


class ChannelRecord(ItemRecord, frozen=True, kw_only=True, gc=False):
    """A live channel or radio station; `archive_days` in days, 0 or None without an archive."""

    number: float | int | None = None
    logo: str | None = None
    epg_id: str | None = None
    archive: bool | None = None
    archive_days: float | int | None = None

    @property
    def kind(self) -> Kind:
        return Kind.CHANNEL


class TitleRecord(ItemRecord, frozen=True, kw_only=True, gc=False):
    """What movies and series share; ratings 0–10, `duration` in minutes."""

    original_name: str | None = None
    description: str | None = None
    poster: str | None = None
    year: int | None = None
    director: str | None = None
    actors: tuple[str, ...] = ()
    country: str | None = None
    genres: tuple[str, ...] = ()
    rating: float | None = None
    rating_imdb: float | None = None
    duration: int | None = None


class MovieRecord(TitleRecord, frozen=True, kw_only=True, gc=False):
    @property
    def kind(self) -> Kind:
        return Kind.MOVIE


class SeriesRecord(TitleRecord, frozen=True, kw_only=True, gc=False):
    year_end: int | None = None
    episode_count: int | None = None

    @property
    def kind(self) -> Kind:
        return Kind.SERIES


class SeasonRecord(Struct, frozen=True, kw_only=True):
    """A season as a provider lists it; `number` 0 holds specials."""

    external_id: str
    number: int
    name: str | None = None
    description: str | None = None
    poster: str | None = None
    air_date: str | None = None
    episode_count: int | None = None
    locator: dict[str, Any] = field(default_factory=dict)


class EpisodeRecord(Struct, frozen=True, kw_only=True):
    """An episode; `external_id` is unique within its series and season, `number` need not be."""

    external_id: str
    season: int
    number: float | int | None = None
    name: str | None = None
    description: str | None = None
    poster: str | None = None
    duration: int | None = None
    rating: float | None = None
    added_at: int | None = None
    air_date: str | None = None
    locator: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)


Record = ChannelRecord | MovieRecord | SeriesRecord


class RejectedRecord(Struct, frozen=True, kw_only=True):
    """A record that could not be parsed: its kind, the provider's id where it had one, why, and its raw text (cut)."""

    kind: Kind
    external_id: str | None
    reason: str
    raw: str
