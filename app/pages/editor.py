"""A playlist's entries as a person puts them in order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from app.api.playlists import EntryPatch
from app.context import ProcessContext
from app.domain.kinds import Kind
from app.pages.forms import Form, body_of
from app.playlists.entries import EntryChange
from app.playlists.lineups import Entry
from app.playlists.overrides import NONE, Override
from app.playlists.views import PlaylistView

SHOWN: Final = 100  # entries on one page of the editor


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One entry with what was changed in it by hand."""

    entry: Entry
    override: Override


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A stretch of the entries of a kind, and what is hidden."""

    kind: Kind
    page: int
    more: bool
    lines: Sequence[Line]
    hidden: Mapping[str, Override]


async def part_of(context: ProcessContext, view: PlaylistView, kind: Kind, page: int) -> Part:
    """One page of the editor."""
    overrides = await context.playlists.entries.list(view.id)
    start, end = (page - 1) * SHOWN, page * SHOWN
    found: list[Entry] = []
    async for entries in context.playlists.line_ups.entries(view.line_up, kind):
        found.extend(entries)
        if len(found) > end:
            break
    lines = [Line(entry=one, override=overrides.get(one.item_id, NONE)) for one in islice(found, start, end)]
    hidden = {item_id: one for item_id, one in overrides.items() if one.hidden}
    return Part(kind=kind, page=page, more=len(found) > end, lines=lines, hidden=hidden)


async def reorder(context: ProcessContext, view: PlaylistView, wanted: Sequence[str]) -> int:
    """Pins entries as far as the order differs from what it is by itself; those behind follow by themselves."""
    kind = view.definition.kinds[0]
    present: list[str] = []
    async for entries in context.playlists.line_ups.entries(view.line_up, kind):
        present += [one.item_id for one in entries]
        if len(present) >= len(wanted):
            break
    known = await context.playlists.entries.list(view.id)
    pinned = max((one.position or 0 for one in known.values()), default=0)
    changed = [place for place, item_id in enumerate(wanted) if present[place : place + 1] != [item_id]]
    upto = max([pinned, *(place + 1 for place in changed)])
    return await context.playlists.entries.order(view.id, list(dict.fromkeys([*wanted, *present]))[:upto])


def entry_change(form: Form) -> EntryChange:
    """What is changed about one entry; what is empty is taken back."""
    values: dict[str, Any] = {name: form.get(name) or None for name in ("name", "number", "position")}
    return body_of(EntryPatch, values | {"hidden": form.has("hidden")}).order()
