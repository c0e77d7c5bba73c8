"""Pages of a portal's lists. A page is whole, or it is doubtful, or it raises; it is never short by accident."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from app.core.errors import Malformed
from app.domain.records import Record, RejectedRecord
from app.providers.base import Page, Scope, ScopeReport, StoredItem
from app.providers.stalker.classify import Answer, Blank
from app.providers.stalker.order import Span
from app.providers.stalker.parse import Reader
from app.providers.stalker.rows import ChannelRow, Listing, TitleRow, read_listing
from app.providers.stalker.session import Session
from app.providers.stalker.watch import Ids, Watch

# Newest first: what is added during a walk pushes known rows onto later pages, where they are only seen twice, and an
# incremental walk can stop early. Channels by name: their numbers are not unique, and ties come in any order.
ORDERS: Final = {"vod": "added", "series": "added", "itv": "name"}
ROWS: Final[Mapping[str, type]] = {"vod": TitleRow, "series": TitleRow, "itv": ChannelRow}
ALL: Final = "*"
AGAIN: Final = "again"
HEAD: Final = "head"
NEW: Final = "new"
LOOK: Final = "look"
CATEGORY_WORDS: Final = {"vod": "category", "series": "category", "itv": "genre"}
SURE_REPEATS: Final = 3  # pages that were the first one again, until no further one is asked for
SAMPLES: Final = 8  # pages of VOD looked at for series
ENDLESS: Final = 200_000  # pages; no list is that long


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A page that was read once more: in which round, what was on it, and whether nothing is claimed behind it."""

    round: int
    number: int
    ids: Ids
    span: Span | None
    last: bool


class Hollow(Blank):
    """A well-formed answer without rows where rows were due."""


def family_of(scope: Scope) -> str:
    """`vod`, `series` or `itv`: the type that the list is asked for with."""
    return scope.name.partition(":")[0]


def list_params(family: str, category: str, number: int) -> dict[str, str]:
    """The query of one page; `p` counts from 1, because 0 jumps to wherever a box was last."""
    genre = category if family == "itv" else ALL
    return {
        "type": family,
        "action": "get_ordered_list",
        "genre": genre,
        "category": category,
        "fav": "0",
        "sortby": ORDERS[family],
        "p": str(number),
    }


