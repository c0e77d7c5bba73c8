"""Items and categories as a panel lists them: types exactly as panels send them, unknown as panels spell it."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

import msgspec
from msgspec import Struct

from app.domain.documents import ChannelDocument, MovieDocument, SeriesDocument
from app.domain.values import text
from app.playlists.dressing import Entry

_encoder: Final = msgspec.json.Encoder()


class CategoryRow(Struct, kw_only=True):
    category_id: str
    category_name: str
    parent_id: int = 0


class LiveRow(Struct, kw_only=True, gc=False):
    num: int
    name: str
    stream_type: str = "live"
    stream_id: int
    stream_icon: str
    epg_channel_id: str | None
    added: str
    custom_sid: str = ""
    tv_archive: int
    direct_source: str = ""
    tv_archive_duration: int
    category_id: str
    category_ids: Sequence[int]
    is_adult: str
    thumbnail: str = ""


class MovieRow(Struct, kw_only=True, gc=False):
    num: int
    name: str
    title: str
    year: str
    stream_type: str = "movie"
    stream_id: int
    stream_icon: str
    rating: str
    rating_5based: float
    added: str
    plot: str
    cast: str
    director: str
    genre: str
    release_date: str
    youtube_trailer: str = ""
    episode_run_time: str
    category_id: str
    category_ids: Sequence[int]
    container_extension: str
    custom_sid: str = ""
    direct_source: str = ""
    is_adult: str


class SeriesRow(Struct, kw_only=True, gc=False):
    num: int
    name: str
    title: str
    year: str
    stream_type: str = "series"
    series_id: int
    cover: str
    plot: str
    cast: str
    director: str
    genre: str
    release_date: str
    releaseDate: str  # noqa: N815 - players read either
    last_modified: str
    rating: str
    rating_5based: float
    backdrop_path: Sequence[str] = ()
    youtube_trailer: str = ""
    episode_run_time: str
    category_id: str
    category_ids: Sequence[int]


Row = LiveRow | MovieRow | SeriesRow


class Place(Struct, frozen=True, kw_only=True, gc=False):
    """Where an item stands in an answer: its running place, its number and those of its categories, its own first."""

    num: int
    number: int
    categories: Sequence[int]

    @property
    def category_id(self) -> str:
        return str(self.categories[0]) if self.categories else ""


def live(entry: Entry, document: ChannelDocument, place: Place) -> LiveRow:
    """A channel. An archive is told where the provider can be asked for the past."""
    days = archive_days(entry)
    return LiveRow(
        num=place.num,
        name=entry.name,
        stream_id=place.number,
        stream_icon=entry.logo or "",
        epg_channel_id=entry.guide_id,
        added=epoch(document.added_at),
        tv_archive=int(days > 0),
        tv_archive_duration=days,
        category_id=place.category_id,
        category_ids=place.categories,
        is_adult=flag(document.censored),
    )


def movie(entry: Entry, document: MovieDocument, place: Place, extension: str) -> MovieRow:
    """A movie; `extension` is that of its file."""
    return MovieRow(
        num=place.num,
        name=entry.name,
        title=document.original_name or entry.name,
        year=text(document.year),
        stream_id=place.number,
        stream_icon=document.poster or "",
        rating=text(document.rating),
        rating_5based=half(document.rating),
        added=epoch(document.added_at),
        plot=document.description or "",
        cast=", ".join(document.actors),
        director=document.director or "",
        genre=", ".join(document.genres),
        release_date=text(document.year),
        episode_run_time=text(document.duration),
        category_id=place.category_id,
        category_ids=place.categories,
        container_extension=extension,
        is_adult=flag(document.censored),
    )


def series(entry: Entry, document: SeriesDocument, place: Place) -> SeriesRow:
    """A series; what players sort by as "last modified" is when it was added, as far as that is known."""
    return SeriesRow(
        num=place.num,
        name=entry.name,
        title=document.original_name or entry.name,
        year=text(document.year),
        series_id=place.number,
        cover=document.poster or "",
        plot=document.description or "",
        cast=", ".join(document.actors),
        director=document.director or "",
        genre=", ".join(document.genres),
        release_date=text(document.year),
        releaseDate=text(document.year),
        last_modified=epoch(document.added_at or document.updated_at),
        rating=text(document.rating),
        rating_5based=half(document.rating),
        episode_run_time=text(document.duration) or "0",
        category_id=place.category_id,
        category_ids=place.categories,
    )


def encoded(rows: Sequence[Row]) -> bytes:
    """The rows as JSON, with commas between them and no brackets around."""
    return _encoder.encode(rows)[1:-1]


def archive_days(entry: Entry) -> int:
    """Whole days that can be watched again; less than a day counts as one, and so does an archive without an end."""
    if not entry.archive or not entry.replayed:
        return 0
    return max(1, int(entry.archive_days or 1))


def epoch(moment: str | None) -> str:
    """Epoch seconds as panels write them; `"0"` where it is unknown: players make a number of it."""
    return "0" if moment is None else _epoch(moment)


@lru_cache(maxsize=4096)
def _epoch(moment: str) -> str:
    return str(int(datetime.fromisoformat(moment).timestamp()))


def flag(value: bool | None) -> str:  # noqa: FBT001 - it is the value itself
    """A panel's yes or no; what is unknown is no."""
    return "1" if value else "0"


def half(rating: float | None) -> float:
    """A rating on the scale of five stars, 0 where nobody rated."""
    return 0 if rating is None else round(rating / 2, 1)
