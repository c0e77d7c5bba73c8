"""Pages whose ends lie within segments: cut from lines and compressed when first asked for."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Final

from app.core.ports import ArtifactStore
from app.snapshots.cache import Cache
from app.snapshots.files import Edition
from app.snapshots.layout import ItemList, Stretch
from app.snapshots.member import inflated
from app.snapshots.pages import WRITTEN, PageRequest, lay_page, list_start
from app.snapshots.runs import blocks
from app.snapshots.views import COMMA, NEWLINE, View

INFLATED_BYTES: Final = 16 << 20  # segments that pages of 100, 250 or 500 are cut from, one after the other


class Cutting:
    """Keeps the segments that were cut last: the next page begins within one of them."""

    def __init__(self, artifacts: ArtifactStore) -> None:
        self._artifacts = artifacts
        self._inflated = Cache[bytes](INFLATED_BYTES, len)

    async def page(self, edition: Edition, wanted: PageRequest) -> bytes:
        """A page, not compressed."""
        page = lay_page(edition.layout, edition.version, wanted)
        parts = [page.head]
        for kind in WRITTEN:
            items = edition.layout.items[kind]
            found = [one async for one in self._lines(items, wanted.view, *page.spans[kind])]
            parts += [list_start(kind), COMMA.join(found), b"]"]
        return b"".join([*parts, b"}"])

    async def _lines(self, items: ItemList, view: View, first: int, end: int) -> AsyncIterator[bytes]:
        for number in range(*items.overlapping(first, end)):
            stretch, base = blocks(items.views[view], number, number + 1), items.starts[number]
            key = f"{stretch.artifact} {stretch.offset}"
            lines = (await self._inflated.get(key, partial(self._inflate, stretch))).split(NEWLINE)
            for line in lines[max(first - base, 0) : end - base]:
                yield line

    async def _inflate(self, stretch: Stretch) -> bytes:
        data = await self._artifacts.read(stretch.artifact, stretch.offset, stretch.length)
        return await asyncio.to_thread(inflated, data)
