"""What players show as categories: the groups of a line-up, and the groups that an item is in."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final

from msgspec import Struct, json

from app.db.engine import Reader
from app.domain.kinds import Kind
from app.playlists.definition import Definition, Grouping
from app.playlists.dressing import Entry
from app.playlists.places import find_shelves

OTHER: Final = "Other"  # players reach items by their categories alone: those without one stand here


class _Membership(Struct, rename="camel", gc=False):
    category_ids: tuple[str, ...] = ()


_decode: Final = json.Decoder(_Membership).decode


class Groups:
    """The groups of one kind. `visible` = names of the categories that may be shown, in the provider's order."""

    def __init__(self, kind: Kind, grouping: Grouping, visible: dict[str, str]) -> None:
        self._kind = kind
        self._visible = visible if grouping is Grouping.CATEGORY else {}
        self._grouped = grouping is not Grouping.CATEGORY

    @property
    def none(self) -> str:
        """The group of what is in no other."""
        return f"none:{self._kind.value}"

    def of(self, entry: Entry, category_ids: Iterable[str]) -> Sequence[str]:
        """Where an entry stands, its own group first. By category it may stand in several, as at its provider."""
        if self._grouped:
            return (entry.group_id or self.none,)
        return [one for one in category_ids if one in self._visible] or (self.none,)

    async def gathered(self, chunks: AsyncIterator[Sequence[Entry]]) -> dict[str, str]:
        """Names of all groups in which entries stand, in the order in which they are shown."""
        found: dict[str, str] = {}
        async for entries in chunks:
            for entry in entries:
                for group in self.of(entry, () if self._grouped else _decode(entry.body).category_ids):
                    if group not in found:
                        found[group] = self._visible.get(group) or entry.group or OTHER
        if other := found.pop(self.none, None):
            found[self.none] = other
        return {one: found[one] for one in dict.fromkeys([*self._visible, *found]) if one in found}


async def open_groups(reader: Reader, definition: Definition, kind: Kind) -> Groups:
    """The groups that a definition makes of a kind."""
    visible: dict[str, str] = {}
    for shelf in await find_shelves(reader, definition, kind):
        chosen = shelf.categories if shelf.include is None else shelf.include
        visible |= {one: shelf.categories[one].name for one in chosen if one not in shelf.exclude}
    return Groups(kind, definition.groups, visible)
