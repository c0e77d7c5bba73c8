"""Previews: which channels tags, a category and a search leave: stored ones, or the provider's where none are."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog

from app.browse.candidates import EVERYTHING, Candidate, Found, Narrowing, of_live, of_rows
from app.browse.catalogues import Catalogue, Totals
from app.browse.copies import Document, answer, documents
from app.browse.groups import Key, settled
from app.browse.shelves import Shelf, Shelves, numbered_base
from app.browse.variants import chosen
from app.core.errors import ProviderError
from app.db import providers, search
from app.db.engine import Database, Reader
from app.domain.kinds import Kind
from app.domain.live import LiveChannel

AT_ONCE: Final = 4  # providers that are read live together
MOST_KEPT: Final = 4  # collapsed questions whose next page is ready; 20 MB for 100,000 channels, seldom as many
Live = Callable[[int], Awaitable[Sequence[LiveChannel]]]
Readings = Mapping[int, Sequence[LiveChannel]]
Bunch = Sequence[Candidate]  # copies of one channel, the best first

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewWish:
    """What to look for: all of `tags`, a category by id or name, words; `provider_ids` None = every provider."""

    tags: tuple[str, ...] = ()
    category: str | None = None
    search: str = ""
    limit: int = 50
    offset: int = 0
    collapse: bool = False
    provider_ids: tuple[str, ...] | None = None


class Preview:
    """`live` reads the channels of a provider, by its key, that was never synced."""

    def __init__(self, database: Database, shelves: Shelves, live: Live) -> None:
        self._database = database
        self._shelves = shelves
        self._live = live
        self._totals = Totals()
        self._kept: dict[Any, tuple[Mapping[int, Shelf], Sequence[Bunch]]] = {}

    async def page(self, wish: PreviewWish) -> bytes:
        """One page: `{"total","showing","has_more","channels","using_database","filter_tags"}`."""
        async with self._database.reader() as reader:
            asked = await chosen(reader, wish.provider_ids)
            synced, unsynced = await _divided(reader, asked, named=wish.provider_ids is not None)
        readings = await self._read(unsynced, lenient=wish.provider_ids is None and bool(synced or len(unsynced) > 1))
        async with self._database.reader() as reader:
            if wish.collapse:
                bunches = await self._collapsed(reader, synced, readings, wish)
                total = len(bunches)
            else:
                found = await self._found(reader, synced, readings, wish)
                bunches = [(one,) for one in sorted(one for part in found for one in part.candidates)]
                total = sum(part.total for part in found)
            shown = bunches[wish.offset : wish.offset + wish.limit]
            bodies = await _told(reader, readings, shown, collapsed=wish.collapse)
        head = {"total": total, "showing": len(bodies), "has_more": wish.offset + wish.limit < total}
        tail: dict[str, Any] = {"using_database": not unsynced, "filter_tags": wish.tags}
        return answer(head, "channels", bodies, tail)

    async def _read(self, unsynced: Sequence[Catalogue], *, lenient: bool) -> Readings:
        """The channels of these providers; one that fails is left out only where others were not asked by name."""
        turn = asyncio.Semaphore(AT_ONCE)

        async def read(provider_pk: int) -> Sequence[LiveChannel]:
            async with turn:
                return await self._live(provider_pk)

        answers = await asyncio.gather(*(read(one.provider_pk) for one in unsynced), return_exceptions=True)
        readings: dict[int, Sequence[LiveChannel]] = {}
        for one, found in zip(unsynced, answers, strict=True):
            if isinstance(found, BaseException):
                if not lenient or not isinstance(found, ProviderError):
                    raise found
                log.warning("preview_without_provider", provider_id=one.provider_id, reason=found.detail)
            else:
                readings[one.provider_pk] = found
        return readings

    async def _found(
        self, reader: Reader, synced: Sequence[Catalogue], readings: Readings, wish: PreviewWish
    ) -> list[Found]:
        wanted = Narrowing(tags=wish.tags, category=wish.category, words=search.words_of(wish.search))
        upto = EVERYTHING if wish.collapse else wish.offset + wish.limit
        found = [await of_rows(reader, self._totals, one, wanted, upto=upto) for one in synced]
        return found + [of_live(provider_pk, channels, wanted) for provider_pk, channels in readings.items()]

    async def _collapsed(
        self, reader: Reader, synced: Sequence[Catalogue], readings: Readings, wish: PreviewWish
    ) -> Sequence[Bunch]:
        """All bunches; kept for the next page while the catalogues stay as they are, unless some were read live."""
        shelves = {one.provider_pk: await self._shelves.of(reader, one, Kind.CHANNEL) for one in synced}
        question = (wish.tags, wish.category, wish.search, tuple(shelves))
        kept = self._kept.pop(question, None)
        if kept is None or readings or any(kept[0][pk] is not shelf for pk, shelf in shelves.items()):
            found = await self._found(reader, synced, readings, wish)
            kept = shelves, await asyncio.to_thread(self._bunched, shelves, readings, found)
        if not readings:
            self._kept[question] = kept  # the newest stands last
            while len(self._kept) > MOST_KEPT:
                del self._kept[next(iter(self._kept))]
        return kept[1]

    def _bunched(self, shelves: Mapping[int, Shelf], readings: Readings, parts: Sequence[Found]) -> list[Bunch]:
        candidates = sorted(one for part in parts for one in part.candidates)
        keyed = [self._keyed(shelves, readings, one) for one in candidates]
        places = settled((key.base, key.place) for _, key in keyed)
        found: dict[Any, list[tuple[int, Candidate]]] = {}
        for one, (rank, key) in zip(candidates, keyed, strict=True):
            base, place, mark = key
            # What has no base is a copy of nothing.
            name = (base, place or places.get(base, 0), mark) if base else one
            found.setdefault(name, []).append((rank, one))
        return [tuple(one for _, one in sorted(copies)) for copies in found.values()]

    def _keyed(self, shelves: Mapping[int, Shelf], readings: Readings, one: Candidate) -> tuple[int, Key]:
        shelf = shelves.get(one.provider_pk)
        if shelf is None:
            variant = readings[one.provider_pk][one.ordinal].variant
            return variant.rank, Key(numbered_base(variant), self._shelves.numbered(variant.place), variant.mark)
        at = one.ordinal
        if at >= len(shelf):  # newer than the shelf
            return 0, Key(0, 0, 0)
        return shelf.ranks[at], Key(shelf.bases[at], shelf.places[at], shelf.marks[at])


async def _divided(
    reader: Reader, asked: Sequence[Catalogue], *, named: bool
) -> tuple[list[Catalogue], list[Catalogue]]:
    """Whose channels are stored, and whose were never synced; a disabled provider is read live only by name."""
    stored = await providers.stored_kinds(reader, [one.provider_pk for one in asked])
    synced = [one for one in asked if Kind.CHANNEL in stored.get(one.provider_pk, ())]
    unsynced = [one for one in asked if one not in synced]
    if unsynced and not named:
        enabled = await providers.enabled(reader)
        unsynced = [one for one in unsynced if one.provider_pk in enabled]
    return synced, unsynced


async def _told(reader: Reader, readings: Readings, shown: Sequence[Bunch], *, collapsed: bool) -> list[bytes]:
    places = [one[1:] for bunch in shown for one in bunch if one.provider_pk not in readings]
    known = await documents(reader, Kind.CHANNEL, places)
    for bunch in shown:
        for one in bunch:
            if one.provider_pk in readings:
                channel = readings[one.provider_pk][one.ordinal]
                known[one[1:]] = Document(channel.id, channel.visibility, channel.body)
    bodies = []
    for bunch in shown:
        copies = [known[one[1:]] for one in bunch if one[1:] in known]
        if copies:
            more = {"variants": len(copies), "variantIds": [one.id for one in copies]} if collapsed else {}
            bodies.append(copies[0].with_more(**more))
    return bodies
