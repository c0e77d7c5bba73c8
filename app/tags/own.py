"""Tags that people set on single items. They outlive syncs, cleans and rules; `user_tag` is the record of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Row, delete, func, select, text
from sqlmodel import col

from app.core.errors import Conflict, Invalid, NotFound
from app.db import tags
from app.db.engine import Database, Reader
from app.db.tables import ITEM_TABLES, UserTag
from app.domain.kinds import Kind
from app.domain.stretches import dressed
from app.domain.tagging import tag_name
from app.jobs import lease
from app.tags.processing import Processing

MOST: Final = 50  # of one item


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTags:
    """An item's tags, and those of them that people set; `pending` until the sync that runs now has ended."""

    id: str
    tags: Sequence[str]
    user_tags: Sequence[str]
    pending: bool


class OwnTagging:
    """Sets and takes back. Who cannot write the catalogue now leaves it to the end of the sync that can."""

    def __init__(self, database: Database, processing: Processing) -> None:
        self._database = database
        self._processing = processing

    async def set(self, kind: Kind, item_id: str, tag: str) -> OwnTags:
        """Adds a tag; harmless when it is there."""
        name = tag_name(tag)
        if not name:
            raise Invalid([("tag", "A tag has at least one letter, digit or sign that is no bracket or separator.")])
        async with self._database.writer() as writer:
            await _find(writer, kind, item_id)
            mine = await writer.scalar(select(func.count()).where(col(UserTag.item_id) == item_id))
            if int(mine or 0) >= MOST:
                raise Conflict(f"An item has at most {MOST} tags of its own.", code="too_many_tags")
            added = "INSERT INTO user_tag (item_id, tag) VALUES (:id, :tag) ON CONFLICT DO NOTHING"
            await writer.execute(text(added), {"id": item_id, "tag": name})
        return await self._apply(kind, item_id)

    async def take_back(self, kind: Kind, item_id: str, tag: str) -> OwnTags:
        """Removes a tag that a person set; one that rules give stays."""
        async with self._database.writer() as writer:
            await _find(writer, kind, item_id)
            mine = (col(UserTag.item_id) == item_id, func.lower(col(UserTag.tag)) == tag_name(tag).lower())
            if not await writer.execute(delete(UserTag).where(*mine)):
                raise NotFound("Nobody set this tag.")
        return await self._apply(kind, item_id)

    async def _apply(self, kind: Kind, item_id: str) -> OwnTags:
        async with self._database.reader() as reader:
            row = await _find(reader, kind, item_id)
        pending = False
        try:
            async with lease.held(self._database, provider_pk=row.provider_pk, job_id="tags") as fence:
                await self._processing.places(row.provider_pk, fence, kind, [row.ordinal])
        except Conflict:
            pending = True
        async with self._database.reader() as reader:
            own = await tags.set_by_people(reader, [item_id])
            found = await tags.stretch(reader, kind, row.provider_pk, places=[row.ordinal])
        stored = dressed(found[0].body).tags if found else ()
        return OwnTags(id=item_id, tags=stored, user_tags=own.get(item_id, ()), pending=pending)


async def _find(reader: Reader, kind: Kind, item_id: str) -> Row[tuple[int, int]]:
    table = ITEM_TABLES[kind]
    row = await reader.row(select(col(table.provider_pk), col(table.ordinal)).where(col(table.id) == item_id))
    if row is None:
        raise NotFound(f"There is no such {kind.value}.")
    return row
