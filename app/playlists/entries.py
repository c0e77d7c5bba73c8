"""Changes by hand: names, numbers, positions and what is hidden, kept beside the catalogue and not in it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from msgspec import UNSET, UnsetType
from sqlalchemy import delete, insert, select, update
from sqlmodel import col

from app.core.clock import now_ms
from app.core.errors import Invalid, NotFound
from app.db.engine import Database, Reader, Writer
from app.db.tables import ITEM_TABLES, Playlist, PlaylistEntry, metadata
from app.playlists.definition import MOST_NUMBER
from app.playlists.overrides import NONE, Override, load_overrides
from app.playlists.users import NO_PLAYLIST

ENTRY: Final = metadata.tables["playlist_entry"]
LONGEST_NAME: Final = 200
MOST_POSITION: Final = 1_000_000
BATCH: Final = 500  # ids asked for together


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryChange:
    """What changes about an entry; None takes a change back."""

    name: str | UnsetType | None = UNSET
    number: float | UnsetType | None = UNSET
    position: int | UnsetType | None = UNSET
    hidden: bool | UnsetType = UNSET


class Entries:
    """Rows name items by their public ids: a sync, a clean or a re-add of the provider leaves them as they are."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, playlist_id: str) -> dict[str, Override]:
        """All changes of a playlist by item, also of items that are not there now."""
        async with self._database.reader() as reader:
            return await load_overrides(reader, await _playlist(reader, playlist_id))

    async def change(self, playlist_id: str, item_id: str, change: EntryChange) -> Override:
        """Changes one entry; one that is as if nobody had touched it is forgotten."""
        values = _checked(change)
        async with self._database.writer() as writer:
            pk = await _playlist(writer, playlist_id)
            known = (await load_overrides(writer, pk, item_id)).get(item_id)
            if known is None:
                await _check_items(writer, [item_id])
            found = {**_values(known or NONE), **values}
            await _forget(writer, pk, [item_id])
            if (override := Override(**found)) != NONE:
                await writer.execute(insert(PlaylistEntry).values(playlist_pk=pk, item_id=item_id, **found))
            await _revise(writer, pk)
        return override

    async def order(self, playlist_id: str, item_ids: Sequence[str]) -> int:
        """Puts these items first, in this order, and gives up all other positions; returns how many."""
        if len(set(item_ids)) != len(item_ids):
            raise Invalid([("items", "An item is named twice.")])
        async with self._database.writer() as writer:
            pk = await _playlist(writer, playlist_id)
            known = await load_overrides(writer, pk)
            await _check_items(writer, [item_id for item_id in item_ids if item_id not in known])
            positions: dict[str, int | None] = dict.fromkeys(known)
            positions |= {item_id: place for place, item_id in enumerate(item_ids, 1)}
            rows = [
                {"playlist_pk": pk, "item_id": item_id, **_values(known.get(item_id, NONE)), "position": position}
                for item_id, position in positions.items()
            ]
            await writer.execute(delete(PlaylistEntry).where(col(PlaylistEntry.playlist_pk) == pk))
            kept = [row for row in rows if _touched(row)]
            if kept:
                await writer.execute(insert(PlaylistEntry), kept)
            await _revise(writer, pk)
        return len(item_ids)


def _values(override: Override) -> dict[str, Any]:
    return {name: getattr(override, name) for name in ("position", "number", "name", "hidden")}


def _touched(row: dict[str, Any]) -> bool:
    return any(row[name] not in (None, False) for name in ("position", "number", "name", "hidden"))


async def _playlist(reader: Reader, playlist_id: str) -> int:
    pk = await reader.scalar(select(col(Playlist.pk)).where(col(Playlist.id) == playlist_id))
    if pk is None:
        raise NotFound(NO_PLAYLIST)
    return int(pk)


async def _forget(writer: Writer, pk: int, item_ids: Sequence[str]) -> None:
    mine = (col(PlaylistEntry.playlist_pk) == pk, col(PlaylistEntry.item_id).in_(item_ids))
    await writer.execute(delete(PlaylistEntry).where(*mine))


async def _revise(writer: Writer, pk: int) -> None:
    values = {"revision": Playlist.revision + 1, "updated_at": now_ms()}
    await writer.execute(update(Playlist).where(col(Playlist.pk) == pk).values(**values))


async def _check_items(reader: Reader, item_ids: Sequence[str]) -> None:
    """Items that nobody changed before have to be in some catalogue; a typing error would be kept for ever."""
    missing = set(item_ids)
    for start in range(0, len(item_ids), BATCH):
        for table in ITEM_TABLES.values():
            asked = select(col(table.id)).where(col(table.id).in_(item_ids[start : start + BATCH]))
            missing -= {row.id for row in await reader.rows(asked)}
    if missing:
        raise NotFound(f"There is no such item: {min(missing)}.")


def _checked(change: EntryChange) -> dict[str, Any]:
    errors = []
    name, number, position = change.name, change.number, change.position
    if isinstance(name, str) and (not name.strip() or len(name) > LONGEST_NAME or any(char < " " for char in name)):
        errors.append(("name", f"This must be 1 to {LONGEST_NAME} characters."))
    if isinstance(number, int | float) and not (math.isfinite(number) and 0 <= number <= MOST_NUMBER):
        errors.append(("number", f"This must be from 0 to {MOST_NUMBER}."))
    if isinstance(position, int) and not 1 <= position <= MOST_POSITION:
        errors.append(("position", f"This must be from 1 to {MOST_POSITION}."))
    if errors:
        raise Invalid(errors)
    given = {"name": name, "number": number, "position": position, "hidden": change.hidden}
    return {field: value for field, value in given.items() if value is not UNSET}