class Walker:
    """Walks lists for one session and remembers what it noticed of each."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._watches: dict[str, Watch] = {}
        self.hidden: dict[str, dict[str, set[str]]] = {}  # per family: censored category → ids that `*` delivered
        self.stars: dict[str, ScopeReport] = {}  # per family: the walk of the whole list that was proven
        self.looks: dict[str, list[Look]] = {}
        self._sampled: bool | None = None
        self.holds_series = False  # whether any VOD row so far was a series

    def watch(self, scope: Scope) -> Watch:
        """What is known of one scope's walk."""
        return self._watches.setdefault(scope.name, Watch())

    def walked(self, scope: Scope) -> bool:
        """Whether a list was walked."""
        return scope.name in self._watches

    def rejected(self, scope: Scope) -> int:
        """How many records of a list were refused: they count among what the portal claims."""
        return sum(self.watch(scope).rejected.values())

    async def page(self, scope: Scope, number: int, reader: Reader) -> Page:
        """One page, parsed."""
        watch = self.watch(scope)
        if number > ENDLESS or watch.repeated >= SURE_REPEATS:
            return Page(number=number, records=(), total=watch.total, size=watch.size, last=True, doubtful=True)
        try:
            listing = await self._listing(scope, number, watch)
        except Blank as error:
            return await self._unanswered(scope, number, watch, error)
        page = self._made(scope, number, watch, listing, reader)
        return replace(page, last=True) if scope.name.endswith(f":{HEAD}") else page

    async def peek(self, family: str, category: str, reader: Reader) -> tuple[int | None, Ids]:
        """The claim and the ids of a list's first page, outside any walk."""
        kind = ROWS[family]
        listing = await self._session.ask(list_params(family, category, 1), lambda answer: read_listing(answer, kind))
        records, _ = read_records(family, listing, reader)
        return Watch().claim(listing), _ids(records)

    async def mixes(self, reader: Reader) -> bool:
        """Whether VOD holds series beside native ones: known from a walk, else from pages spread over the list."""
        if self.holds_series or self._sampled is not None:
            return self.holds_series or bool(self._sampled)
        first = await self._session.ask(list_params("vod", ALL, 1), _titles)
        watch = Watch()
        watch.learn(1, first, ())
        last = watch.last_claimed or 1
        others = sorted({1 + last * step // SAMPLES for step in range(1, SAMPLES)} - {1})
        asked = [self._session.ask(list_params("vod", ALL, number), _titles) for number in others if number <= last]
        pages = [first, *await asyncio.gather(*asked)]
        self._sampled = any(record.space for page in pages for record in reader.titles(page)[0])
        return self._sampled

    async def _listing(self, scope: Scope, number: int, watch: Watch) -> Listing:
        family = family_of(scope)

        def accept(answer: Answer) -> Listing:
            listing = read_listing(answer, ROWS[family])
            if listing.rows or watch.is_behind(number, listing) or watch.is_hopeless(number):
                return listing
            raise Hollow("The portal answered with an empty page in the middle of a list.")

        return await self._session.ask(list_params(family, scope.category or ALL, number), accept)

    def _made(self, scope: Scope, number: int, watch: Watch, listing: Listing, reader: Reader) -> Page:
        family = family_of(scope)
        records, rejected = read_records(family, listing, reader)
        ids = _ids(records)
        repeats, ends = watch.repeats(number, ids), not listing.rows and watch.is_behind(number, listing)
        if watch.repeats_tail(number, ids):
            ends, records = True, []
        watch.learn(number, listing, ids)
        if family != "itv":
            span = watch.order.learn(number, records)
            if scope.pages:
                self._look(scope, number, ids, span, last=watch.is_behind(number + 1, listing))
        watch.rejected[number] = len(rejected)
        self._notice(scope, family, records)
        watch.repeated += repeats and not ends
        # A page that stays empty although more is claimed proves nothing; neither does the first page once more.
        doubtful = not ends and (repeats or not listing.rows)
        return Page(
            number=number,
            records=records,
            rejected=rejected,
            total=watch.claim(listing),
            size=watch.size,
            last=ends or (doubtful and watch.total is None and watch.is_hopeless(number + 1)),
            doubtful=doubtful,
        )

    async def _unanswered(self, scope: Scope, number: int, watch: Watch, error: Blank) -> Page:
        """A page that stayed empty after all retries: the page's own fault, or the portal's."""
        if not await self._session.is_alive():
            raise error
        if number == 1:
            return await self._without_first(scope, watch, error)
        watch.empty.add(number)
        proven = isinstance(error, Hollow) and watch.total is None and await self._nothing_follows(scope, number)
        given_up = watch.total is None and watch.is_hopeless(number + 1)
        return Page(
            number=number,
            records=(),
            total=watch.total,
            size=watch.size,
            last=proven or given_up,
            doubtful=not proven,
        )

    async def _without_first(self, scope: Scope, watch: Watch, error: Blank) -> Page:
        """Page 1 is empty: page 2 tells an empty list from a bad row."""
        listing = await self._second(scope)
        if listing is None:
            raise Malformed("The portal has no such list, or cannot spell it.") from error
        claim = watch.claim(listing)
        watch.learn(1, Listing([], claim, listing.size, listing.source), ())
        empty = isinstance(error, Hollow) and not listing.rows and not claim
        doubtful = not empty or claim is None
        return Page(number=1, records=(), total=claim, size=watch.size, last=empty, doubtful=doubtful)

    async def _second(self, scope: Scope) -> Listing | None:
        family = family_of(scope)
        try:
            return await self._session.ask(
                list_params(family, scope.category or ALL, 2), lambda answer: read_listing(answer, ROWS[family])
            )
        except Blank:
            return None

    async def _nothing_follows(self, scope: Scope, number: int) -> bool:
        """Without a claim the end is where the next two pages are empty as well."""
        family = family_of(scope)
        for following in (number + 1, number + 2):
            params = list_params(family, scope.category or ALL, following)
            try:
                listing = await self._session.ask(params, lambda answer: read_listing(answer, ROWS[family]))
            except Blank:
                return False
            if listing.rows:
                return False
        return True

    def _look(self, scope: Scope, number: int, ids: Ids, span: Span | None, *, last: bool) -> None:
        turn = int(scope.name.rpartition(":")[2])
        look = Look(round=turn, number=number, ids=ids, span=span, last=last)
        self.looks.setdefault(family_of(scope), []).append(look)

    def _notice(self, scope: Scope, family: str, records: list[Record]) -> None:
        if family == "vod" and not self.holds_series:
            self.holds_series = any(record.space for record in records)
        self.notice_hidden(scope, records)

    def notice_hidden(self, scope: Scope, records: list[Record]) -> None:
        """Remembers which items of censored categories the common list delivered."""
        hidden = self.hidden.get(family_of(scope))
        if not hidden or scope.category:
            return
        for record in records:
            for category in record.category_ids:
                if category in hidden:
                    hidden[category].add(f"{record.space}/{record.external_id}")

    def recall(self, family: str, item: StoredItem) -> None:
        """The same of an item on a page that an earlier attempt read."""
        hidden = self.hidden.get(family, {})
        for _, category in item.categories:
            if category in hidden:
                hidden[category].add("/".join(item.key))


def _titles(answer: Answer) -> Listing:
    return read_listing(answer, TitleRow)


def read_records(family: str, listing: Listing, reader: Reader) -> tuple[list[Record], list[RejectedRecord]]:
    """The records of a page of one family."""
    read: Any = {"vod": reader.titles, "series": reader.natives, "itv": reader.channels}[family]
    records, rejected = read(listing)
    return records, rejected


def _ids(records: list[Record]) -> Ids:
    return tuple((record.space, record.external_id) for record in records)
