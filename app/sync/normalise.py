"""Records become drafts: tidy names, public ids, a canonical document and its fingerprint. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import UNSET, Struct

from app.core import jsonio
from app.core.clock import rfc3339
from app.db.items import ItemWrite
from app.db.tables.catalogue import NO_NUMBER
from app.domain.documents import AnyDocument, ChannelDocument, MovieDocument, SeriesDocument, encode
from app.domain.fingerprint import fingerprint
from app.domain.identity import item_id
from app.domain.kinds import Kind
from app.domain.records import ChannelRecord, MovieRecord, Record, SeriesRecord, TitleRecord
from app.domain.titles import cleaned_name, display_name, search_words, sort_key

CategoryIds = Mapping[tuple[str, str], str]  # (id space, provider's id) → public id
EMPTY: Final = b"{}"


class Draft(Struct):
    """An item as it would be written, before it is known whether it must be."""

    kind: Kind
    record: Record
    document: AnyDocument
    locator: bytes
    extra: bytes | None
    fingerprint: int = 0

    @property
    def id(self) -> str:
        return self.document.id


def draft(record: Record, provider_id: str, categories: CategoryIds) -> Draft:
    """Normalises one record; `categories` are those of the record's kind."""
    document = _DOCUMENT[type(record)](record, provider_id, categories)
    extra = jsonio.canonical(record.extra) if record.extra else None
    made = Draft(record.kind, record, document, jsonio.canonical(record.locator), extra)
    refresh(made)
    return made


def refresh(made: Draft) -> None:
    """Computes the fingerprint anew, after the document's categories were changed."""
    made.fingerprint = fingerprint(encode(made.document), made.locator, made.extra or EMPTY)


def with_categories(made: Draft, category_ids: tuple[str, ...]) -> int:
    """The fingerprint that the draft would have with other categories; the draft stays as it is."""
    own = made.document.category_ids, made.document.category_id
    set_categories(made, category_ids)
    value = fingerprint(encode(made.document), made.locator, made.extra or EMPTY)
    made.document.category_ids, made.document.category_id = own
    return value


def set_categories(made: Draft, category_ids: tuple[str, ...]) -> None:
    made.document.category_ids = category_ids
    made.document.category_id = category_ids[0] if category_ids else None


def row(made: Draft, ordinal: int, now: int) -> ItemWrite:
    """The row to write: everything that is not needed to tell whether the item changed is computed here."""
    document, record = made.document, made.record
    document.updated_at = rfc3339(now)
    original = record.original_name if isinstance(record, TitleRecord) else None
    shared = (
        made.fingerprint,
        True,
        document.category_id,
        document.name,
        sort_key(document.cleaned_name),
        search_words(document.name, document.cleaned_name, original),
        record.added_at,
        now,
        record.censored,
        made.locator,
        made.extra,
    )
    return ItemWrite(
        ordinal,
        document.id,
        record.external_id,
        (*shared, *_own_columns(record)),
        encode(document),
        document.category_ids,
    )


def _own_columns(record: Record) -> tuple[Any, ...]:
    if isinstance(record, ChannelRecord):
        return record.number, NO_NUMBER if record.number is None else record.number, record.epg_id
    return record.year, record.rating


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


def _title_fields(record: MovieRecord | SeriesRecord, provider_id: str, categories: CategoryIds) -> dict[str, Any]:
    name, tidy = _names(record)
    chosen = _categories(record, categories)
    return {
        "actors": record.actors,
        "added_at": rfc3339(record.added_at),
        "category_id": chosen[0] if chosen else None,
        "category_ids": chosen,
        "censored": record.censored,
        "cleaned_name": tidy,
        "country": record.country,
        "description": record.description,
        "director": record.director,
        "duration": record.duration,
        "external_id": record.external_id,
        "genres": record.genres,
        "id": item_id(provider_id, record.kind, record.external_id, record.space),
        "is_hd": record.is_hd,
        "name": name,
        "original_name": record.original_name,
        "poster": record.poster,
        "provider_id": provider_id,
        "rating": record.rating,
        "rating_imdb": record.rating_imdb,
        "year": record.year,
    }


def _movie(record: MovieRecord, provider_id: str, categories: CategoryIds) -> MovieDocument:
    fields = _title_fields(record, provider_id, categories)
    return MovieDocument(**fields, cmd=record.cmd or UNSET, stream=f"/api/movies/{fields['id']}/stream")


def _series(record: SeriesRecord, provider_id: str, categories: CategoryIds) -> SeriesDocument:
    fields = _title_fields(record, provider_id, categories)
    return SeriesDocument(**fields, year_end=record.year_end, episode_count=record.episode_count)


def _names(record: Record) -> tuple[str, str]:
    name = display_name(record.name)
    return name, cleaned_name(name)


def _categories(record: Record, categories: CategoryIds) -> tuple[str, ...]:
    # A stream may name categories that the provider does not list: it counts as being without them.
    found = (categories.get((record.category_space, one)) for one in record.category_ids)
    return tuple(dict.fromkeys(one for one in found if one is not None))


_DOCUMENT: Final[dict[type, Any]] = {ChannelRecord: _channel, MovieRecord: _movie, SeriesRecord: _series}
