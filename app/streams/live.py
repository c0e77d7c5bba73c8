"""Channels of providers that were never synced, read live: once for all who ask, and kept for a minute.

Whoever types into a search box asks with every letter; the portal hears of the first.
"""

import asyncio
import time
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Final

from app.core.errors import ProviderError
from app.core.pace import Pace
from app.db import policies, tags
from app.db.engine import Database
from app.domain.documents import ChannelDocument, encode
from app.domain.kinds import Kind
from app.domain.live import LiveChannel
from app.domain.marking import Marker, Marking
from app.domain.titles import search_words
from app.domain.variants import channel_variant
from app.providers.base import ProviderAccount
from app.streams.flight import Flights
from app.streams.reading import Reading, read_channels
from app.streams.sessions import Accounts, Sessions

KEPT_SECONDS: Final = 60.0
TROUBLE_SECONDS: Final = 10.0  # a portal that failed is left alone for as long
MOST_KEPT: Final = 60_000  # channels of all kept readings together


@dataclass(slots=True)
class _Kept:
    account: ProviderAccount
    reading: Reading = field(default_factory=Reading)
    error: ProviderError | None = None
    until: float = 0.0
    digest: int | None = None  # of the rules and filters that `marked` was made with
    marked: list[LiveChannel] = field(default_factory=list)


class Live:
    """Reads through the sessions that all live questions share."""

    def __init__(self, database: Database, sessions: Sessions, accounts: Accounts) -> None:
        self._database = database
        self._sessions = sessions
        self._accounts = accounts
        self._flights = Flights()
        self._kept: dict[int, _Kept] = {}

    async def channels(self, provider_pk: int) -> Sequence[LiveChannel]:
        """A provider's channels in its order, tagged by the rules of now; raises what its adapter raises."""
        self._drop_old()
        account = replace(await self._accounts(provider_pk), endpoint=None)  # found on the way, and no other account
        kept = self._kept.get(provider_pk)
        while kept is None or kept.account != account:
            await self._flights.join(provider_pk, lambda: self._read(provider_pk, account))
            kept = self._kept.get(provider_pk)
        if kept.error is not None:
            raise copy(kept.error)  # one that is raised twice would keep the frames of everybody who met it
        await self._flights.join(("mark", provider_pk), lambda: self._mark(provider_pk, kept))
        return kept.marked

    async def close(self) -> None:
        await self._flights.close()

    async def _read(self, provider_pk: int, account: ProviderAccount) -> None:
        kept = _Kept(account)
        try:
            async with self._sessions.provider(provider_pk) as provider:
                kept.reading = await read_channels(provider, account.id)
        except ProviderError as error:
            kept.error = error
        kept.until = time.monotonic() + (KEPT_SECONDS if kept.error is None else TROUBLE_SECONDS)
        self._kept[provider_pk] = kept
        self._make_room(provider_pk)

    async def _mark(self, provider_pk: int, kept: _Kept) -> None:
        async with self._database.reader() as reader:
            policy = await policies.load_policy(reader, provider_pk)
            own = await tags.set_by_people(reader, [one.id for one in kept.reading.documents])
        digest = hash((policy.of(Kind.CHANNEL).digest(), tuple(own.items())))
        if digest == kept.digest:
            return
        found, pace, marker = list[LiveChannel](), Pace(), Marker(Kind.CHANNEL, policy, kept.reading.categories)
        for document in kept.reading.documents:
            if pace.due():
                await asyncio.sleep(0)
            mine = own.get(document.id, ())
            marking = marker.mark(document.name, document.category_ids, censored=document.censored, own=mine)
            found.append(_marked(document, marking, _called(kept.reading, document)))
        kept.digest, kept.marked = digest, found

    def _drop_old(self) -> None:
        now = time.monotonic()
        for provider_pk in [one for one, kept in self._kept.items() if kept.until < now]:
            del self._kept[provider_pk]

    def _make_room(self, newest: int) -> None:
        for provider_pk in sorted(self._kept, key=lambda one: self._kept[one].until):
            if sum(len(kept.reading.documents) for kept in self._kept.values()) <= MOST_KEPT:
                return
            if provider_pk != newest:
                del self._kept[provider_pk]


def _called(reading: Reading, document: ChannelDocument) -> frozenset[str]:
    names = [reading.categories[one].name for one in document.category_ids]
    own = [reading.external_ids[one] for one in document.category_ids]
    return frozenset((*document.category_ids, *own, *(name.strip().casefold() for name in names)))


def _marked(document: ChannelDocument, marking: Marking, called: frozenset[str]) -> LiveChannel:
    document.tags, document.cleaned_name = marking.tags, marking.cleaned_name
    tidy = marking.cleaned_name if marking.cleaned_name != document.name else None
    return LiveChannel(
        id=document.id,
        body=encode(document),
        name=document.name,
        words=tuple(search_words(document.name, tidy).split()),
        tags=marking.tags,
        epg_id=document.epg_id,
        number=document.number,
        categories=called,
        visibility=marking.visibility,
        variant=channel_variant(document.name, marking.tags, epg_id=document.epg_id),
    )
