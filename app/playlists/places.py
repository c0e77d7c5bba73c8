"""Which items a definition means, in which order: places alone, narrow enough for a whole catalogue in memory."""

from array import array
from collections.abc import Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from app.db import search
from app.db.engine import Reader
from app.db.marks import Marks, fetch
from app.domain.kinds import Kind
from app.playlists.definition import Choice, Definition, Match, Sort, TagChoice

SHOWN: Final = 0
ADULT: Final = 1
BITS: Final = 32  # of an ordinal in a packed place


class Place(NamedTuple):
    """An item: `rank` is its provider's place in the line-up's shelves."""

    rank: int
    ordinal: int

    @property
    def packed(self) -> int:
        return self.rank << BITS | self.ordinal


class Category(Struct, frozen=True, gc=False):
    """A category as a group of players."""

    id: str
    name: str
    external_id: str


class Shelf(Struct, frozen=True, kw_only=True):
    """One provider's part: `include` in the order of the definition, None = everything; `exclude` never."""

    provider_pk: int
    provider_id: str
    provider_name: str
    provider_kind: str
    categories: dict[str, Category]
    include: tuple[str, ...] | None
    exclude: tuple[str, ...]


def unpacked(place: int) -> Place:
    """The place that was packed."""
    return Place(place >> BITS, place & ((1 << BITS) - 1))


async def find_shelves(reader: Reader, definition: Definition, kind: Kind) -> list[Shelf]:
    """The providers of a definition in its order, with their categories of a kind; those that are gone are left out."""
    providers = await _providers(reader, definition.providers)
    marks = Marks(sqlite=reader.sqlite)
    among = marks.one_of([row[0] for row in providers], "int")
    statement = (
        "SELECT provider_pk, id, name, external_id FROM category "  # noqa: S608 - our names, marks
        f"WHERE provider_pk {among} AND kind = '{kind.value}' AND is_active ORDER BY position, id"
    )
    known: dict[int, dict[str, Category]] = {row[0]: {} for row in providers}
    for provider_pk, public, name, external_id in await fetch(reader, statement, marks):
        known[provider_pk][public] = Category(public, name, external_id)
    return [_shelf(row, known[row[0]], definition.categories) for row in providers]


async def find_places(
    reader: Reader, shelves: Sequence[Shelf], definition: Definition, kind: Kind, item_id: str | None = None
) -> "array[int]":
    """The packed places of what is active and may be shown, in the order of the definition; or of one item."""
    marks = Marks(sqlite=reader.sqlite)
    branches = [
        _branch(marks, (rank, shelf), definition, kind, item_id)
        for rank, shelf in enumerate(shelves)
        if shelf.include is None or shelf.include
    ]
    if not branches:
        return array("q")
    first, second = _KEYS[definition.sort]
    statement = f"{' UNION ALL '.join(branches)} ORDER BY {first}, {second}, o"
    rows = await fetch(reader, statement, marks)
    return array("q", (row[0] << BITS | row[1] for row in rows))


_KEYS: Final = dict.fromkeys(Sort, ("k", "r")) | {Sort.PROVIDER: ("r", "k"), Sort.CATEGORY: ("r, k", "n")}
_CHANNEL_KEYS: Final = {Sort.PROVIDER: "m.sort_number", Sort.NUMBER: "m.sort_number", Sort.NAME: "m.sort_name"}
_TITLE_KEYS: Final = {
    Sort.NAME: "m.sort_name",
    Sort.BEST: "-coalesce(m.rating, -1)",
    Sort.OLDEST: "coalesce(m.year, 9999)",
    Sort.LATEST: "-coalesce(m.year, 0)",
}


def _branch(marks: Marks, place: tuple[int, Shelf], definition: Definition, kind: Kind, item_id: str | None) -> str:
    """One provider's part of the statement: rank, place, and the keys it is ordered by."""
    rank, shelf = place
    source, key, together = f"{kind.value} m", _key(definition.sort, kind), ""
    number = "m.sort_number" if kind is Kind.CHANNEL else "0"
    if definition.sort is Sort.CATEGORY:
        source, key = _by_category(marks, shelf, kind)
        together = " GROUP BY m.ordinal" + (", m.sort_number" if kind is Kind.CHANNEL else "") if shelf.include else ""
    where = " AND ".join(_conditions(marks, shelf, definition, kind, item_id))
    return f"SELECT {rank:d} AS r, m.ordinal AS o, {key} AS k, {number} AS n FROM {source} WHERE {where}{together}"  # noqa: S608


