"""Records become documents: tidy names, public ids, categories as clients know them. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import UNSET

from app.core.clock import rfc3339
from app.domain.documents import AnyDocument, ChannelDocument, MovieDocument, SeriesDocument
from app.domain.identity import item_id
from app.domain.kinds import Kind
from app.domain.records import ChannelRecord, MovieRecord, Record, SeriesRecord
from app.domain.titles import cleaned_name, display_name

CategoryIds = Mapping[tuple[str, str], str]  # (id space, provider's id) → public id


def document_of(record: Record, provider_id: str, categories: CategoryIds) -> AnyDocument:
    """The document of one record; `categories` are those of its kind."""
    made: AnyDocument = _DOCUMENT[type(record)](record, provider_id, categories)
    return made


def _channel(record: ChannelRecord, provider_id: str, categories: CategoryIds) -> ChannelDocument:
    public = item_id(provider_id, Kind.CHANNEL, record.external_id, record.space)
    name, tidy = _names(record)
    chosen = _categories(record, categories)
    return ChannelDocument(
        added_at=rfc3339(record.added_at),
        archive=record.archive,
        archive_days=record.archive_days,
        category_id=chosen[0] if chosen else None,
        category_ids=chosen,
        censored=record.censored,
        cleaned_name=tidy,
        cmd=record.cmd or UNSET,
        epg_id=record.epg_id,
        external_id=record.external_id,
        id=public,
        is_hd=record.is_hd,
        logo=record.logo,
        name=name,
        number=record.number,
        provider_id=provider_id,
        stream=f"/api/channels/{public}/stream",
    )


def _movie(record: MovieRecord, provider_id: str, categories: CategoryIds) -> MovieDocument:
    public = item_id(provider_id, Kind.MOVIE, record.external_id, record.space)
    name, tidy = _names(record)
    chosen = _categories(record, categories)
    return MovieDocument(
        actors=record.actors,
        added_at=rfc3339(record.added_at),
        category_id=chosen[0] if chosen else None,
        category_ids=chosen,
        censored=record.censored,
        cleaned_name=tidy,
        cmd=record.cmd or UNSET,
        country=record.country,
        description=record.description,
        director=record.director,
        duration=record.duration,
        external_id=record.external_id,
        genres=record.genres,
        id=public,
        is_hd=record.is_hd,
        name=name,
        original_name=record.original_name,
        poster=record.poster,
        provider_id=provider_id,
        rating=record.rating,
        rating_imdb=record.rating_imdb,
        stream=f"/api/movies/{public}/stream",
        year=record.year,
    )


def _series(record: SeriesRecord, provider_id: str, categories: CategoryIds) -> SeriesDocument:
    public = item_id(provider_id, Kind.SERIES, record.external_id, record.space)
    name, tidy = _names(record)
    chosen = _categories(record, categories)
    return SeriesDocument(
        actors=record.actors,
        added_at=rfc3339(record.added_at),
        category_id=chosen[0] if chosen else None,
        category_ids=chosen,
        censored=record.censored,
        cleaned_name=tidy,
        country=record.country,
        description=record.description,
        director=record.director,
        duration=record.duration,
        episode_count=record.episode_count,
        external_id=record.external_id,
        genres=record.genres,
        id=public,
        is_hd=record.is_hd,
        name=name,
        original_name=record.original_name,
        poster=record.poster,
        provider_id=provider_id,
        rating=record.rating,
        rating_imdb=record.rating_imdb,
        year=record.year,
        year_end=record.year_end,
    )


def _names(record: Record) -> tuple[str, str]:
    name = display_name(record.name)
    return name, cleaned_name(name)


def _categories(record: Record, categories: CategoryIds) -> tuple[str, ...]:
    # A stream may name categories that the provider does not list: it counts as being without them.
    named = record.category_ids
    if len(named) == 1:
        one = categories.get((record.category_space, named[0]))
        return (one,) if one else ()
    found = (categories.get((record.category_space, one)) for one in named)
    return tuple(dict.fromkeys(one for one in found if one))


_DOCUMENT: Final[dict[type, Any]] = {ChannelRecord: _channel, MovieRecord: _movie, SeriesRecord: _series}
