"""One page of a list over any number of providers, gathered from the stretches of its order."""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import merge

from app.browse import cursor as cursors
from app.browse.cursor import Cursor
from app.browse.orders import Order, Stretch
from app.browse.pages import Filter, Place, count, places
from app.db.engine import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The rows of a page, and the cursor of the next when there is one."""

    places: Sequence[Place]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which page: by number, or behind a cursor. `question` ties a cursor to sort and filters."""

    order: Order
    page: int
    limit: int
    question: int
    cursor: Cursor | None = None


async def choose(reader: Reader, filters: Sequence[Filter], wish: Wish) -> Chosen:
    """Finds the places of one page; one more than asked for tells whether a next one exists."""
    wanted = wish.limit + 1
    found: list[tuple[int, Place]] = []
    skip = 0 if wish.cursor else (wish.page - 1) * wish.limit
    first = wish.cursor.stretch if wish.cursor else 0
    for number, stretch in enumerate(wish.order.stretches[first:], first):
        after = _place(wish.cursor) if wish.cursor and number == first else None
        rows = await _walk(reader, filters, stretch, after=after, limit=wanted - len(found), skip=skip)
        found += ((number, row) for row in rows)
        if len(found) >= wanted:
            break
        # Only a list that ends within this stretch has to know how much of the skip it took.
        if skip:
            skip = max(0, skip - await _size(reader, filters, stretch)) if not rows else 0
    return Chosen(places=[row for _, row in found[: wish.limit]], next=_next(found, wish))


async def _walk(
    reader: Reader, filters: Sequence[Filter], stretch: Stretch, *, after: Place | None, limit: int, skip: int
) -> list[Place]:
    if len(filters) == 1:
        return await places(reader, filters[0], stretch, after=after, limit=limit, offset=skip)
    if stretch.column is None:
        return await _in_turn(reader, filters, stretch, after=after, limit=limit, skip=skip)
    sides = [await places(reader, one, stretch, after=after, limit=skip + limit) for one in filters]
    rows = merge(*sides, key=lambda row: (row.key, row.provider_pk, row.ordinal), reverse=stretch.descending)
    return list(rows)[skip : skip + limit]


async def _in_turn(
    reader: Reader, filters: Sequence[Filter], stretch: Stretch, *, after: Place | None, limit: int, skip: int
) -> list[Place]:
    """Without a key, one provider's rows follow another's: those already passed are not read again."""
    found: list[Place] = []
    for one in filters:
        if after and one.provider_pk < after.provider_pk:
            continue
        rows = await places(reader, one, stretch, after=after, limit=limit - len(found), offset=skip)
        if skip:
            skip = max(0, skip - await count(reader, one, stretch.where)) if not rows else 0
        found += rows
        if len(found) >= limit:
            break
    return found


async def _size(reader: Reader, filters: Sequence[Filter], stretch: Stretch) -> int:
    return sum([await count(reader, one, stretch.where) for one in filters])


def _place(cursor: Cursor) -> Place:
    return Place(key=cursor.key, provider_pk=cursor.provider_pk, ordinal=cursor.ordinal)


def _next(found: Sequence[tuple[int, Place]], wish: Wish) -> str | None:
    if len(found) <= wish.limit:
        return None
    stretch, last = found[wish.limit - 1]
    page = (wish.cursor.page if wish.cursor else wish.page) + 1
    place = (last.key, last.provider_pk, last.ordinal)
    return cursors.encode(Cursor(wish.question, page, stretch, *place))
