"""Where a list goes on: the sort key and the place of the last row that was handed out."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any

import msgspec

from app.core import jsonio
from app.core.errors import Invalid
from app.domain.fingerprint import fingerprint

MAX_PLACE = 2**31 - 1
MAX_PAGE = 2**31 - 1
MAX_TIME = 2**63 - 1
Key = str | int | float | None


class Cursor(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """`question` is a hash of sort and filters; `page` the number of the page that begins here."""

    question: int
    page: int
    stretch: int
    key: Key
    provider_pk: int
    ordinal: int


_decoder = msgspec.json.Decoder(Cursor)


def question(*parts: Any) -> int:
    """What a cursor belongs to: the same words give the same number."""
    return fingerprint(jsonio.canonical(parts))


def encode(cursor: Cursor) -> str:
    return urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def decode(text: str, asked: int, columns: Sequence[str | None]) -> Cursor:
    """The cursor of an answer to the same question; `columns` are those that the order's stretches go by."""
    try:
        found = _decoder.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise _wrong("This is not a cursor of a list.") from None
    if found.question != asked:
        raise _wrong("This cursor belongs to a list with another sort or other filters.")
    places = 0 <= found.provider_pk <= MAX_PLACE and 0 <= found.ordinal <= MAX_PLACE and 1 < found.page <= MAX_PAGE
    if not places or not 0 <= found.stretch < len(columns) or not _fits(found.key, columns[found.stretch]):
        raise _wrong("This is not a cursor of a list.")
    return found


def _fits(key: Key, column: str | None) -> bool:
    """Whether the database can compare a column with this key: anybody can write a cursor."""
    if column is None or key is None:
        return column is key
    if column == "sort_name":
        return isinstance(key, str) and "\0" not in key
    if column in ("added_at", "year"):
        return isinstance(key, int) and abs(key) <= (MAX_PLACE if column == "year" else MAX_TIME)
    return isinstance(key, int | float)


def _wrong(message: str) -> Invalid:
    return Invalid([("cursor", message)])
