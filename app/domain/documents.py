"""Item documents: the canonical JSON of snapshots and browse answers. Fields stand in the order of their keys."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import UNSET, Struct, UnsetType, json

from app.domain.kinds import Kind


class ItemDocument(Struct, rename="camel", gc=False):
    """Typing base: what the engine sets when it knows it."""


class ChannelDocument(ItemDocument, kw_only=True, gc=False):
    added_at: str | None
    archive: bool | None
    archive_days: float | int | None
    category_id: str | None
    category_ids: tuple[str, ...]
    censored: bool | None
    cleaned_name: str
    cmd: str | UnsetType = UNSET
    epg_id: str | None
    external_id: str
    id: str
    is_active: bool = True
    is_hd: bool | None
    kind: Kind = Kind.CHANNEL
    logo: str | None
    name: str
    number: float | int | None
    provider_id: str
    stream: str
    tags: tuple[str, ...] = ()
    updated_at: str | None = None


class MovieDocument(ItemDocument, kw_only=True, gc=False):
    actors: tuple[str, ...]
    added_at: str | None
    category_id: str | None
    category_ids: tuple[str, ...]
    censored: bool | None
    cleaned_name: str
    cmd: str | UnsetType = UNSET
    country: str | None
    description: str | None
    director: str | None
    duration: int | None
    external_id: str
    genres: tuple[str, ...]
    id: str
    is_active: bool = True
    is_hd: bool | None
    kind: Kind = Kind.MOVIE
    name: str
    original_name: str | None
    poster: str | None
    provider_id: str
    rating: float | None
    rating_imdb: float | None
    stream: str
    tags: tuple[str, ...] = ()
    updated_at: str | None = None
    year: int | None


class SeriesDocument(ItemDocument, kw_only=True, gc=False):
    actors: tuple[str, ...]
    added_at: str | None
    category_id: str | None
    category_ids: tuple[str, ...]
    censored: bool | None
    cleaned_name: str
    country: str | None
    description: str | None
    director: str | None
    duration: int | None
    episode_count: int | None
    external_id: str
    genres: tuple[str, ...]
    id: str
    is_active: bool = True
    is_hd: bool | None
    kind: Kind = Kind.SERIES
    name: str
    original_name: str | None
    poster: str | None
    provider_id: str
    rating: float | None
    rating_imdb: float | None
    tags: tuple[str, ...] = ()
    updated_at: str | None = None
    year: int | None
    year_end: int | None


class CategoryDocument(Struct, rename="camel", kw_only=True, gc=False):
    """A category as snapshots and the change log carry it."""

    count: int
    external_id: str
    id: str
    is_active: bool
    kind: str
    name: str
    position: int
    provider_id: str


AnyDocument = ChannelDocument | MovieDocument | SeriesDocument
DOCUMENTS: Final[dict[Kind, type[AnyDocument]]] = {
    Kind.CHANNEL: ChannelDocument,
    Kind.MOVIE: MovieDocument,
    Kind.SERIES: SeriesDocument,
}
_encoder: Final = json.Encoder()
_decoders: Final = {kind: json.Decoder(document) for kind, document in DOCUMENTS.items()}


def encode(document: AnyDocument) -> bytes:
    """The canonical bytes of a document."""
    return _encoder.encode(document)


def category_document(row: Mapping[str, Any], provider_id: str) -> bytes:
    """The canonical bytes of a category from the columns of its row."""
    values = {name: row[name] for name in CategoryDocument.__struct_fields__ if name != "provider_id"}
    return _encoder.encode(CategoryDocument(provider_id=provider_id, **values))


def decode(kind: Kind, body: bytes) -> AnyDocument:
    """The document that `encode` wrote."""
    return _decoders[kind].decode(body)


def stamped(body: bytes, updated_at: str, *, tags: tuple[str, ...], renamed: tuple[str, str]) -> bytes:
    """An encoded document without tags and `updatedAt`, with them set: cheaper than to encode all of it again.

    `renamed` is the cleaned name that stands in it and the one that is to stand there.
    """
    # Inside JSON text the quotes would be escaped, so that these can only be the keys themselves.
    body = body.replace(b'"updatedAt":null', b'"updatedAt":"%s"' % updated_at.encode(), 1)
    if tags:
        body = body.replace(b'"tags":[]', b'"tags":' + _encoder.encode(tags), 1)
    if renamed[0] != renamed[1]:
        before, after = (b'"cleanedName":' + _encoder.encode(name) for name in renamed)
        body = body.replace(before, after, 1)
    return body


def restamped(
    body: bytes,
    *,
    tags: tuple[tuple[str, ...], tuple[str, ...]],
    renamed: tuple[str, str],
    updated_at: tuple[str | None, str | None],
) -> bytes:
    """An encoded document with other tags, another cleaned name and `updatedAt`: each as it stands in it, and will."""
    # As in `stamped`: inside JSON text the quotes of the keys would be escaped.
    told = _encoder.encode
    if tags[0] != tags[1]:
        body = body.replace(b'"tags":' + told(tags[0]), b'"tags":' + told(tags[1]), 1)
    if renamed[0] != renamed[1]:
        body = body.replace(b'"cleanedName":' + told(renamed[0]), b'"cleanedName":' + told(renamed[1]), 1)
    return body.replace(b'"updatedAt":' + told(updated_at[0]), b'"updatedAt":' + told(updated_at[1]), 1)
