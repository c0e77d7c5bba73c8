"""The log of changes, merged: one operation per id of a window, read from the lines alone."""

import asyncio
from array import array
from collections.abc import AsyncIterator, Sequence
from typing import Final

from msgspec import Struct
from sqlalchemy import func, select
from sqlmodel import col

from app.core.errors import NotFound
from app.core.ports import ArtifactStore
from app.db.engine import Database
from app.db.marks import Marks, fetch
from app.db.tables import Publication
from app.snapshots.delta import CATEGORY, MIDDLE, ChangesRequest, Operation, names, rows
from app.snapshots.layout import Layout
from app.snapshots.places import find_places
from app.snapshots.views import COMMA, View

CHUNK: Final = 1_000  # rows read at once: 1.5 MB
LOOK: Final = 100_000  # lines of a merged window read at once: 20 MB while they are looked at
ROW_BYTES: Final = 24  # what a row or a removal needs beside its document or its id


class Window(Struct, frozen=True):
    """The lines that count within a window, by key; how many bytes they make in full, and how many lines there are."""

    upserts: "array[int]"
    deletes: "array[int]"
    bytes: int = 0
    lines: int = 0

    @property
    def operations(self) -> int:
        return len(self.upserts) + len(self.deletes)

    @property
    def size(self) -> int:
        """Bytes in memory."""
        return 8 * self.operations

    def part(self, wanted: ChangesRequest) -> "Window":
        """What stands in one answer: rows in front, removals behind them."""
        first, last = wanted.first, wanted.first + wanted.limit
        put = len(self.upserts)
        return Window(self.upserts[first:last], self.deletes[max(first - put, 0) : max(last - put, 0)])


NOTHING: Final = Window(array("q"), array("q"))


async def merged(database: Database, provider_pk: int, since: int, to: int) -> Window:
    """The last line of each id among those of versions after `since`, up to `to`."""
    upserts, deletes, size, lines, after = array("q"), array("q"), 0, 0, 0
    while True:
        found = await _last_lines(database, provider_pk, since, to, after)
        for pk, gone, length, count in found:
            (deletes if gone else upserts).append(pk)
            size += length + ROW_BYTES
            lines += count
        if len(found) < LOOK:
            return Window(upserts, deletes, size, lines)
        after = found[-1][0]


async def published_lines(database: Database, provider_pk: int, epoch: str, since: int, to: int) -> int | None:
    """How many lines these versions were published with; None when that is not known of all of them."""
    query = select(func.count(), func.sum(col(Publication.operations))).where(
        col(Publication.provider_pk) == provider_pk,
        col(Publication.epoch) == epoch,
        col(Publication.version) > since,
        col(Publication.version) <= to,
    )
    async with database.reader() as reader:
        row = await reader.row(query)
    return int(row[1]) if row is not None and row[0] == to - since else None


class Teller:
    """Writes windows that end with one version; `layout` = that version's."""

    def __init__(self, database: Database, artifacts: ArtifactStore, layout: Layout) -> None:
        self._database = database
        self._artifacts = artifacts
        self._layout = layout

    async def told(self, window: Window, view: View) -> AsyncIterator[bytes]:
        """The lists of a delta, from the first row to the last removal, in chunks.

        Raises `NotFound` when lines or items are gone: a window is told whole, or not at all.
        """
        glue = b""
        for keys in _chunks(window.upserts):
            found = await self._placed(await _operations(self._database, keys))
            yield glue + COMMA.join(await asyncio.to_thread(rows, found, view))
            glue = COMMA
        yield MIDDLE
        glue = b""
        for keys in _chunks(window.deletes):
            yield glue + COMMA.join(names(await _operations(self._database, keys)))
            glue = COMMA

    async def _placed(self, operations: Sequence[Operation]) -> list[Operation]:
        found: dict[tuple[str, str], int] = {}
        for kind, items in self._layout.items.items():
            wanted = {one.id: one.ordinal for one in operations if one.kind == kind.value}
            places = await find_places(self._artifacts, items, wanted)
            found |= {(kind.value, public): places[public] for public in wanted}
        return [one._replace(place=found.get((one.kind, one.id), 0)) for one in operations]


def _chunks(keys: "array[int]") -> list["array[int]"]:
    return [keys[first : first + CHUNK] for first in range(0, len(keys), CHUNK)]


async def _last_lines(
    database: Database, provider_pk: int, since: int, to: int, after: int
) -> Sequence[tuple[int, bool, int, int]]:
    async with database.reader() as reader:
        marks = Marks(sqlite=reader.sqlite)
        statement = (
            "SELECT c.pk, c.document IS NULL, coalesce(length(c.document), length(c.item_id)), m.n "  # noqa: S608 - marks
            "FROM change c JOIN (SELECT max(pk) AS pk, count(*) AS n FROM change "
            f"WHERE provider_pk = {marks(provider_pk)} AND version > {marks(since)} AND version <= {marks(to)} "
            f"GROUP BY kind, item_id) m ON m.pk = c.pk WHERE c.pk > {marks(after)} ORDER BY c.pk LIMIT {LOOK}"
        )
        return await fetch(reader, statement, marks)


async def _operations(database: Database, keys: Sequence[int]) -> list[Operation]:
    """Lines with the places of their items: a place never changes, so that of now is that of then."""
    async with database.reader() as reader:
        marks = Marks(sqlite=reader.sqlite)
        statement = (
            "SELECT c.kind, c.item_id, c.document, coalesce(ch.ordinal, mo.ordinal, se.ordinal) "  # noqa: S608 - marks
            "FROM change c "
            "LEFT JOIN channel ch ON c.kind = 'channel' AND ch.id = c.item_id "
            "LEFT JOIN movie mo ON c.kind = 'movie' AND mo.id = c.item_id "
            "LEFT JOIN series se ON c.kind = 'series' AND se.id = c.item_id "
            f"WHERE c.pk {marks.one_of(keys, 'bigint')} ORDER BY c.pk"
        )
        found = await fetch(reader, statement, marks)
    placed = all(ordinal is not None or document is None or kind == CATEGORY for kind, _, document, ordinal in found)
    if len(found) < len(keys) or not placed:  # a shortened log, a catalogue that is being emptied
        raise NotFound("The log does not tell all of that any more.")
    return [Operation(kind, public, document, ordinal or 0) for kind, public, document, ordinal in found]
