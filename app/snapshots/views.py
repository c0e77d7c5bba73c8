"""The two views of a catalogue: every field, or what a list on a phone shows."""

from enum import StrEnum
from typing import Final

from msgspec import Struct, json

from app.domain.kinds import Kind

NEWLINE: Final = b"\n"  # never stands within a document: JSON escapes it
COMMA: Final = b","


class View(StrEnum):
    """How much of an item is told."""

    FULL = "full"
    LITE = "lite"


class LiteChannel(Struct, rename="camel", kw_only=True, gc=False):
    added_at: str | None = None
    category_id: str | None = None
    id: str
    kind: Kind = Kind.CHANNEL
    logo: str | None = None
    name: str
    number: float | int | None = None


class LiteTitle(Struct, rename="camel", kw_only=True, gc=False):
    """A movie or a series."""

    added_at: str | None = None
    category_id: str | None = None
    id: str
    kind: Kind
    name: str
    poster: str | None = None
    rating: float | None = None
    year: int | None = None


_encoder: Final = json.Encoder()
_titles: Final = json.Decoder(list[LiteTitle])
_decoders: Final[dict[Kind, json.Decoder[list[LiteChannel]] | json.Decoder[list[LiteTitle]]]] = {
    Kind.CHANNEL: json.Decoder(list[LiteChannel]),
    Kind.MOVIE: _titles,
    Kind.SERIES: _titles,
}


def lite(kind: Kind, lines: bytes) -> bytes:
    """Documents of one kind, one per line, in the lite view; no line ends behind the last."""
    found = _decoders[kind].decode(b"[" + lines.replace(NEWLINE, COMMA) + b"]")
    return _encoder.encode_lines(found)[: -len(NEWLINE)]
