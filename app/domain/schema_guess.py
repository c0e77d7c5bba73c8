"""What a sample of rows tells of a table that nobody described, and how well a description fits a sample."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from app.domain.schemas import FieldSpec, FieldType, TableFacts, TableSchema, Transformer, unnamed
from app.domain.values import number, truth

Row = Sequence[Any]

_LOOKS: Final = (
    ("email", re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", re.IGNORECASE)),
    ("url", re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)),
    ("uuid", re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)),
    ("mac_addr", re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}", re.IGNORECASE)),
    ("phone", re.compile(r"\+\d[\d ()-]{6,}")),
)
_STAMPS: Final = {1: "created_at", 2: "updated_at"}  # by position, as clients in the field guess
_CLOCK: Final = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d")
_MADE: Final = {
    Transformer.INT: FieldType.INTEGER,
    Transformer.FLOAT: FieldType.FLOAT,
    Transformer.BOOL: FieldType.BOOLEAN,
    Transformer.STR: FieldType.STRING,
    Transformer.DATETIME: FieldType.DATETIME,
    Transformer.DATE: FieldType.DATE,
    Transformer.JSON: FieldType.JSON,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldMatch:
    """One field against a sample of rows.

    `values`: how many are not null; `fits`: how many of these are of the field's type; `guess`: the type they have.
    `same`: in how many rows the column of the field's name holds what stands at its position, of `compared`; both are
    None where the portal knows no such column.
    """

    field: FieldSpec
    values: int
    fits: int
    guess: FieldType
    compared: int | None = None
    same: int | None = None

    @property
    def ratio(self) -> float | None:
        """From 0 to 1: the share of values with the field's type; None where all are null."""
        return self.fits / self.values if self.values else None

    @property
    def name_ratio(self) -> float | None:
        """From 0 to 1: the share of rows in which the place is that of the name."""
        return self.same / self.compared if self.same is not None and self.compared else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMatch:
    """A schema against `rows` rows; `faults` are sentences about the table as a whole."""

    table: str
    rows: int
    width: int | None
    fields: tuple[FieldMatch, ...]
    faults: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether every value fits, under the name that it has at the portal."""
        ratios = (ratio for one in self.fields for ratio in (one.ratio, one.name_ratio))
        return not self.faults and all(ratio is None or ratio == 1 for ratio in ratios)


def guessed(table: str, rows: Sequence[Row], *, names: Mapping[int, str], facts: TableFacts) -> TableSchema:
    """A schema for the rows of `*`; `names` are what is known of them, by position."""
    width = max(map(len, rows), default=0)
    fields = []
    taken = set(names.values())
    for position in range(width):
        values = column(rows, position)
        kind, transformer = type_of(values)
        name = names.get(position)
        if name is None:
            name = _look(position, kind, values)
            name = unnamed(position) if name in taken else name
        taken.add(name)
        remote = None if position in names or name == unnamed(position) else unnamed(position)
        fields.append(FieldSpec(position=position, name=name, type=kind, transformer=transformer, remote_name=remote))
    return TableSchema(name=table, fields=tuple(fields), width=width, facts=facts)


def matched(schema: TableSchema, rows: Sequence[Row], named: Mapping[str, Sequence[Any]]) -> TableMatch:
    """The schema against a sample; `named` are the values of columns by their names, for the same rows."""
    width = max(map(len, rows), default=None)
    faults = []
    if rows and schema.width is not None and schema.width != width:
        faults.append(f"The portal gives {width} columns, the schema says {schema.width}.")
    faults += [
        f"{one.name} is said to be at {one.position}, behind the last of {width} columns."
        for one in schema.fields
        if width is not None and one.position >= width
    ]
    faults += [
        f"The portal knows no column {one.remote}." for one in schema.fields if one.named and one.remote not in named
    ]
    fields = tuple(_match(one, rows, named.get(one.remote)) for one in schema.fields)
    return TableMatch(table=schema.name, rows=len(rows), width=width, fields=fields, faults=tuple(faults))


def placed(rows: Sequence[Row], named: Mapping[str, Sequence[Any]]) -> dict[int, str]:
    """The positions of columns whose values were asked for by name: where one place alone holds just these."""
    width = max(map(len, rows), default=0)
    places = {position: column(rows, position) for position in range(width)}
    found: dict[int, str] = {}
    for name, values in named.items():
        if all(value is None for value in values):
            continue
        equal = [position for position, others in places.items() if _equal(others, values)]
        if len(equal) == 1:
            found.setdefault(equal[0], name)
    return found


def type_of(values: Sequence[Any]) -> tuple[FieldType, Transformer | None]:
    """The type of a column's values; numbers that came as texts as well as numbers want a transformer."""
    present = [value for value in values if value is not None]
    kinds = Counter(_kind(value) for value in present)
    if len(kinds) < 2:  # noqa: PLR2004 - one
        return next(iter(kinds), FieldType.UNKNOWN), None
    for several, found in _MIXED:
        if kinds.keys() <= several:
            return found
    for kind, transformer in ((FieldType.INTEGER, Transformer.INT), (FieldType.FLOAT, Transformer.FLOAT)):
        if all(fits(value, kind, transformer) for value in present):
            return kind, transformer
    return FieldType.UNKNOWN, None


