"""The three lists of a panel, and how a downloaded one is read."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

import msgspec

from app.domain.kinds import Kind, StepName
from app.domain.records import Record, RejectedRecord
from app.providers.xtream.lists import ListSplitter
from app.providers.xtream.parse import (
    LiveRow,
    Membership,
    TitleRow,
    channel,
    identity,
    members,
    movie,
    rejected,
    series,
    tolerant,
)
from app.providers.xtream.site import Site
from app.providers.xtream.spool import Repeats, Spool


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One of the three lists: its action, its rows, and what makes a record of a row."""

    kind: Kind
    step: StepName
    scope: str
    action: str
    key: str  # where its rows have their id
    row: type[LiveRow] | type[TitleRow]
    record: Callable[[Any, str, tuple[str, ...], Site], Record]


WALKS: Final = (
    Walk(
        kind=Kind.CHANNEL,
        step=StepName.CHANNELS,
        scope="live",
        action="get_live_streams",
        key="stream_id",
        row=LiveRow,
        record=channel,
    ),
    Walk(
        kind=Kind.MOVIE,
        step=StepName.MOVIES,
        scope="vod",
        action="get_vod_streams",
        key="stream_id",
        row=TitleRow,
        record=movie,
    ),
    Walk(
        kind=Kind.SERIES,
        step=StepName.SERIES,
        scope="series",
        action="get_series",
        key="series_id",
        row=TitleRow,
        record=series,
    ),
)


def splitter_of(row: type[Any]) -> ListSplitter[Any]:
    decoder: msgspec.json.Decoder[list[Any]] = msgspec.json.Decoder(list[row])  # type: ignore[valid-type]
    return ListSplitter(decoder.decode, msgspec.json.Decoder(row).decode)


def gather(spool: Spool, repeats: Repeats) -> None:
    """The second look at a list in which items repeat."""
    splitter = splitter_of(Membership)
    for piece in spool.pieces():
        for rows in splitter.feed(piece):
            repeats.gather(rows)
    for rows in splitter.end():
        repeats.gather(rows)


def read(walk: Walk, spool: Spool, repeats: Repeats, site: Site) -> Iterator[tuple[list[Record], list[RejectedRecord]]]:
    """The records of a whole list, block by block."""
    reader = Reader(walk, site, repeats)
    splitter = splitter_of(walk.row)
    for piece in spool.pieces():
        for rows in splitter.feed(piece):
            yield reader.read(rows)
    for rows in splitter.end():
        yield reader.read(rows)


class Reader:
    """Turns blocks of rows into records, each item once."""

    def __init__(self, walk: Walk, site: Site, repeats: Repeats) -> None:
        self._walk = walk
        self._site = site
        self._repeats = repeats
        self._told: set[str] = set()

    def read(self, rows: Sequence[Any]) -> tuple[list[Record], list[RejectedRecord]]:
        walk, site, record = self._walk, self._site, self._walk.record
        union, key = self._repeats.union, attrgetter(walk.key)
        records: list[Record] = []
        refused: list[RejectedRecord] = []
        for given in rows:
            row = given
            if type(row) is bytes:
                row = tolerant(row, walk.row)
                if row is None:
                    refused.append(rejected(walk.kind, given, "The record is no object that can be read.", site))
                    continue
            external_id = identity(key(row))
            if external_id is None:
                refused.append(rejected(walk.kind, msgspec.json.encode(row), "The record has no id.", site))
                continue
            categories = union(external_id)
            if categories is None:
                categories = members(row.category_id, row.category_ids)
            elif external_id in self._told:
                continue
            else:
                self._told.add(external_id)
            records.append(record(row, external_id, categories, site))
        return records, refused
