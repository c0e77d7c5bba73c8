"""All channels of a portal in one answer, as pages of a fixed length."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from app.core.errors import Rejected, Unavailable
from app.domain.records import Record, RejectedRecord
from app.providers.base import Page, Scope
from app.providers.retry import pause
from app.providers.stalker.bulk import Splitter
from app.providers.stalker.classify import Blank, SessionLost, final
from app.providers.stalker.parse import Reader
from app.providers.stalker.rows import Listing
from app.providers.stalker.session import TAKEN_OVER, Session
from app.providers.stalker.walk import Walker
from app.providers.transport import Reply

ALL_CHANNELS: Final = {"type": "itv", "action": "get_all_channels"}
# Pages have to be the same after a restart, whatever pieces the network delivers.
PAGE_ITEMS: Final = 500


class ChannelStream:
    """`get_all_channels`, asked again from the start when it breaks; what was handed on already is left out then."""

    def __init__(
        self, session: Session, walker: Walker, scope: Scope, reader: Reader, *, attempts: int, base_seconds: float
    ) -> None:
        self._session = session
        self._walker = walker
        self._scope = scope
        self._reader = reader
        self._attempts = attempts
        self._base_seconds = base_seconds
        self._number = 0
        self._records: list[Record] = []
        self._rejected: list[RejectedRecord] = []
        self._seen: set[str] = set()
        self._refused = 0
        self._refused_now = 0

    async def pages(self) -> AsyncGenerator[Page, None]:
        """Pages in order; a portal without this action gives one empty page without a claim: `review` walks on."""
        await self._session.ready()
        renewed = False
        for attempt in range(self._attempts + 2):
            generation = self._session.generation
            try:
                async with aclosing(self._once()) as pages:
                    async for page in pages:
                        yield page
            except SessionLost:
                if renewed:
                    raise Rejected(TAKEN_OVER) from None
                renewed = True
                await self._session.renew(generation)
            except Blank:
                if await self._session.is_alive():
                    yield self._cut(last=True)
                    return
                await self._session.renew(generation)
            except Unavailable as error:
                if attempt >= self._attempts:
                    raise final(error) from None
                await asyncio.sleep(pause(error.retry_after, attempt, base_seconds=self._base_seconds, cap_seconds=30))
            else:
                return
        raise Unavailable("The portal answers the list of all channels with nothing.")

    async def _once(self) -> AsyncGenerator[Page, None]:
        splitter = Splitter()
        self._refused_now = 0
        async with self._session.stream(ALL_CHANNELS) as reply:
            async for data in reply.chunks():
                listing = splitter.feed(data)
                if listing is None:
                    continue
                self._take(listing)
                while len(self._records) > PAGE_ITEMS:
                    yield self._cut()
            rest = splitter.end(Reply(status=reply.status, headers=reply.headers, body=b"", url=reply.url))
        self._take(rest)
        while len(self._records) > PAGE_ITEMS:
            yield self._cut()
        # No channel at all is more often a flooded portal than the truth: without a claim, `review` looks closer.
        yield self._cut(total=rest.total or None if self._seen else None, last=True)

    def _take(self, listing: Listing) -> None:
        records, rejected = self._reader.channels(listing)
        fresh = [record for record in records if record.external_id not in self._seen]
        self._seen.update(record.external_id for record in fresh)
        # The same ones come again, in the same order, when the answer is asked for anew.
        for refused in rejected:
            self._refused_now += 1
            if self._refused_now > self._refused:
                self._rejected.append(refused)
        self._refused = max(self._refused, self._refused_now)
        self._walker.watch(self._scope).rejected[1] = self._refused
        self._walker.notice_hidden(self._scope, fresh)
        self._records += fresh

    def _cut(self, *, total: int | None = None, last: bool = False) -> Page:
        self._number += 1
        records, self._records = self._records[:PAGE_ITEMS], self._records[PAGE_ITEMS:]
        rejected, self._rejected = self._rejected, []
        return Page(number=self._number, records=records, rejected=rejected, total=total, last=last)