def fits(value: Any, kind: FieldType, transformer: Transformer | None = None) -> bool:
    """Whether a value that is not null is of the type, as it is or as the transformer makes it."""
    if transformer is not None:
        made = _MADE[transformer]
        return _TRANSFORMS[transformer](value) and kind in (made, _wider(made), FieldType.UNKNOWN)
    if kind is FieldType.UNKNOWN:
        return True
    found = _kind(value)
    return found is kind or (kind, found) in _WIDER


def column(rows: Sequence[Row], position: int) -> list[Any]:
    """The values at a position, None in rows that are shorter."""
    return [row[position] if position < len(row) else None for row in rows]


# What types mixed in one column are together.
_MIXED: Final = (
    ({FieldType.INTEGER, FieldType.FLOAT}, (FieldType.FLOAT, None)),
    ({FieldType.DATE, FieldType.DATETIME}, (FieldType.DATETIME, Transformer.DATETIME)),
    ({FieldType.DATE, FieldType.DATETIME, FieldType.STRING}, (FieldType.STRING, None)),
)
# What a type takes besides its own values.
_WIDER: Final = frozenset(
    {
        (FieldType.FLOAT, FieldType.INTEGER),
        (FieldType.STRING, FieldType.DATETIME),
        (FieldType.STRING, FieldType.DATE),
    }
)
_TRANSFORMS: Final[Mapping[Transformer, Callable[[Any], bool]]] = {
    Transformer.INT: lambda value: isinstance(found := number(value), int) and not isinstance(found, bool),
    Transformer.FLOAT: lambda value: number(value) is not None,
    Transformer.BOOL: lambda value: truth(value) is not None,
    Transformer.STR: lambda value: isinstance(value, str | int | float),
    Transformer.DATETIME: lambda value: _kind(value) in (FieldType.DATE, FieldType.DATETIME),
    Transformer.DATE: lambda value: _kind(value) in (FieldType.DATE, FieldType.DATETIME),
    Transformer.JSON: lambda value: value is not None,
}


def _wider(kind: FieldType) -> FieldType:
    return FieldType.FLOAT if kind is FieldType.INTEGER else kind


def _match(field: FieldSpec, rows: Sequence[Row], named: Sequence[Any] | None) -> FieldMatch:
    values = column(rows, field.position)
    present = [value for value in values if value is not None]
    return FieldMatch(
        field=field,
        values=len(present),
        fits=sum(fits(value, field.type, field.transformer) for value in present),
        guess=type_of(values)[0],
        compared=None if named is None else len(rows),
        same=None if named is None else sum(_same(one, other) for one, other in zip(values, named, strict=False)),
    )


def _kind(value: Any) -> FieldType:
    match value:
        case bool():
            return FieldType.BOOLEAN
        case int():
            return FieldType.INTEGER
        case float():
            return FieldType.FLOAT
        case list() | dict():
            return FieldType.JSON
        case str():
            return _kind_of_text(value.strip())
    return FieldType.UNKNOWN


def _kind_of_text(value: str) -> FieldType:
    try:
        if _CLOCK.match(value):
            datetime.fromisoformat(value)
            return FieldType.DATETIME
        if len(value) == len("2024-01-31"):
            date.fromisoformat(value)
            return FieldType.DATE
    except ValueError:
        pass
    return FieldType.STRING


def _look(position: int, kind: FieldType, values: Sequence[Any]) -> str:
    """A name for a place by what stands there."""
    if position == 0 and kind is FieldType.INTEGER:
        return "id"
    if kind is FieldType.DATETIME:
        return _STAMPS.get(position, f"timestamp_{position}")
    present = [value for value in values if value is not None]
    for name, look in _LOOKS if present else ():
        if all(isinstance(value, str) and look.fullmatch(value) for value in present):
            return name
    return unnamed(position)


def _equal(values: Sequence[Any], others: Sequence[Any]) -> bool:
    return len(values) == len(others) and all(_same(one, other) for one, other in zip(values, others, strict=True))


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)
