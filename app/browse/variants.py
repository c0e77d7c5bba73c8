"""Copies of the same item across catalogues. A view: nothing is hidden by it, and nothing is stored for it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from app.browse.catalogues import Catalogue, catalogues
from app.browse.copies import Document, Where, answer, documents
from app.browse.groups import Copy, Groups, Key, Link
from app.browse.shelves import Shelf, Shelves
from app.core import jsonio
from app.core.errors import NotFound
from app.db import search
from app.db.engine import Database, Reader
from app.db.marks import Marks, fetch
from app.domain.kinds import Kind
from app.domain.variants import quality_of

MOST_KEPT: Final = 8  # groupings of different kinds and choices of providers
Shelved = Sequence[tuple[int, Shelf]]


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantWish:
    """Which groups: those with a member that holds every word; of these providers, None = of all."""

    search: str = ""
    provider_ids: tuple[str, ...] | None = None
    page: int = 1
    limit: int = 100


class _Group(NamedTuple):
    key: Key | None
    copies: Sequence[Copy]
    links: Sequence[Link]


class Variants:
    """Answers are JSON bytes, made by joining stored documents."""

    def __init__(self, database: Database, shelves: Shelves) -> None:
        self._database = database
        self._shelves = shelves
        self._kept: dict[tuple[Kind, tuple[int, ...]], tuple[Shelved, Groups]] = {}
        self._turn = asyncio.Lock()

    async def page(self, kind: Kind, wish: VariantWish) -> bytes:
        """A page of groups with more than one member, in order of first appearance, the best member first."""
        async with self._database.reader() as reader:
            asked = await chosen(reader, wish.provider_ids)
            groups = await self.groups(reader, kind, asked)
            keys = groups.listed
            if words := search.words_of(wish.search):
                named = await _named(reader, kind, asked, groups, words)
                keys = [key for key in keys if key in named]
            start = (wish.page - 1) * wish.limit
            shown = keys[start : start + wish.limit]
            found = [_Group(key, groups.members(key), list(groups.links(key))) for key in shown]
            bodies = await self._told(reader, kind, groups, found)
        head = {"total": len(keys), "page": wish.page, "limit": wish.limit, "hasMore": start + wish.limit < len(keys)}
        return answer(head, "groups", bodies)

    async def of(self, kind: Kind, item_id: str) -> bytes:
        """The group of one item, which may be its only member."""
        async with self._database.reader() as reader:
            where = await _place(reader, kind, item_id)
            groups = await self.groups(reader, kind, await chosen(reader, None))
            key = groups.of(*where)
            copies = groups.members(key) if key else ()
            if all(copy[1:] != where for copy in copies):
                copies = [Copy(groups.rank(*where), *where)]  # alone, or filtered out of its group
            group = _Group(key, copies, list(groups.links(key)) if key else [])
            (body,) = await self._told(reader, kind, groups, [group])
        return body

    async def groups(self, reader: Reader, kind: Kind, asked: Sequence[Catalogue]) -> Groups:
        """All groups of these catalogues."""
        shelves = [(one.provider_pk, await self._shelves.of(reader, one, kind)) for one in asked]
        name = (kind, tuple(provider_pk for provider_pk, _ in shelves))
        async with self._turn:
            kept = self._kept.pop(name, None)
            if kept is None or any(old is not new for (_, old), (_, new) in zip(kept[0], shelves, strict=True)):
                kept = shelves, await asyncio.to_thread(Groups, shelves)
            self._kept[name] = kept  # the newest stands last
            while len(self._kept) > MOST_KEPT:
                del self._kept[next(iter(self._kept))]
        return kept[1]

    async def _told(self, reader: Reader, kind: Kind, groups: Groups, found: Sequence[_Group]) -> list[bytes]:
        places = [copy[1:] for group in found for copy in group.copies]
        places += [groups.members(link.key)[0][1:] for group in found for link in group.links]
        stored = await documents(reader, kind, places)
        return [self._body(kind, groups, group, stored) for group in found]

    def _body(self, kind: Kind, groups: Groups, group: _Group, stored: Mapping[Where, Document]) -> bytes:
        there = [(copy, stored[copy[1:]]) for copy in group.copies if copy[1:] in stored]
        bodies = [document.with_more(quality=quality_of(copy.rank)) for copy, document in there]
        best, key = jsonio.loads(bodies[0]) if bodies else {}, group.key
        head: dict[str, Any] = {"id": best.get("id"), "name": best.get("cleanedName"), "count": len(bodies)}
        if kind is Kind.CHANNEL:
            country = self._shelves.place_of(key.place) if key else ""
            head |= {"country": country.upper() or None, "shiftMinutes": max(0, key.mark) if key else 0}
            head["links"] = [told for link in group.links if (told := _linked(groups, link, stored))]
        else:
            head["year"] = best.get("year")
        return answer(head, kind.plural, bodies)


async def chosen(reader: Reader, provider_ids: Sequence[str] | None) -> list[Catalogue]:
    """These catalogues, or all; `NotFound` for an unknown provider."""
    known = await catalogues(reader)
    if provider_ids is None:
        return known
    by_id = {one.provider_id: one for one in known}
    if unknown := [one for one in provider_ids if one not in by_id]:
        raise NotFound(f"There is no provider {unknown[0]}.")
    return [one for one in known if one.provider_id in provider_ids]


async def _named(
    reader: Reader, kind: Kind, asked: Sequence[Catalogue], groups: Groups, words: Sequence[str]
) -> set[Key]:
    """The groups that have a member with these words."""
    found: set[Key] = set()
    for one in asked:
        marks = Marks(sqlite=reader.sqlite)
        condition = search.condition(marks, provider_pk=one.provider_pk, kind=kind, words=words)
        statement = (
            f"SELECT m.ordinal FROM {kind.value} m "  # noqa: S608 - our names, marks
            f"WHERE m.provider_pk = {one.provider_pk:d} AND m.is_active AND m.ordinal {condition}"
        )
        rows = await fetch(reader, statement, marks)
        found.update(key for row in rows if (key := groups.of(one.provider_pk, row[0])) is not None)
    return found


async def _place(reader: Reader, kind: Kind, item_id: str) -> Where:
    marks = Marks(sqlite=reader.sqlite)
    statement = f"SELECT provider_pk, ordinal FROM {kind.value} WHERE id = {marks(item_id)} AND is_active"  # noqa: S608
    rows = await fetch(reader, statement, marks)
    if not rows:
        raise NotFound(f"There is no such {kind.value}.")
    return rows[0][0], rows[0][1]


def _linked(groups: Groups, link: Link, stored: Mapping[Where, Document]) -> dict[str, Any] | None:
    copies = groups.members(link.key)
    document = stored.get(copies[0][1:])
    if document is None:
        return None
    name = jsonio.loads(document.body)["cleanedName"]
    told = {"id": document.id, "name": name, "shiftMinutes": link.minutes}
    return {**told, "confidence": link.confidence, "count": len(copies)}
