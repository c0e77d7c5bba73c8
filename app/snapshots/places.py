"""Where items stand in a version's lists: found in the segments that hold them, without reading the others."""

import asyncio
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import groupby

from msgspec import Struct, json

from app.core.errors import NotFound
from app.core.ports import ArtifactStore
from app.snapshots.layout import Column, ItemList
from app.snapshots.member import inflated
from app.snapshots.runs import blocks
from app.snapshots.views import COMMA, NEWLINE, View


class Named(Struct, gc=False):
    id: str


_decoder = json.Decoder(list[Named])


async def find_places(artifacts: ArtifactStore, items: ItemList, wanted: Mapping[str, int]) -> dict[str, int]:
    """The number of each item in its list, from 1; `wanted` = ordinals by id. `NotFound` when one is not in it."""
    column = items.views.get(View.LITE) or Column()  # the smaller one
    segments = sorted({bisect_left(items.lasts, ordinal) for ordinal in wanted.values()})
    found: dict[str, int] = {}
    for _, members in groupby([one for one in segments if one < len(items.lasts)], column.part_of):
        chosen = list(members)
        span = blocks(column, chosen[0], chosen[-1] + 1)
        data = await artifacts.read(span.artifact, span.offset, span.length)
        found |= await asyncio.to_thread(_places, items, column, chosen, data)
    if not wanted.keys() <= found.keys():
        raise NotFound("A row of the log is not in its version.")
    return found


def _places(items: ItemList, column: Column, segments: Sequence[int], data: bytes) -> dict[str, int]:
    found: dict[str, int] = {}
    base = column.offsets[segments[0]]
    for number in segments:
        start = column.offsets[number] - base
        lines = inflated(data[start : start + column.lengths[number]])
        listed = _decoder.decode(b"[%b]" % lines.replace(NEWLINE, COMMA))
        found |= {one.id: place for place, one in enumerate(listed, items.starts[number] + 1)}
    return found
