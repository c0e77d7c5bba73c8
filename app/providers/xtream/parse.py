"""Rows of the three lists and of the categories, turned into records."""

import json
import re
from functools import lru_cache
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from app.domain.kinds import Kind
from app.domain.records import CategoryRecord, ChannelRecord, MovieRecord, Record, RejectedRecord, SeriesRecord
from app.domain.values import (
    clean_text,
    epoch_ms,
    integer,
    minutes,
    names,
    number,
    rating,
    text,
    text_or_none,
    truth,
    year,
)
from app.providers.xtream.site import Site

R = TypeVar("R", bound=Struct)
Title = TypeVar("Title", MovieRecord, SeriesRecord)

NO_ID: Final = frozenset({"", "0", "null"})
MAX_ID: Final = 200
MAX_RAW: Final = 2000
_EXTENSION = re.compile(r"[a-z0-9]{1,6}")
_NAMED_YEAR = re.compile(r"\((\d{4})\)\s*$")


class Membership(Struct, gc=False):
    """What must be known of all rows before the first record leaves: who is where."""

    stream_id: Any = None
    series_id: Any = None
    category_id: Any = None
    category_ids: Any = None


class LiveRow(Struct, gc=False):
    stream_id: Any = None
    name: Any = None
    stream_type: Any = None
    stream_icon: Any = None
    epg_channel_id: Any = None
    added: Any = None
    category_id: Any = None
    category_ids: Any = None
    custom_sid: Any = None
    tv_archive: Any = None
    tv_archive_duration: Any = None
    direct_source: Any = None
    is_adult: Any = None


class TitleRow(Struct, gc=False):
    """Movies and series; panels mix up the names of both."""

    stream_id: Any = None
    series_id: Any = None
    name: Any = None
    title: Any = None
    o_name: Any = None
    year: Any = None
    stream_icon: Any = None
    cover: Any = None
    added: Any = None
    last_modified: Any = None
    category_id: Any = None
    category_ids: Any = None
    custom_sid: Any = None
    direct_source: Any = None
    is_adult: Any = None
    rating: Any = None
    rating_5based: Any = None
    container_extension: Any = None
    plot: Any = None
    cast: Any = None
    director: Any = None
    genre: Any = None
    country: Any = None
    release_date: Any = None
    releaseDate: Any = None  # noqa: N815 - the panel's name
    releasedate: Any = None
    youtube_trailer: Any = None
    trailer: Any = None
    episode_run_time: Any = None
    backdrop_path: Any = None
    tmdb: Any = None
    tmdb_id: Any = None


def identity(value: Any) -> str | None:
    """The panel's own id as text; None for null, `""` and 0."""
    found = text(value).strip()
    return None if found in NO_ID or len(found) > MAX_ID else found


def members(category_id: Any, category_ids: Any) -> tuple[str, ...]:
    """External ids of the categories of a row, its own first."""
    first = text(category_id).strip()
    if type(category_ids) is dict:
        category_ids = list(category_ids.values())
    if type(category_ids) is not list or not category_ids:
        return () if first in NO_ID else (first,)
    if len(category_ids) == 1 and text(category_ids[0]) == first and first not in NO_ID:
        return (first,)  # nearly all rows say it twice
    found = [first, *[text(entry).strip() for entry in category_ids]]
    return tuple(dict.fromkeys([entry for entry in found if entry not in NO_ID]))


def tolerant(raw: bytes, row: type[R]) -> R | None:
    """A row from what strict JSON refuses: broken UTF-8, bare control characters, NaN."""
    try:
        found = json.loads(raw.decode(errors="replace"), strict=False)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    return msgspec.convert({name: found[name] for name in row.__struct_fields__ if name in found}, row)


def rejected(kind: Kind, raw: bytes, reason: str, site: Site, external_id: str | None = None) -> RejectedRecord:
    words = text(site.hide(raw[: MAX_RAW * 4].decode(errors="replace")))[:MAX_RAW]
    return RejectedRecord(kind=kind, external_id=external_id, reason=reason, raw=words)


