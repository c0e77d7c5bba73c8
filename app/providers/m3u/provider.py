"""A list of addresses as the sync engine sees it: one download, from which every step is answered."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any, Final, Self
from urllib.parse import urlencode

from app.core.clock import now_ms
from app.core.errors import Malformed, Rejected
from app.domain.kinds import ITEM_STEPS, Kind, StepName
from app.domain.records import CategoryRecord, EpisodeRecord, Record, SeasonRecord
from app.domain.values import text, zone
from app.providers.base import (
    AccountStatus,
    Categories,
    GuideLink,
    Missing,
    NoOwnGuide,
    Page,
    ProviderAccount,
    Scope,
    Search,
    StepReport,
    StreamLink,
    Verdict,
    chosen_guides,
)
from app.providers.m3u.archive import Moment, archive_url
from app.providers.m3u.catalogue import Catalogue
from app.providers.m3u.home import GET_PHP
from app.providers.m3u.records import Maker
from app.providers.m3u.shelf import Row
from app.providers.m3u.source import Source
from app.providers.transport import Transport

PAGE: Final = 500  # records: what one transaction likes, and little enough to lose
FRESH_SECONDS: Final = 300.0  # a list that links and seasons are looked up in; its tokens live longer
SCOPES: Final = {Kind.CHANNEL: "live", Kind.MOVIE: "vod", Kind.SERIES: "series"}
MOST_GUIDES: Final = 20
GUIDE_NAMES: Final = ("url-tvg", "x-tvg-url", "tvg-url")
_BETWEEN: Final = re.compile(r"[\s,;]+(?=https?://)|\s+")


class _Kept:
    """A list that was read, and who still reads in it; `told` are the readings that must not see it twice."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.at = time.monotonic()
        self.told: set[str] = set()
        self.users = 0
        self.retired = False

    def leave(self) -> None:
        self.users -= 1
        self.retire(self.retired)

    def retire(self, retired: bool = True) -> None:  # noqa: FBT001, FBT002
        self.retired = retired
        if retired and self.users <= 0:
            self.catalogue.close()


