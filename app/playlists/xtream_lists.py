"""The lists of a line-up as panels answer them, a piece at a time: no list is ever held whole."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import msgspec

from app.db.engine import Database
from app.domain.documents import AnyDocument, decode
from app.domain.kinds import Kind
from app.playlists import xtream_rows as shapes
from app.playlists.definition import Choice, Grouping
from app.playlists.dressing import Entry
from app.playlists.lineups import LineUp, LineUps
from app.playlists.state import State
from app.playlists.xtream_files import endings
from app.playlists.xtream_groups import Groups, open_groups
from app.playlists.xtream_numbers import CATEGORY, Numbers
from app.playlists.xtream_rows import CategoryRow, Place, Row, encoded

EVERYTHING: Final = frozenset({"", "0", "*", "ALL"})  # values of `category_id` that mean no category
REMEMBERED: Final = 256  # kinds of line-ups whose groups are kept


class Lists:
    """Categories and items of line-ups."""

    def __init__(self, database: Database, line_ups: LineUps, numbers: Numbers) -> None:
        self._database = database
        self._line_ups = line_ups
        self._numbers = numbers
        self._gathered: dict[tuple[str, Kind], dict[str, str]] = {}

    async def categories(self, line_up: LineUp, kind: Kind, state: State) -> list[CategoryRow]:
        """The groups of a kind that hold something; they are gathered once for each state of the line-up."""
        key = (state.text, kind)
        names = self._gathered.get(key) if state.settled else None
        if names is None:
            groups = await self._groups(line_up, kind)
            names = await groups.gathered(self._line_ups.entries(line_up, kind))
            self._gathered[key] = names
            while len(self._gathered) > REMEMBERED:
                del self._gathered[next(iter(self._gathered))]
        numbers = await self._numbers.of(CATEGORY, list(names))
        return [CategoryRow(category_id=str(numbers[one]), category_name=name) for one, name in names.items()]

    async def rows(self, line_up: LineUp, kind: Kind, wanted: str) -> AsyncIterator[Sequence[Row]]:
        """The items of a kind, all of them or those of one category, which is given by its number."""
        groups = await self._groups(line_up, kind)
        group = None
        if wanted.strip().upper() not in EVERYTHING:
            named = await self._numbers.named(wanted)
            if named is None or named.kind != CATEGORY:
                return
            group = named.id
        done = 0
        async for entries in self._line_ups.entries(narrowed(line_up, kind, group, groups), kind):
            yield await self._chunk(line_up, groups, entries, kind=kind, group=group, done=done)
            done += len(entries)

    async def one(self, line_up: LineUp, entry: Entry) -> tuple[Row, AnyDocument]:
        """The row of one entry, and the document that it was made of."""
        groups = await self._groups(line_up, entry.kind)
        [row] = await self._chunk(line_up, groups, [entry], kind=entry.kind)
        return row, decode(entry.kind, entry.body)

    async def _groups(self, line_up: LineUp, kind: Kind) -> Groups:
        async with self._database.reader() as reader:
            return await open_groups(reader, line_up.definition, kind)

    async def _chunk(
        self,
        line_up: LineUp,
        groups: Groups,
        entries: Sequence[Entry],
        *,
        kind: Kind,
        group: str | None = None,
        done: int = 0,
    ) -> list[Row]:
        """Rows of these entries, or of those that are in the group; `done` entries came before them."""
        documents = [decode(kind, entry.body) for entry in entries]
        memberships = [groups.of(one, document.category_ids) for one, document in zip(entries, documents, strict=True)]
        chosen = [place for place, found in enumerate(memberships) if group is None or group in found]
        numbers = await self._numbers.of(kind.value, [entries[place].item_id for place in chosen])
        categories = await self._numbers.of(CATEGORY, list({one for place in chosen for one in memberships[place]}))
        places = [
            Place(
                num=self._num(line_up, entries[at], done + at + 1),
                number=numbers[entries[at].item_id],
                categories=[categories[one] for one in memberships[at]],
            )
            for at in chosen
        ]
        return await self._shaped(kind, [entries[at] for at in chosen], [documents[at] for at in chosen], places)

    def _num(self, line_up: LineUp, entry: Entry, running: int) -> int:
        """The running place; the number of the channel where a playlist numbers its channels anew."""
        renumbered = line_up.definition.start_number is not None and entry.kind is Kind.CHANNEL
        return entry.number if renumbered and isinstance(entry.number, int) else running

    async def _shaped(
        self, kind: Kind, entries: Sequence[Entry], documents: Sequence[Any], places: Sequence[Place]
    ) -> list[Row]:
        if kind is Kind.CHANNEL:
            return [shapes.live(*one) for one in zip(entries, documents, places, strict=True)]
        if kind is Kind.SERIES:
            return [shapes.series(*one) for one in zip(entries, documents, places, strict=True)]
        async with self._database.reader() as reader:
            files = await endings(reader, entries)
        return [shapes.movie(*one) for one in zip(entries, documents, places, files, strict=True)]


async def listed(chunks: AsyncIterator[Sequence[Row]]) -> AsyncIterator[bytes]:
    """A JSON list, a piece at a time."""
    mark = b"["
    async for rows in chunks:
        if rows:
            yield mark + encoded(rows)
            mark = b","
    yield b"[]" if mark == b"[" else b"]"


def narrowed(line_up: LineUp, kind: Kind, group: str | None, groups: Groups) -> LineUp:
    """The line-up of one category alone, where that spares reading everything else.

    Channels are few, and keep the places that they have in the whole list.
    """
    definition = line_up.definition
    if group is None or kind is Kind.CHANNEL or definition.groups is not Grouping.CATEGORY or group == groups.none:
        return line_up
    categories = Choice(include=(group,), exclude=definition.categories.exclude)
    return msgspec.structs.replace(line_up, definition=msgspec.structs.replace(definition, categories=categories))
