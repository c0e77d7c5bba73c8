"""Line-ups: the ordered entries of a playlist or of one provider, with what people changed applied."""

from array import array
from collections.abc import AsyncIterator, Sequence
from typing import Final

from msgspec import Struct

from app.db.engine import Database, Reader
from app.db.marks import Marks, fetch
from app.domain.kinds import Kind
from app.playlists.definition import Definition
from app.playlists.dressing import Dresser, Entry
from app.playlists.overrides import Override, load_overrides
from app.playlists.pinning import pinned
from app.playlists.places import Place, Shelf, find_places, find_shelves, unpacked

__all__ = ["CHUNK", "Entry", "LineUp", "LineUps", "of_provider"]
CHUNK: Final = 1_000  # entries that are read and held together


class LineUp(Struct, frozen=True, kw_only=True):
    """What is lined up: a definition, and the playlist whose changes by hand apply, where it is one."""

    definition: Definition
    playlist_pk: int | None = None


def of_provider(provider_id: str) -> LineUp:
    """Everything that one provider offers and outputs may show."""
    return LineUp(definition=Definition(providers=(provider_id,), kinds=tuple(Kind)))


class LineUps:
    """Reads in short transactions: whoever takes entries slowly holds no connection."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def entries(self, line_up: LineUp, kind: Kind) -> AsyncIterator[Sequence[Entry]]:
        """All entries of a kind in their order, some at a time; none where the definition leaves the kind out."""
        if kind not in line_up.definition.kinds:
            return
        async with self._database.reader() as reader:
            shelves = await find_shelves(reader, line_up.definition, kind)
            overrides = await load_overrides(reader, line_up.playlist_pk)
            places = await find_places(reader, shelves, line_up.definition, kind)
            pins = await _places_of(reader, shelves, kind, overrides)
        dresser = Dresser(line_up.definition, kind, shelves, overrides)
        order = _ordered(places, pins, overrides)
        for start in range(0, len(order), CHUNK):
            async with self._database.reader() as reader:
                bodies = await _bodies(reader, shelves, kind, [unpacked(one) for one in order[start : start + CHUNK]])
            yield dresser.dress(bodies)

    async def entry(self, line_up: LineUp, kind: Kind, item_id: str) -> Entry | None:
        """One entry, or None when the line-up does not hold it; its number as if nothing was numbered anew."""
        if kind not in line_up.definition.kinds:
            return None
        async with self._database.reader() as reader:
            shelves = await find_shelves(reader, line_up.definition, kind)
            overrides = await load_overrides(reader, line_up.playlist_pk, item_id)
            if item_id in overrides and overrides[item_id].hidden:
                return None
            places = await find_places(reader, shelves, line_up.definition, kind, item_id)
            bodies = await _bodies(reader, shelves, kind, [unpacked(one) for one in places])
        dressed = Dresser(line_up.definition, kind, shelves, overrides, renumber=False).dress(bodies)
        return dressed[0] if dressed else None


def _ordered(places: "array[int]", pins: dict[int, str], overrides: dict[str, Override]) -> "array[int]":
    """The places without what is hidden, and with what has a position of its own put there."""
    hidden = {place for place, item_id in pins.items() if overrides[item_id].hidden}
    wanted = {
        place: position
        for place, item_id in pins.items()
        if place not in hidden and (position := overrides[item_id].position) is not None
    }
    return pinned(places, wanted, hidden) if hidden or wanted else places


async def _places_of(
    reader: Reader, shelves: Sequence[Shelf], kind: Kind, overrides: dict[str, Override]
) -> dict[int, str]:
    """Where the items are that somebody moved or hid, by their packed place."""
    moved = [item_id for item_id, one in overrides.items() if one.hidden or one.position is not None]
    if not moved:
        return {}
    marks = Marks(sqlite=reader.sqlite)
    statement = f"SELECT id, provider_pk, ordinal FROM {kind.value} WHERE id {marks.one_of(moved, 'text')}"  # noqa: S608
    ranks = {shelf.provider_pk: rank for rank, shelf in enumerate(shelves)}
    rows = await fetch(reader, statement, marks)
    return {Place(ranks[row[1]], row[2]).packed: row[0] for row in rows if row[1] in ranks}


async def _bodies(
    reader: Reader, shelves: Sequence[Shelf], kind: Kind, places: Sequence[Place]
) -> list[tuple[Place, bytes]]:
    """The documents of these places in their order; a place whose item is gone since is left out."""
    found: dict[Place, bytes] = {}
    for rank in {place.rank for place in places}:
        marks = Marks(sqlite=reader.sqlite)
        among = marks.one_of([place.ordinal for place in places if place.rank == rank], "int")
        statement = (
            "SELECT d.ordinal, d.body FROM document d "  # noqa: S608 - whole numbers, marks
            f"WHERE d.provider_pk = {shelves[rank].provider_pk:d} AND d.kind = {kind.number} AND d.ordinal {among}"
        )
        found |= {Place(rank, row[0]): row[1] for row in await fetch(reader, statement, marks)}
    return [(place, found[place]) for place in places if place in found]
