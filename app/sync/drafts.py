"""Drafts: items as they would be written, before it is known whether they must be."""

from typing import Any, Final

from msgspec import Struct

from app.core.clock import rfc3339
from app.db.items import ItemWrite
from app.db.tables.catalogue import NO_NUMBER
from app.domain.documents import AnyDocument, encode, stamped
from app.domain.fingerprint import fingerprint
from app.domain.marking import Marking
from app.domain.records import ChannelRecord, Record, TitleRecord
from app.domain.titles import search_words, sort_key

EMPTY: Final = b"{}"


class Draft(Struct, gc=False):
    """A record, its document and what tells whether it changed; `body`, `locator` and `extra` are JSON."""

    id: str
    record: Record
    document: AnyDocument
    locator: bytes
    extra: bytes | None
    body: bytes = b""
    fingerprint: int = 0


def refresh(made: Draft) -> None:
    """Computes body and fingerprint, anew after the document's categories were changed."""
    made.body = encode(made.document)
    made.fingerprint = fingerprint(made.body, made.locator, made.extra or EMPTY)


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


def row(made: Draft, ordinal: int, now: int, marking: Marking) -> ItemWrite:
    """The row to write: everything that is not needed to tell whether the item changed is computed here.

    The marking too: body and fingerprint of the draft are of what the provider said, whatever the rules are.
    """
    document, record = made.document, made.record
    tidy = marking.cleaned_name if marking.cleaned_name != document.name else None
    original = record.original_name if isinstance(record, TitleRecord) else None
    shared = (
        made.fingerprint,
        True,
        document.category_id,
        document.name,
        sort_key(marking.cleaned_name),
        search_words(document.name, tidy, original),
        record.added_at,
        now,
        record.censored,
        int(marking.visibility),
        made.locator,
        made.extra,
    )
    renamed = document.cleaned_name, marking.cleaned_name
    return ItemWrite(
        ordinal,
        made.id,
        record.external_id,
        (*shared, *_own_columns(record)),
        stamped(made.body, rfc3339(now) or "", tags=marking.tags, renamed=renamed),
        document.category_ids,
    )


def _own_columns(record: Record) -> tuple[Any, ...]:
    if isinstance(record, ChannelRecord):
        return record.number, NO_NUMBER if record.number is None else record.number, record.epg_id
    return record.year, record.rating
