"""Values as a portal sends them, into columns: a kind for each column, found out where nobody told it.

Portals send numbers as texts, booleans as numbers and objects as they like. A column whose values do not fit its kind
becomes text: nothing is dropped.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, Final

from app.core import jsonio
from app.domain.schemas import FieldSpec, FieldType, Transformer

Values = Sequence[Any]
LARGEST: Final = 2**63 - 1


class Kind(StrEnum):
    """What a column holds. Times are texts, as the portal writes them: both databases compare those as the portal."""

    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    JSON = "json"
    TEXT = "text"


_TOLD: Final = {
    FieldType.INTEGER: Kind.INTEGER,
    FieldType.FLOAT: Kind.FLOAT,
    FieldType.BOOLEAN: Kind.BOOLEAN,
    FieldType.JSON: Kind.JSON,
    FieldType.STRING: Kind.TEXT,
    FieldType.DATETIME: Kind.TEXT,
    FieldType.DATE: Kind.TEXT,
}
_MADE: Final = {
    Transformer.INT: Kind.INTEGER,
    Transformer.FLOAT: Kind.FLOAT,
    Transformer.BOOL: Kind.BOOLEAN,
    Transformer.JSON: Kind.JSON,
    Transformer.STR: Kind.TEXT,
    Transformer.DATETIME: Kind.TEXT,
    Transformer.DATE: Kind.TEXT,
}
_NATURAL: Final[dict[type, Kind]] = {
    bool: Kind.BOOLEAN,
    int: Kind.INTEGER,
    float: Kind.FLOAT,
    dict: Kind.JSON,
    list: Kind.JSON,
    str: Kind.TEXT,
}
# What goes into a column of a kind as it is.
_NATIVE: Final[dict[Kind, frozenset[type]]] = {
    Kind.INTEGER: frozenset({int}),
    Kind.FLOAT: frozenset({float}),
    Kind.BOOLEAN: frozenset({bool}),
    Kind.JSON: frozenset(),
    Kind.TEXT: frozenset({str}),
}
_TRUTH: Final = {"true": True, "t": True, "1": True, "yes": True, "false": False, "f": False, "0": False, "no": False}
_NONE: Final = type(None)


class Unfit(ValueError):
    """The value is none of its column's kind."""


def told_kind(field: FieldSpec | None) -> Kind | None:
    """The kind that a schema gives a column; None = find out."""
    if field is None:
        return None
    return _MADE.get(field.transformer) if field.transformer else _TOLD.get(field.type)


def natural_kind(values: Values) -> Kind | None:
    """The kind of what came; None while all of it is null."""
    found = {_NATURAL[one] for one in set(map(type, values)) - {_NONE}}
    if len(found) > 1:
        return Kind.FLOAT if found == {Kind.INTEGER, Kind.FLOAT} else Kind.TEXT
    kind = next(iter(found), None)
    return Kind.TEXT if kind is Kind.INTEGER and _too_large(values) else kind


def fitted(values: Values, kind: Kind) -> Values:
    """A column's values as its database takes them; raises `Unfit` where one is of another kind."""
    types = set(map(type, values)) - {_NONE}
    if types <= _NATIVE[kind] and not (kind is Kind.INTEGER and _too_large(values)):
        return _without_nul(values) if kind is Kind.TEXT else values
    return [None if one is None else _MAKERS[kind](one) for one in values]


def _too_large(values: Values) -> bool:
    numbers = [one for one in values if one is not None]
    return bool(numbers) and (max(numbers) > LARGEST or min(numbers) < -LARGEST - 1)


def _without_nul(values: Values) -> Values:
    """Postgres takes no NUL in a text."""
    if "\0" not in "".join(filter(None, values)):
        return values
    return [one and one.replace("\0", "") for one in values]


def _integer(value: Any) -> int:
    if isinstance(value, str):
        text = value.strip()
        if not text.lstrip("-").isascii() or not text.lstrip("-").isdigit():
            raise Unfit
        value = int(text)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or not -LARGEST - 1 <= value <= LARGEST:
        raise Unfit
    return int(value)


def _float(value: Any) -> float:
    if not isinstance(value, str | int | float):
        raise Unfit
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise Unfit from None
    if number - number != 0:  # infinite, or not a number: JSON has neither
        raise Unfit
    return number


def _boolean(value: Any) -> bool:
    word = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    found = _TRUTH.get(word.strip().lower())
    if found is None:
        raise Unfit
    return found


def _json(value: Any) -> str:
    return jsonio.dumps(value).decode().replace("\\u0000", "")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else _json(value)


_MAKERS: Final[dict[Kind, Callable[[Any], Any]]] = {
    Kind.INTEGER: _integer,
    Kind.FLOAT: _float,
    Kind.BOOLEAN: _boolean,
    Kind.JSON: _json,
    Kind.TEXT: _text,
}
