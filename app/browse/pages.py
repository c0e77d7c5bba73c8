"""The SQL of lists: places first, narrow and in order, then the stored documents of one page of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from app.browse.orders import Stretch
from app.db import search
from app.db.engine import Reader
from app.db.marks import Marks, fetch
from app.domain.filters import Visibility
from app.domain.kinds import Kind

BEHIND_ALL: Final = 2**31 - 1
BEFORE_ALL: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which items of one provider a list holds; `categories` are public ids; None = any."""

    provider_pk: int
    kind: Kind
    categories: tuple[str, ...] | None = None
    words: tuple[str, ...] = ()
    active: bool | None = True
    tags: tuple[tuple[str, ...], ...] = ()  # of each one that is asked for, how it is spelled
    visible: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A row of a list: its sort key in its stretch, and where it is."""

    key: Any
    provider_pk: int
    ordinal: int


async def places(
    reader: Reader, wanted: Filter, stretch: Stretch, *, after: Place | None, limit: int, offset: int = 0
) -> list[Place]:
    """Rows of one stretch behind `after`. With an index on its column the cost does not depend on how deep that is."""
    marks = Marks(sqlite=reader.sqlite)
    key, ordinal = _key(stretch), _ordinal(wanted)
    conditions = [*_conditions(marks, wanted), *_behind(marks, wanted, stretch, after)]
    if stretch.where:
        conditions.append(stretch.where)
    turn = " DESC" if stretch.descending else ""
    ordering = f"{key}{turn}, {ordinal}{turn}" if stretch.column else ordinal
    statement = (
        f"SELECT {key}, {ordinal} FROM {_source(wanted)} WHERE {' AND '.join(conditions)} "  # noqa: S608 - our names, marks
        f"ORDER BY {ordering} LIMIT {limit:d} OFFSET {offset:d}"
    )
    rows = await fetch(reader, statement, marks)
    return [Place(key=row[0], provider_pk=wanted.provider_pk, ordinal=row[1]) for row in rows]


async def count(reader: Reader, wanted: Filter, where: str | None = None) -> int:
    """How many rows a list has, counted anew."""
    marks = Marks(sqlite=reader.sqlite)
    conditions = [*_conditions(marks, wanted), *([where] if where else [])]
    statement = f"SELECT count(*) FROM {_source(wanted)} WHERE {' AND '.join(conditions)}"  # noqa: S608 - as above
    rows = await fetch(reader, statement, marks)
    return int(rows[0][0])


async def bodies(reader: Reader, kind: Kind, chosen: Sequence[Place]) -> list[bytes]:
    """The stored documents of these places, in their order."""
    found: dict[tuple[int, int], bytes] = {}
    for provider_pk, group in groupby(sorted(chosen, key=lambda place: place.provider_pk), lambda p: p.provider_pk):
        marks = Marks(sqlite=reader.sqlite)
        among = marks.one_of([place.ordinal for place in group], "int")
        statement = (
            "SELECT d.ordinal, d.body FROM document d "  # noqa: S608 - as above
            f"WHERE d.provider_pk = {provider_pk:d} AND d.kind = {kind.number} AND d.ordinal {among}"
        )
        rows = await fetch(reader, statement, marks)
        found.update(((provider_pk, row[0]), row[1]) for row in rows)
    keys = [(place.provider_pk, place.ordinal) for place in chosen]
    return [found[key] for key in keys if key in found]


def _key(stretch: Stretch) -> str:
    return f"m.{stretch.column}" if stretch.column else "NULL"


def _source(wanted: Filter) -> str:
    items = f"{wanted.kind.value} m"
    # CROSS JOIN holds SQLite to this order: the members of one category, not all items, whatever its statistics say.
    return f"item_category c CROSS JOIN {items}" if _by_membership(wanted) else items


def _ordinal(wanted: Filter) -> str:
    # The membership's own column: both planners then read its key in order and stop at the limit.
    return "c.ordinal" if _by_membership(wanted) else "m.ordinal"


def _by_membership(wanted: Filter) -> bool:
    return wanted.categories is not None and len(wanted.categories) == 1


def _conditions(marks: Marks, wanted: Filter) -> list[str]:
    found = [f"m.provider_pk = {wanted.provider_pk:d}"]
    if _by_membership(wanted) and wanted.categories:
        found += [f"c.category_id = {marks(wanted.categories[0])}", "m.ordinal = c.ordinal"]
    elif wanted.categories is not None:
        among = marks.one_of(wanted.categories, "text")
        found.append(f"m.ordinal IN (SELECT c.ordinal FROM item_category c WHERE c.category_id {among})")  # noqa: S608
    if wanted.words:
        words = search.condition(marks, provider_pk=wanted.provider_pk, kind=wanted.kind, words=wanted.words)
        found.append(f"m.ordinal {words}")
    for spelled in wanted.tags:
        found.append(f"EXISTS (SELECT 1 FROM item_tag t WHERE {_tagged(marks, wanted, spelled)})")  # noqa: S608 - marks
    if wanted.visible is not None:
        found.append(f"m.visibility {'=' if wanted.visible else '>'} {Visibility.SHOWN:d}")
    if wanted.active is not None:
        found.append("m.is_active" if wanted.active else "NOT m.is_active")
    return found


def _tagged(marks: Marks, wanted: Filter, spelled: tuple[str, ...]) -> str:
    tag = f"t.tag = {marks(spelled[0])}" if len(spelled) == 1 else f"t.tag {marks.one_of(spelled, 'text')}"
    place = f"t.provider_pk = {wanted.provider_pk:d} AND t.kind = {wanted.kind.number}"
    return f"{place} AND {tag} AND t.ordinal = {_ordinal(wanted)}"


def _behind(marks: Marks, wanted: Filter, stretch: Stretch, after: Place | None) -> list[str]:
    if after is None:
        return []
    # Rows with the same key are ordered by provider, then by place, the way the stretch goes.
    ordinal = after.ordinal
    if wanted.provider_pk != after.provider_pk:
        ordinal = BEFORE_ALL if wanted.provider_pk > after.provider_pk else BEHIND_ALL
    if stretch.column is None:
        # Postgres concludes nothing from `m.ordinal = c.ordinal` here: without the second it reads `m` from its start.
        return [f"{column} > {marks(ordinal)}" for column in dict.fromkeys((_ordinal(wanted), "m.ordinal"))]
    sign = "<" if stretch.descending else ">"
    return [f"({_key(stretch)}, {_ordinal(wanted)}) {sign} ({marks(after.key)}, {marks(ordinal)})"]
