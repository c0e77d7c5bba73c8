"""A Stalker or Ministra portal as the sync engine sees it: stock servers, reseller panels and token-free ones."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Final, Self

from app.core.errors import Malformed, Rejected
from app.domain.kinds import Kind, StepName
from app.domain.programmes import ProgrammeRecord
from app.domain.records import CategoryRecord, EpisodeRecord, SeasonRecord
from app.providers.base import (
    AccountStatus,
    Categories,
    GuideLink,
    Missing,
    Page,
    ProviderAccount,
    Scope,
    Search,
    StepReport,
    StoredItem,
    StreamLink,
    Verdict,
    chosen_guides,
)
from app.providers.stalker.box import open_box
from app.providers.stalker.channels import ChannelStream
from app.providers.stalker.classify import Answer, Blank
from app.providers.stalker.epg import OwnGuide
from app.providers.stalker.login import read_account
from app.providers.stalker.parse import VOD_SPACE, Reader, read_categories
from app.providers.stalker.play import Player
from app.providers.stalker.review import BULK, Review, list_scope, newest_scope
from app.providers.stalker.rows import CategoryRow, Listing, read_listing
from app.providers.stalker.search import Seeker, family_of_item, joined
from app.providers.stalker.series import SeriesGuide
from app.providers.stalker.session import Session
from app.providers.stalker.walk import ALL, Walker
from app.providers.transport import Transport

LISTS: Final = {"itv": "get_genres", "vod": "get_categories", "series": "get_categories"}
FAMILIES: Final = {StepName.CHANNELS: ("itv",), StepName.MOVIES: ("vod",), StepName.SERIES: ("series", "vod")}
OWN_FAMILY: Final = {Kind.CHANNEL: "itv", Kind.MOVIE: "vod", Kind.SERIES: "series"}


class StalkerProvider:
    """One account at one portal, found and logged in on first use."""

    def __init__(
        self,
        account: ProviderAccount,
        transport: Transport,
        *,
        retry_attempts: int = 3,
        retry_base_seconds: float = 1.0,
    ) -> None:
        options = account.options
        self._retries: dict[str, Any] = {"attempts": retry_attempts, "base_seconds": retry_base_seconds}
        self._options = options
        self._box = open_box(account.credentials, options)
        self._session = Session(
            transport,
            self._box,
            url=account.url,
            remembered=account.endpoint,
            max_parallel=options.get("maxParallelPages"),
            per_second=options.get("requestsPerSecond"),
            **self._retries,
        )
        self._walker = Walker(self._session)
        self._lists: dict[str, Categories] = {}
        self._lists_lock = asyncio.Lock()

    def __repr__(self) -> str:
        return f"<StalkerProvider {self.endpoint or 'not found yet'}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        return None

    @property
    def endpoint(self) -> str | None:
        """The loader's address after redirects."""
        return self._session.endpoint

    @property
    def account(self) -> AccountStatus | None:
        """What the profile says; asking for more is left to `test`."""
        profile = self._session.profile
        return read_account(profile, {}, self._box.timezone) if profile else None

    @property
    def parallel(self) -> int:
        """The window of the portal's host."""
        return self._session.parallel

    async def test(self) -> AccountStatus:
        """Finds the portal, logs in and reads the account; a refusal is a status, not an error."""
        try:
            await self._session.ready()
            if not self._session.profile:
                await self._session.introduce()
            info = await self._account_info()
        except Rejected as error:
            return AccountStatus(ok=False, status="rejected", message=error.detail)
        return read_account(self._session.profile, info, self._box.timezone)

    async def categories(self, kind: Kind) -> Categories:
        """The portal's own; series that live in VOD have the VOD categories.

        Beside native series categories those of VOD stand in their own space, where VOD holds series too.
        """
        own = await self._list(OWN_FAMILY[kind])
        if kind is not Kind.SERIES:
            return own
        if not own.known:
            return await self._list("vod")
        if not await self._mixes():
            return own
        movies = await self._list("vod")
        mixed = [_moved(one, len(own.records)) for one in movies.records]
        return Categories(records=[*own.records, *mixed], rejected=own.rejected)

    async def scopes(self, step: StepName, kinds: frozenset[Kind], *, newest: bool = False) -> Sequence[Scope]:
        """The common list of each family; where VOD is walked for movies anyway, series need no walk of their own.

        The newest of censored categories have lists of their own: the common one may leave them out.
        """
        found: list[Scope] = []
        for family in FAMILIES.get(step, ()):
            listed = await self._list(family)
            if not listed.known and (family == "series" or not await self._exists(family)):
                continue
            if step is StepName.SERIES and family == "vod" and (Kind.MOVIE in kinds or not await self._mixes()):
                continue
            self._hide(family, listed)
            if newest and family != "itv":
                hidden = [one.external_id for one in listed.records if one.censored]
                found += [newest_scope(step, family, category) for category in (None, *hidden)]
            else:
                found.append(list_scope(step, family, BULK if family == "itv" else ALL))
        return found

    async def page(self, scope: Scope, number: int) -> Page:
        """One page; safe in parallel."""
        return await self._walker.page(scope, number, await self._reader())

    async def stream(self, scope: Scope) -> AsyncGenerator[Page, None]:
        """All channels."""
        channels = ChannelStream(self._session, self._walker, scope, await self._reader(), **self._retries)
        async for page in channels.pages():
            yield page

    async def review(self, report: StepReport) -> Verdict:
        """What is proof stands in `review.py`."""
        families = FAMILIES.get(report.step, ())
        categories = {family: (await self._list(family)).records for family in families}
        for kind, items in report.earlier.items():
            for item in items:
                self._walker.recall(family_of_item(kind, item.key), item)
        return await Review(self._walker, await self._reader(), report, categories).verdict()

    async def search(self, missing: Missing) -> Search:
        """What is proof stands in `search.py`; where too many are missing to be named, the step's own lists count."""
        families = {family_of_item(missing.kind, item.key): list[StoredItem]() for item in missing.items}
        for item in missing.items:
            families[family_of_item(missing.kind, item.key)].append(item)
        if not families:
            families = {family: [] for family in FAMILIES[missing.step] if family in self._walker.stars}
        found: dict[str, Search] = {}
        for family, items in families.items():
            listed = (await self._list(family)).records
            found[family] = Seeker(self._walker, family, missing, listed).seek(items)
        return joined(found)

    async def seasons(self, locator: Mapping[str, Any]) -> Sequence[SeasonRecord]:
        """Ascending."""
        return await (await self._guide()).seasons(locator)

    async def episodes(self, locator: Mapping[str, Any], season: SeasonRecord) -> Sequence[EpisodeRecord]:
        """In the portal's order."""
        return await (await self._guide()).episodes(locator, season)

    async def resolve(self, kind: Kind, locator: Mapping[str, Any]) -> StreamLink:
        """A link for this moment."""
        return await Player(self._session, await self._guide()).resolve(kind, locator)

    async def replay(self, locator: Mapping[str, Any], *, start_ms: int, minutes: int) -> StreamLink | None:
        """Portals play recorded programmes by their own ids, not by time."""
        del locator, start_ms, minutes
        return None

    async def guides(self) -> Sequence[GuideLink]:
        """A portal names no XMLTV file: what it knows of programmes it tells itself."""
        return chosen_guides(self._options)

    @property
    def own_guide(self) -> bool:
        """Portals tell of programmes themselves."""
        return True

    async def programmes(self, channels: Sequence[str], hours: int) -> AsyncGenerator[Sequence[ProgrammeRecord], None]:
        """A batch for each channel."""
        async for batch in OwnGuide(self._session, timezone=self._box.timezone).batches(channels, hours):
            yield batch

    async def _exists(self, family: str) -> bool:
        """Whether a portal without categories of a family has its list all the same; some have no VOD at all."""
        if family == "itv":
            return True
        try:
            await self._walker.peek(family, ALL, await self._reader())
        except (Blank, Malformed):
            return not await self._session.is_alive()
        return True

    async def _mixes(self) -> bool:
        """Whether series live in VOD; where the portal has no native ones, that is where they are."""
        if not (await self._list("series")).known:
            return True
        if not (await self._list("vod")).known:
            return False
        try:
            return await self._walker.mixes(await self._reader())
        except (Blank, Malformed):
            return False

    async def _account_info(self) -> Mapping[str, Any]:
        try:
            return await self._session.ask({"type": "account_info", "action": "get_main_info"}, _mapping)
        except (Blank, Malformed):
            return {}

    async def _guide(self) -> SeriesGuide:
        await self._session.ready()
        return SeriesGuide(self._session, self._plain_reader(""))

    async def _reader(self) -> Reader:
        native = await self._list("series")
        return self._plain_reader(VOD_SPACE if native.records else "")

    def _plain_reader(self, mixed_space: str) -> Reader:
        return Reader(
            site=self._session.site, timezone=self._box.timezone, secrets=self._box.secrets, mixed_space=mixed_space
        )

    async def _list(self, family: str) -> Categories:
        """The categories of a family, asked for once; `known` is False where the portal has no such list."""
        if family not in self._lists:
            async with self._lists_lock:
                if family not in self._lists:
                    self._lists[family] = await self._asked(family)
        return self._lists[family]

    async def _asked(self, family: str) -> Categories:
        kind = {"itv": Kind.CHANNEL, "vod": Kind.MOVIE}.get(family, Kind.SERIES)
        params = {"type": family, "action": LISTS[family]}
        try:
            listing = await self._session.ask(params, _unless_nothing)
        except Blank:
            if not await self._session.is_alive():
                raise
            listing = None
        if listing is None:
            return Categories(records=(), known=False)
        records, rejected = read_categories(listing, kind)
        return Categories(records=records, rejected=rejected)

    def _hide(self, family: str, listed: Categories) -> None:
        self._walker.hidden.setdefault(family, {one.external_id: set() for one in listed.records if one.censored})


def _mapping(answer: Answer) -> dict[str, Any]:
    return answer.mapping()


def _unless_nothing(answer: Answer) -> Listing | None:
    """None where the portal does not know the list: retries would not change that."""
    return None if answer.nothing or answer.complaint else read_listing(answer, CategoryRow)


def _moved(category: CategoryRecord, behind: int) -> CategoryRecord:
    """A VOD category as a category of series, behind the native ones."""
    return CategoryRecord(
        external_id=category.external_id,
        name=category.name,
        position=behind + category.position,
        censored=category.censored,
        space=VOD_SPACE,
    )
