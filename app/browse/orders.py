"""The orders in which a list can be asked for, as stretches that an index can walk."""

from dataclasses import dataclass
from typing import Final

from app.core.errors import Invalid
from app.db.tables.catalogue import NO_NUMBER
from app.domain.kinds import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Rows that follow each other by one column, or by place when there is none; `where` tells which rows."""

    column: str | None = None
    where: str | None = None
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Stretches one after the other: what has no value stands behind what has one, whatever the direction."""

    name: str
    stretches: tuple[Stretch, ...]


_COLUMNS: Final[dict[Kind, dict[str, str]]] = {
    Kind.CHANNEL: {"name": "sort_name", "added": "added_at", "number": "sort_number"},
    Kind.MOVIE: {"name": "sort_name", "added": "added_at", "rating": "rating", "year": "year"},
    Kind.SERIES: {"name": "sort_name", "added": "added_at", "rating": "rating", "year": "year"},
}
_NUMBERED: Final = f"m.sort_number < {NO_NUMBER:.0f}"
_UNNUMBERED: Final = f"m.sort_number >= {NO_NUMBER:.0f}"


def order_of(kind: Kind, sort: str | None) -> Order:
    """The order that `sort` names; channels go by number and the rest by first appearance when it names none."""
    name = sort or ("number" if kind is Kind.CHANNEL else "")
    if not name:
        return Order(name=name, stretches=(Stretch(),))
    word = name.removeprefix("-")
    column = _COLUMNS[kind].get(word)
    if column is None:
        known = ", ".join(f"{one}, -{one}" for one in _COLUMNS[kind])
        raise Invalid([("sort", f"Lists of {kind.plural} are sorted by one of {known}.")])
    return Order(name=name, stretches=_stretches(column, descending=name != word))


def _stretches(column: str, *, descending: bool) -> tuple[Stretch, ...]:
    if column == "sort_name" or (column == "sort_number" and not descending):
        return (Stretch(column=column, descending=descending),)
    if column == "sort_number":
        return Stretch(column=column, where=_NUMBERED, descending=True), Stretch(where=_UNNUMBERED)
    known = Stretch(column=column, where=f"m.{column} IS NOT NULL", descending=descending)
    return known, Stretch(where=f"m.{column} IS NULL")
