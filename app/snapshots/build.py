"""Builds a version's files: what did not change is kept, the rest is read, cut and compressed once per view."""

from array import array
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Final

from msgspec import Struct

from app.core.ports import ArtifactStore
from app.db.engine import Database
from app.domain.kinds import Kind
from app.snapshots import rows
from app.snapshots.ahead import ahead
from app.snapshots.gather import Entry, Fresh, Gather, Kept
from app.snapshots.index import write_index
from app.snapshots.layout import MIXED, Column, ItemList, Layout, packed
from app.snapshots.makers import VersionFile
from app.snapshots.parts import Parts, Piece
from app.snapshots.segment import Segment, press
from app.snapshots.views import NEWLINE, View, lite

BATCH_ITEMS: Final = 1_000  # compressed by one thread: a hop costs as much as a few items
BATCH_ENTRIES: Final = 400


class Before(Struct, frozen=True, kw_only=True):
    """The version before: what can be kept of it. `lost` = artifacts that the store does not have any more."""

    items: Mapping[Kind, ItemList] = {}
    touched: Mapping[Kind, Sequence[int]] = {}
    lost: frozenset[str] = frozenset()

    def kept(self, kind: Kind) -> ItemList:
        return self.items.get(kind) or ItemList()

    def lost_segments(self, kind: Kind) -> frozenset[int]:
        """Segments of which a view is lost."""
        found: set[int] = set()
        for column in self.kept(kind).views.values():
            for number, part in enumerate(column.parts):
                if part.artifact in self.lost:
                    found.update(range(column.part_starts[number], column.part_starts[number + 1]))
        return frozenset(found)


class Pressed(Struct, frozen=True):
    """A segment in both views, or its number in the version before."""

    last: int
    items: int
    old: int
    views: Mapping[View, Segment]


async def build(
    database: Database,
    artifacts: ArtifactStore,
    provider_pk: int,
    provider: dict[str, str],
    *,
    version: int,
    before: Before,
) -> tuple[Layout, VersionFile]:
    """The layout and the file of categories and maps; all files are committed and nothing refers to them yet."""
    items: dict[Kind, ItemList] = {}
    for kind in MIXED:
        earlier = sum(one.total for one in items.values())
        kept = before.kept(kind)
        touched, lost = before.touched.get(kind, ()), before.lost_segments(kind)
        gather = Gather(kept, touched, lost=lost, earlier=earlier)
        read = rows.Items(database, provider_pk, kind, gather.planned()).between
        items[kind] = await _items(artifacts, kind, gather.entries(read), kept, version)
    index, file = await write_index(database, artifacts, provider_pk, provider["id"])
    layout = Layout(
        provider=provider,
        items=items,
        categories=index.categories,
        total_categories=index.total_categories,
        by_category=index.by_category,
    )
    return layout, file


async def _items(
    artifacts: ArtifactStore, kind: Kind, entries: AsyncIterator[Entry], before: ItemList, version: int
) -> ItemList:
    columns = {view: before.views.get(view) or Column() for view in View}
    parts = {view: Parts(artifacts, columns[view], version) for view in View}
    lasts, counts = array("I"), array("I")
    async with aclosing(ahead(_batches(entries), partial(_press, kind))) as batches:
        async for batch in batches:
            for one in batch:
                lasts.append(one.last)
                counts.append(one.items)
                for view in View:
                    await parts[view].add(_piece(one, view, columns[view]))
    views = {view: await parts[view].column() for view in View}
    return ItemList(packed_lasts=packed(lasts), packed_counts=packed(counts), views=views)


async def _batches(entries: AsyncIterator[Entry]) -> AsyncIterator[list[Entry]]:
    batch: list[Entry] = []
    fresh = 0
    async for entry in entries:
        batch.append(entry)
        fresh += entry.items if isinstance(entry, Fresh) else 0
        if fresh >= BATCH_ITEMS or len(batch) >= BATCH_ENTRIES:
            yield batch
            batch, fresh = [], 0
    if batch:
        yield batch


def _press(kind: Kind, batch: Sequence[Entry]) -> list[Pressed]:
    return [_kept(entry) if isinstance(entry, Kept) else _fresh(kind, entry) for entry in batch]


def _kept(entry: Kept) -> Pressed:
    return Pressed(entry.last, entry.items, entry.segment, {})


def _fresh(kind: Kind, entry: Fresh) -> Pressed:
    full = press(entry.lines)
    less = press(lite(kind, full.raw).split(NEWLINE))
    return Pressed(entry.last, entry.items, -1, {View.FULL: full, View.LITE: less})


def _piece(one: Pressed, view: View, before: Column) -> Piece:
    made = one.views.get(view)
    return Piece(one.items, before.raws[one.old] if made is None else len(made.raw), made, one.old)
