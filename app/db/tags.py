"""Which item has which tag: rows of `item_tag`, what people set, and with what a kind was last gone through."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import delete, insert, select

from app.core import jsonio
from app.db.bulk import delete_rows, insert_rows, update_rows
from app.db.engine import Reader, Writer
from app.db.marks import Marks, fetch
from app.db.tables import TagState, metadata
from app.domain.kinds import Kind
from app.domain.marking import Marker
from app.domain.stretches import Given, StoredItem

STATE: Final = metadata.tables["tag_state"]
COLUMNS: Final = ("provider_pk", "kind", "tag", "ordinal", "by_user", "processed_at")
KEYS: Final = ("provider_pk", "kind", "tag", "ordinal")
SPREAD: Final = 2  # places per wanted one up to which it is cheaper to look at all of them
MARKED: Final = ("sort_name", "search_text", "visibility", "updated_at")


class Counts(NamedTuple):
    """Tags of items: new, there as before, taken away."""

    created: int = 0
    kept: int = 0
    removed: int = 0

    def plus(self, other: "Counts") -> "Counts":
        return Counts(*(mine + more for mine, more in zip(self, other, strict=True)))


async def add(writer: Writer, kind: Kind, provider_pk: int, items: Iterable[Given], now: int) -> int:
    """The tags of items that had none; returns how many."""
    given: dict[str, list[Given]] = {}
    for item in items:  # in order
        for tag in item.tags:
            given.setdefault(tag, []).append(item)
    number = kind.number  # rows as the key goes
    rows = [
        (provider_pk, number, tag, one.ordinal, bool(one.own) and tag in one.own, now)
        for tag, having in sorted(given.items())
        for one in having
    ]
    await insert_rows(writer, "item_tag", COLUMNS, rows)
    return len(rows)


async def put(
    writer: Writer, kind: Kind, provider_pk: int, items: Sequence[Given], now: int, *, before: int | None = None
) -> Counts:
    """The tags of known items: writes the difference, and takes away only what was given before `before` (ms)."""
    if not items:
        return Counts()
    stored = await _stored(writer, kind, provider_pk, [item.ordinal for item in items])
    if not stored:
        return Counts(created=await add(writer, kind, provider_pk, items, now))
    wanted = {(tag, item.ordinal): tag in item.own for item in items for tag in item.tags}
    latest = now + 1 if before is None else before
    gone = [key for key, (_, at) in stored.items() if key not in wanted and at < latest]
    changed = [key for key, own in wanted.items() if key in stored and stored[key][0] != own]
    fresh = [_row(kind, provider_pk, item, tag, now) for item in items for tag in item.tags]
    fresh = [row for row in fresh if (row[2], row[3]) not in stored]
    await delete_rows(writer, "item_tag", KEYS, [(provider_pk, kind.number, *key) for key in gone])
    flips = [(wanted[key], now, provider_pk, kind.number, *key) for key in changed]
    await update_rows(writer, "item_tag", ("by_user", "processed_at"), KEYS, flips)
    await insert_rows(writer, "item_tag", COLUMNS, sorted(fresh, key=lambda row: (row[2], row[3])))
    return Counts(len(fresh), len(wanted) - len(fresh), len(gone))


async def set_by_people(reader: Reader, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The tags that people set on these items, by public id."""
    marks = Marks(sqlite=reader.sqlite)
    query = f"SELECT item_id, tag FROM user_tag WHERE item_id {marks.one_of(list(ids), 'text')} ORDER BY tag"  # noqa: S608 - a mark
    found: dict[str, tuple[str, ...]] = {}
    for public, tag in await fetch(reader, query, marks):
        found[public] = (*found.get(public, ()), tag)
    return found


async def unsettled(reader: Reader, kind: Kind, provider_pk: int) -> list[int]:
    """The places of items that lack a tag that a person set, or have one that was taken back."""
    mine = f"i.provider_pk = {provider_pk:d}"
    row = f"t.provider_pk = {provider_pk:d} AND t.kind = {kind.number} AND t.by_user AND t.ordinal = i.ordinal"
    lacking = (
        f"SELECT i.ordinal FROM user_tag u JOIN {kind.value} i ON i.id = u.item_id WHERE {mine} "  # noqa: S608
        f"AND NOT EXISTS (SELECT 1 FROM item_tag t WHERE {row} AND t.tag = u.tag)"
    )
    left = (
        f"SELECT t.ordinal FROM item_tag t JOIN {kind.value} i ON {mine} AND {row} "  # noqa: S608
        "WHERE NOT EXISTS (SELECT 1 FROM user_tag u WHERE u.item_id = i.id AND u.tag = t.tag)"
    )
    rows = await fetch(reader, f"{lacking} UNION {left}", Marks(sqlite=reader.sqlite))
    return sorted(found[0] for found in rows)