class M3uProvider(NoOwnGuide):
    """One list. A sync reads it once: steps share the download, and a second look at the same step is a new one."""

    def __init__(
        self,
        account: ProviderAccount,
        transport: Transport,
        *,
        retry_attempts: int = 3,
        retry_base_seconds: float = 1.0,
    ) -> None:
        self._options = account.options
        self._source = Source(account, transport, retry_attempts=retry_attempts, retry_base_seconds=retry_base_seconds)
        self._kept: _Kept | None = None
        self._turn = asyncio.Lock()

    def __repr__(self) -> str:
        return f"<M3uProvider {self.endpoint}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._kept is not None:
            self._kept.retire()
            self._kept = None

    @property
    def endpoint(self) -> str | None:
        return self._source.home.origin

    @property
    def account(self) -> AccountStatus | None:
        return self._source.status

    @property
    def parallel(self) -> int:
        return self._source.limit

    async def test(self) -> AccountStatus:
        """Reads the beginning of the list."""
        try:
            await self._source.head()
        except Rejected as error:
            return AccountStatus(ok=False, status="rejected", message=error.detail)
        return self._source.status or AccountStatus(ok=True, status="active")

    async def categories(self, kind: Kind) -> Categories:
        """The groups in which items of the kind stand, in the order of the list; a group is known by its name."""
        async with self._reading(f"categories:{kind}") as catalogue:
            groups = catalogue.groups[kind]
            records = [CategoryRecord(external_id=name, name=name, position=at) for at, name in enumerate(groups)]
            return Categories(records=records, known=len(catalogue) > 0)

    async def scopes(self, step: StepName, kinds: frozenset[Kind], *, newest: bool = False) -> Sequence[Scope]:
        """The entries of the step's kind; a list is in nobody's order but its own."""
        del newest
        return [
            Scope(step=step, name=SCOPES[kind], kinds=frozenset({kind}), paged=False)
            for kind, own in ITEM_STEPS.items()
            if own is step and kind in kinds
        ]

    async def page(self, scope: Scope, number: int) -> Page:
        """Never asked for: no scope of this dialect is paged."""
        raise Malformed(f"A list has no page {number} of {scope.name}.")

    async def stream(self, scope: Scope) -> AsyncGenerator[Page, None]:
        (kind,) = scope.kinds
        async with self._reading(scope.name) as catalogue:
            maker = Maker(catalogue)
            refused = [maker.rejected(one) for one in catalogue.refused] if kind is Kind.CHANNEL else []
            number, records = 1, _records(catalogue, maker, kind)
            waiting = list(islice(records, PAGE))
            while more := list(islice(records, PAGE)):
                yield Page(number=number, records=waiting, rejected=refused, size=PAGE)
                number, waiting, refused = number + 1, more, []
            # A list without a single entry is what accounts get that are over: it proves nothing.
            whole = len(catalogue) > 0
            yield Page(number=number, records=waiting, rejected=refused, size=PAGE, last=whole, doubtful=not whole)

    async def review(self, report: StepReport) -> Verdict:
        complete = all(scope.complete for scope in report.scopes)
        return Verdict(proven=complete, doubt=None if complete else "The list holds no entry.")

    async def search(self, missing: Missing) -> Search:
        """A list that came whole cannot move while it is read: what is not in it is gone."""
        del missing
        return Search(all_gone=True)

    async def seasons(self, locator: Mapping[str, Any]) -> Sequence[SeasonRecord]:
        async with self._looking() as catalogue:
            counts: dict[int, set[int]] = {}
            for name, _ in catalogue.episodes(text(locator.get("series"))):
                counts.setdefault(name.season, set()).add(name.number)
        return [
            SeasonRecord(external_id=str(season), number=season, episode_count=len(counts[season]))
            for season in sorted(counts)
        ]

    async def episodes(self, locator: Mapping[str, Any], season: SeasonRecord) -> Sequence[EpisodeRecord]:
        """By number; two versions of one episode stand in the order of the list."""
        async with self._looking() as catalogue:
            maker, shelf = Maker(catalogue), catalogue.shelves[Kind.SERIES]
            found: dict[str, EpisodeRecord] = {}
            for name, row in catalogue.episodes(text(locator.get("series"))):
                if name.season == season.number:
                    external_id, _ = shelf.told(row)
                    found.setdefault(external_id, maker.episode(name, row, external_id))
        return sorted(found.values(), key=lambda one: one.number or 0)

    async def resolve(self, kind: Kind, locator: Mapping[str, Any]) -> StreamLink:
        """From the template that is kept, or by looking into the list where tokens would be old by now."""
        if (template := locator.get("url")) is not None:
            url, headers = self._filled(text(template)), locator.get("headers") or {}
        else:
            async with self._entry(Kind.SERIES if locator.get("episode") else kind, locator) as (maker, row):
                url, headers = maker.link(row)
        return StreamLink(url=url, headers=self._headers(headers))

    async def replay(self, locator: Mapping[str, Any], *, start_ms: int, minutes: int) -> StreamLink | None:
        """As the list says that its archive is asked for; the clock of `{H}` is that of `options.timezone`."""
        catchup = dict(locator.get("catchup") or {})
        if not catchup:
            return None
        link = await self.resolve(Kind.CHANNEL, locator)
        if catchup.get("entry"):
            async with self._entry(Kind.CHANNEL, {"entry": catchup["entry"]}) as (maker, row):
                catchup["source"] = maker.source(row)
        elif source := catchup.get("source"):
            catchup["source"] = self._filled(text(source))
        start = start_ms // 1000
        clock = zone(str(self._options.get("timezone") or "UTC"))
        moment = Moment(start=start, stop=start + minutes * 60, now=now_ms() // 1000, zone=clock)
        url = archive_url(link.url, catchup, moment)
        return None if url is None else StreamLink(url=url, headers=link.headers)

    async def guides(self) -> Sequence[GuideLink]:
        """The chosen guide, else those of the header, else the one that the same panel makes of an Xtream account."""
        if chosen := chosen_guides(self._options):
            return chosen
        home = self._source.home
        header = self._kept.catalogue.header if self._kept is not None else await self._source.head()
        named = next((value for name in GUIDE_NAMES if (value := header.get(name, "").strip())), "")
        urls = dict.fromkeys(part.strip(" ,;").replace("&amp;", "&") for part in _BETWEEN.split(named))
        found = [GuideLink(url=home.absolute(url), origin="header") for url in urls if url][:MOST_GUIDES]
        account = {name: home.secrets.get(name, "") for name in ("username", "password")}
        path = home.url.partition("?")[0]
        if not found and all(account.values()) and path.endswith(GET_PHP):
            address = f"{path.removesuffix(GET_PHP)}/xmltv.php?{urlencode(account)}"
            return [GuideLink(url=address, origin="xtream")]
        return found

    def _filled(self, template: str) -> str:
        url = self._source.home.fill(template)
        if url is None:
            raise Malformed("The list's address is of another kind now: sync the list before this can be played.")
        return url

    @asynccontextmanager
    async def _entry(self, kind: Kind, locator: Mapping[str, Any]) -> AsyncIterator[tuple[Maker, Row]]:
        async with self._looking() as catalogue:
            row = catalogue.shelves[kind].find(text(locator.get("entry")))
            if row is None:
                raise Malformed("The list no longer holds this entry.")
            yield Maker(catalogue), row

    def _headers(self, own: Mapping[str, Any]) -> dict[str, str]:
        agent = self._options.get("userAgent")
        return ({"User-Agent": str(agent)} if agent else {}) | {name: text(value) for name, value in own.items()}

    @asynccontextmanager
    async def _reading(self, what: str) -> AsyncIterator[Catalogue]:
        """The list for a reading of a sync, which must not see the same download twice."""
        async with self._turn:
            if self._kept is None or what in self._kept.told:
                await self._renew()
            kept = self._held()
            kept.told.add(what)
        try:
            yield kept.catalogue
        finally:
            kept.leave()

    @asynccontextmanager
    async def _looking(self) -> AsyncIterator[Catalogue]:
        """The list for whoever looks something up; a copy of some minutes will do."""
        async with self._turn:
            if self._kept is None or time.monotonic() - self._kept.at > FRESH_SECONDS:
                await self._renew()
            kept = self._held()
        try:
            yield kept.catalogue
        finally:
            kept.leave()

    async def _renew(self) -> None:
        fresh = _Kept(await self._source.read())
        if self._kept is not None:
            self._kept.retire()
        self._kept = fresh

    def _held(self) -> _Kept:
        if self._kept is None:
            raise Malformed("The list was closed while it was read.")
        self._kept.users += 1
        return self._kept


def _records(catalogue: Catalogue, maker: Maker, kind: Kind) -> Iterator[Record]:
    if kind is Kind.SERIES:
        for series_id, draft in catalogue.series.items():
            yield maker.series(series_id, draft)
        return
    for row, external_id, groups in catalogue.shelves[kind].items():
        yield maker.record(kind, row, external_id, groups)
