"""Builds a version's pack from the rows: each item is read, joined and compressed once, whatever serves it later."""

from array import array
from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import partial
from itertools import groupby
from operator import itemgetter

from app.core.jsonio import dumps
from app.core.ports import ArtifactInfo, ArtifactStore
from app.db.engine import Database
from app.domain.kinds import Kind
from app.snapshots import rows
from app.snapshots.layout import MIXED, PAGE_ITEMS, ItemList, Layout, Segment, Stretch, joined
from app.snapshots.member import COMMA
from app.snapshots.pack import Pack, Previous, ahead, lengths_out, press_items, press_text


async def build(
    database: Database, artifacts: ArtifactStore, provider_pk: int, provider: dict[str, str], before: Previous
) -> tuple[Layout, ArtifactInfo]:
    """The layout and the committed artifact; nothing refers to it yet."""
    async with artifacts.create() as writer:
        builder = _Builder(database, provider_pk, Pack(artifacts, writer, before), before)
        layout = await builder.layout(provider)
        return layout, await writer.commit()


class _Builder:
    def __init__(self, database: Database, provider_pk: int, pack: Pack, before: Previous) -> None:
        self._database = database
        self._pk = provider_pk
        self._pack = pack
        self._known = before.known

    async def layout(self, provider: dict[str, str]) -> Layout:
        items: dict[Kind, ItemList] = {}
        for kind in MIXED:
            items[kind] = await self._items(kind, sum(one.total for one in items.values()))
        categories = await rows.categories(self._database, self._pk, provider["id"])
        return Layout(
            provider=provider,
            items=items,
            categories=joined([await self._pack.append(press_text(COMMA.join(categories)))]),
            total_categories=len(categories),
            by_category={kind: await self._by_category(kind) for kind in MIXED},
        )

    async def _items(self, kind: Kind, earlier: int) -> ItemList:
        lengths = array("I")
        segments: list[Segment] = []
        chunks = self._chunks(kind, earlier, lengths)
        async with aclosing(ahead(chunks, partial(press_items, known=self._known))) as parts:
            async for part in parts:
                segments.append(await self._pack.append(part, comma=bool(segments)))
        return ItemList(tuple(segments), await self._pack.write(lengths_out(lengths)))

    async def _chunks(self, kind: Kind, earlier: int, lengths: "array[int]") -> AsyncIterator[list[bytes]]:
        """Documents cut where a page ends: of this kind alone, and of all kinds behind `earlier` items."""
        items = rows.Items(self._database, self._pk, kind)
        while True:
            limit = PAGE_ITEMS - max(len(lengths) % PAGE_ITEMS, (earlier + len(lengths)) % PAGE_ITEMS)
            bodies = await items.take(limit)
            if bodies:
                lengths.extend(map(len, bodies))
                yield bodies
            if len(bodies) < limit:
                return

    async def _by_category(self, kind: Kind) -> Stretch:
        async with aclosing(ahead(self._lists(kind), press_text)) as parts:
            segments = [await self._pack.append(part) async for part in parts]
        return joined(segments, comma=False)

    async def _lists(self, kind: Kind) -> AsyncIterator[bytes]:
        """The inside of a `…ByCategory` map, in pieces that may end anywhere between two ids."""
        current: str | None = None
        async for chunk in rows.memberships(self._database, self._pk, kind):
            text = []
            for category, members in groupby(chunk, itemgetter(0)):
                ids = dumps([member[1] for member in members])[1:-1]
                if category == current:
                    text += [COMMA, ids]
                else:
                    text += [b"" if current is None else b"],", dumps(category), b":[", ids]
                    current = category
            yield b"".join(text)
        if current is not None:
            yield b"]"