async def stretch(
    reader: Reader, kind: Kind, provider_pk: int, *, after: int = -1, limit: int = 0, places: Sequence[int] = ()
) -> list[StoredItem]:
    """The next `limit` items behind a place, or those at `places`."""
    marks = Marks(sqlite=reader.sqlite)
    which = f"m.ordinal {marks.one_of(list(places), 'int')}" if places else f"m.ordinal > {after:d}"
    query = (
        "SELECT m.ordinal, m.id, m.censored, m.visibility, m.is_active, d.body "  # noqa: S608 - our names, marks
        f"FROM {kind.value} m JOIN document d "
        f"ON d.provider_pk = m.provider_pk AND d.kind = {kind.number} AND d.ordinal = m.ordinal "
        f"WHERE m.provider_pk = {provider_pk:d} AND {which} ORDER BY m.ordinal"
    )
    rows = await fetch(reader, query if places else f"{query} LIMIT {limit:d}", marks)
    return [StoredItem(*row) for row in rows]


async def remark(writer: Writer, kind: Kind, provider_pk: int, rows: Sequence[tuple[Any, ...]]) -> None:
    """Sets MARKED of items; each tuple holds these columns, then the place."""
    values = [(*row[:-1], provider_pk, row[-1]) for row in rows]
    await update_rows(writer, kind.value, MARKED, ("provider_pk", "ordinal"), values)


async def show(writer: Writer, kind: Kind, provider_pk: int, rows: Sequence[tuple[int, int]]) -> None:
    """Sets the visibility of items; each tuple holds it and the place."""
    values = [(visibility, provider_pk, ordinal) for visibility, ordinal in rows]
    await update_rows(writer, kind.value, ("visibility",), ("provider_pk", "ordinal"), values)


async def state(reader: Reader, kind: Kind, provider_pk: int) -> tuple[int, Mapping[str, int]] | None:
    """With which rules and categories (id → hash) all items of a kind were last marked; None = never."""
    mine = (STATE.c.provider_pk == provider_pk, STATE.c.kind == kind.number)
    row = await reader.row(select(STATE.c.digest, STATE.c.categories).where(*mine))
    return None if row is None else (row.digest, jsonio.loads(row.categories))


async def save_state(writer: Writer, kind: Kind, provider_pk: int, marker: Marker, now: int) -> None:
    """Says that all items of a kind are marked by this marker."""
    mine = (STATE.c.provider_pk == provider_pk, STATE.c.kind == kind.number)
    await writer.execute(delete(TagState).where(*mine))
    values = {"provider_pk": provider_pk, "kind": kind.number, "digest": marker.digest, "processed_at": now}
    await writer.execute(insert(TagState).values(**values, categories=jsonio.canonical(marker.categories)))


async def spellings(reader: Reader, kind: Kind, provider_pk: int) -> list[str]:
    """All tags of a kind's items as they are spelled, in order; found by jumping from one to the next in the key."""
    mine = f"t.provider_pk = {provider_pk:d} AND t.kind = {kind.number}"
    query = (
        f"WITH RECURSIVE known(tag) AS (SELECT min(t.tag) FROM item_tag t WHERE {mine} UNION ALL "  # noqa: S608
        f"SELECT (SELECT min(t.tag) FROM item_tag t WHERE {mine} AND t.tag > known.tag) FROM known "
        "WHERE known.tag IS NOT NULL) SELECT tag FROM known WHERE tag IS NOT NULL"
    )
    return [row[0] for row in await fetch(reader, query, Marks(sqlite=reader.sqlite))]


async def counted(reader: Reader, kind: Kind, provider_pk: int) -> dict[str, int]:
    """How many active items have each tag."""
    query = (
        f"SELECT t.tag, count(*) FROM item_tag t JOIN {kind.value} m "  # noqa: S608 - our names
        "ON m.provider_pk = t.provider_pk AND m.ordinal = t.ordinal "
        f"WHERE t.provider_pk = {provider_pk:d} AND t.kind = {kind.number} AND m.is_active GROUP BY t.tag"
    )
    return {row[0]: row[1] for row in await fetch(reader, query, Marks(sqlite=reader.sqlite))}


async def _stored(
    reader: Reader, kind: Kind, provider_pk: int, places: Sequence[int]
) -> dict[tuple[str, int], tuple[bool, int]]:
    marks, low, high = Marks(sqlite=reader.sqlite), min(places), max(places)
    which = f"BETWEEN {low:d} AND {high:d}"  # neighbours stand together in the index, and so does that there are none
    if high - low >= SPREAD * len(places):
        which = marks.one_of(places, "int")
    query = (
        "SELECT tag, ordinal, by_user, processed_at FROM item_tag "  # noqa: S608 - marks
        f"WHERE provider_pk = {provider_pk:d} AND kind = {kind.number} AND ordinal {which}"
    )
    rows = await fetch(reader, query, marks)
    wanted = set(places)
    return {(row[0], row[1]): (bool(row[2]), row[3]) for row in rows if row[1] in wanted}


def _row(kind: Kind, provider_pk: int, item: Given, tag: str, now: int) -> tuple[Any, ...]:
    return provider_pk, kind.number, tag, item.ordinal, tag in item.own, now