def _key(sort: Sort, kind: Kind) -> str:
    if sort is Sort.NEWEST:
        return "-coalesce(m.added_at, 0)"
    keys = _CHANNEL_KEYS if kind is Kind.CHANNEL else _TITLE_KEYS
    return keys.get(sort, "0")


def _by_category(marks: Marks, shelf: Shelf, kind: Kind) -> tuple[str, str]:
    """Tables and key: a category's turn in the definition, where it names some, else its place with the provider."""
    if not shelf.include:
        return f"{kind.value} m LEFT JOIN category g ON g.id = m.category_id", "coalesce(g.position, 2147483647)"
    turns = " ".join(f"WHEN {marks(public)} THEN {turn:d}" for turn, public in enumerate(shelf.include))
    among = marks.one_of(shelf.include, "text")
    # Grouped and not a subquery: there SQLite 3.40 takes the first of several memberships for the smallest.
    return f"{kind.value} m JOIN item_category y ON y.ordinal = m.ordinal AND y.category_id {among}", (
        f"min(CASE y.category_id {turns} END)"
    )


def _conditions(marks: Marks, shelf: Shelf, definition: Definition, kind: Kind, item_id: str | None) -> list[str]:
    pk = shelf.provider_pk
    found = [f"m.provider_pk = {pk:d}", "m.is_active", f"m.visibility <= {ADULT if definition.adult else SHOWN}"]
    if item_id is not None:
        found.append(f"m.id = {marks(item_id)}")
    members = "m.ordinal {} (SELECT c.ordinal FROM item_category c WHERE c.category_id {})"
    if shelf.include is not None:
        found.append(members.format("IN", marks.one_of(shelf.include, "text")))
    if shelf.exclude:
        found.append(members.format("NOT IN", marks.one_of(shelf.exclude, "text")))
    found += _tag_conditions(marks, definition.tags, pk, kind)
    if words := search.words_of(definition.search):
        found.append(f"m.ordinal {search.condition(marks, provider_pk=pk, kind=kind, words=words)}")
    return found


def _tag_conditions(marks: Marks, tags: TagChoice, provider_pk: int, kind: Kind) -> list[str]:
    tagged = (
        "m.ordinal {} (SELECT t.ordinal FROM item_tag t "  # noqa: S608 - whole numbers, marks
        f"WHERE t.provider_pk = {provider_pk:d} AND t.kind = {kind.number} AND t.tag {{}})"
    )
    wanted = [(tag,) for tag in tags.include] if tags.match is Match.ALL else [tags.include] if tags.include else []
    found = [tagged.format("IN", marks.one_of(one, "text")) for one in wanted]
    return [*found, tagged.format("NOT IN", marks.one_of(tags.exclude, "text"))] if tags.exclude else found


async def _providers(reader: Reader, wanted: Sequence[str]) -> list[tuple[int, str, str, str]]:
    marks = Marks(sqlite=reader.sqlite)
    where = f" WHERE id {marks.one_of(wanted, 'text')}" if wanted else ""
    rows = await fetch(reader, f"SELECT pk, id, name, kind FROM provider{where} ORDER BY pk", marks)  # noqa: S608 - marks
    found = [(row[0], row[1], row[2], row[3]) for row in rows]
    turns = {public: turn for turn, public in enumerate(wanted)}
    return sorted(found, key=lambda row: turns[row[1]]) if wanted else found


def _shelf(provider: tuple[int, str, str, str], categories: dict[str, Category], choice: Choice) -> Shelf:
    return Shelf(
        provider_pk=provider[0],
        provider_id=provider[1],
        provider_name=provider[2],
        provider_kind=provider[3],
        categories=categories,
        include=_named(categories, choice.include) if choice.include else None,
        exclude=_named(categories, choice.exclude),
    )


def _named(categories: dict[str, Category], names: Sequence[str]) -> tuple[str, ...]:
    """The categories that are meant, each by its public id, else by its name in any case."""
    by_name: dict[str, list[str]] = {}
    for one in categories.values():
        by_name.setdefault(one.name.strip().casefold(), []).append(one.id)
    found = [[name] if name in categories else by_name.get(name.strip().casefold(), []) for name in names]
    return tuple(dict.fromkeys(public for some in found for public in some))