def channel(row: LiveRow, external_id: str, categories: tuple[str, ...], site: Site) -> Record:
    extra = _extra(row.custom_sid, row.direct_source, site)
    if row.stream_type == "radio_streams":
        extra["radio"] = True
    archive, days = truth(row.tv_archive), number(row.tv_archive_duration)
    archived = bool(archive and days and days > 0)
    return ChannelRecord(
        external_id=external_id,
        name=text(row.name),
        category_ids=categories,
        added_at=epoch_ms(row.added),
        censored=truth(row.is_adult),
        locator={"id": external_id},
        extra=extra,
        logo=site.image(row.stream_icon),
        epg_id=clean_text(row.epg_channel_id),
        archive=None if archive is None else archived,
        archive_days=days if archived else None,
    )


def movie(row: TitleRow, external_id: str, categories: tuple[str, ...], site: Site) -> Record:
    locator: dict[str, Any] = {"id": external_id}
    if ending := extension(row.container_extension):
        locator["ext"] = ending
    return _title(
        MovieRecord,
        row,
        site,
        external_id=external_id,
        category_ids=categories,
        added_at=epoch_ms(row.added),
        locator=locator,
        poster=site.image(row.stream_icon) or site.image(row.cover),
    )


def series(row: TitleRow, external_id: str, categories: tuple[str, ...], site: Site) -> Record:
    return _title(
        SeriesRecord,
        row,
        site,
        external_id=external_id,
        category_ids=categories,
        # A series has no date of its own; the last change is the only one that panels tell.
        added_at=epoch_ms(row.added) or epoch_ms(row.last_modified),
        locator={"id": external_id},
        poster=site.image(row.cover) or site.image(row.stream_icon),
    )


def _title(record: type[Title], row: TitleRow, site: Site, **own: Any) -> Title:
    name = text(row.name) or text(row.title)
    released = row.release_date or row.releaseDate or row.releasedate
    extra = _extra(row.custom_sid, row.direct_source, site)
    if tmdb := integer(row.tmdb) or integer(row.tmdb_id):
        extra["tmdb"] = tmdb
    if trailer := clean_text(row.youtube_trailer) or clean_text(row.trailer):
        extra["trailer"] = trailer
    if row.backdrop_path and (backdrop := site.image(row.backdrop_path)):
        extra["backdrop"] = backdrop
    if day := clean_text(released):
        extra["released"] = day
    return record(
        name=name,
        original_name=clean_text(row.o_name),
        description=clean_text(row.plot),
        year=year(row.year) or _named_year(name) or year(released),
        director=clean_text(row.director),
        actors=names(row.cast),
        country=clean_text(row.country),
        genres=names(row.genre),
        rating=_rating(row),
        duration=minutes(row.episode_run_time),
        censored=truth(row.is_adult),
        extra=extra,
        **own,
    )


def _named_year(name: str) -> int | None:
    found = _NAMED_YEAR.search(name) if name.endswith((")", ") ")) else None
    return year(found[1]) if found else None


def _rating(row: TitleRow) -> float | None:
    found = rating(row.rating)
    if found is None and (half := rating(row.rating_5based)) is not None:
        found = rating(half * 2)
    return found


def _extra(custom_sid: Any, direct_source: Any, site: Site) -> dict[str, Any]:
    extra: dict[str, Any] = {}
    if custom_sid and (sid := text_or_none(custom_sid)):
        extra["customSid"] = sid
    if direct_source and (source := site.source(direct_source)):
        extra["directSource"] = source
    return extra


@lru_cache(maxsize=256)
def _extension(value: str) -> str | None:
    found = value.strip().lower().lstrip(".")
    return found if _EXTENSION.fullmatch(found) else None


def extension(value: Any) -> str | None:
    """A container's file extension; None when there is no usable one."""
    return _extension(value) if type(value) is str else None


def category(entry: Any, position: int) -> CategoryRecord | None:
    """None when it has no id of its own, as the pseudo category "All" has not."""
    external_id = identity(entry.get("category_id")) if isinstance(entry, dict) else None
    if external_id is None or external_id == "*":
        return None
    return CategoryRecord(external_id=external_id, name=text(entry.get("category_name")), position=position)
