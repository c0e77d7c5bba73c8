"""The Xtream adapter: a panel as the sync engine sees it."""

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Self
from urllib.parse import quote, urlencode

import msgspec

from app.core.errors import Malformed, Rejected
from app.domain.kinds import Kind, StepName
from app.domain.records import CategoryRecord, EpisodeRecord, Record, RejectedRecord, SeasonRecord
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
from app.providers.transport import Transport
from app.providers.xtream.client import XtreamClient
from app.providers.xtream.details import SeriesDetails, read_details
from app.providers.xtream.parse import category, rejected
from app.providers.xtream.spool import Repeats
from app.providers.xtream.walks import WALKS, gather, read

PAGE: Final = 500  # records: what one transaction likes, and little enough to lose
FRESH_SECONDS: Final = 60.0  # seasons and episodes of one series are one answer
REMEMBERED: Final = 8
CATEGORY_ACTIONS: Final = {
    Kind.CHANNEL: "get_live_categories",
    Kind.MOVIE: "get_vod_categories",
    Kind.SERIES: "get_series_categories",
}


class XtreamProvider(NoOwnGuide):
    """One account at one panel; every list is one bulk answer."""

    def __init__(
        self,
        account: ProviderAccount,
        transport: Transport,
        *,
        retry_attempts: int = 3,
        retry_base_seconds: float = 1.0,
    ) -> None:
        self._account = account
        self._client = XtreamClient(
            account, transport, retry_attempts=retry_attempts, retry_base_seconds=retry_base_seconds
        )
        self._details: dict[str, tuple[float, SeriesDetails]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._details.clear()

    @property
    def endpoint(self) -> str | None:
        return self._client.base

    @property
    def account(self) -> AccountStatus | None:
        return self._client.known.report() if self._client.known else None

    @property
    def parallel(self) -> int:
        return self._client.limit

    async def test(self) -> AccountStatus:
        try:
            return (await self._client.account(fresh=True)).report()
        except Rejected as error:
            return AccountStatus(ok=False, status="rejected", message=error.detail)

    async def categories(self, kind: Kind) -> Categories:
        document = await self._client.document(CATEGORY_ACTIONS[kind], {})
        if isinstance(document, dict) and "user_info" not in document:
            document = list(document.values())
        if not isinstance(document, list):
            return Categories(records=(), known=False)
        found: dict[str, CategoryRecord] = {}
        refused: list[RejectedRecord] = []
        for entry in document:
            record = category(entry, len(found))
            if record is not None:
                found.setdefault(record.external_id, record)
            elif not pseudo(entry):
                refused.append(rejected(kind, msgspec.json.encode(entry), "The category has no id.", self._client.site))
        return Categories(records=tuple(found.values()), rejected=refused)

    async def scopes(self, step: StepName, kinds: frozenset[Kind], *, newest: bool = False) -> Sequence[Scope]:
        """The whole lists; a panel has none that could be left early."""
        del newest
        return [
            Scope(step=walk.step, name=walk.scope, kinds=frozenset({walk.kind}), paged=False)
            for walk in WALKS
            if walk.step is step and walk.kind in kinds
        ]

    async def page(self, scope: Scope, number: int) -> Page:
        """Never asked for: no scope of this dialect is paged."""
        raise Malformed(f"A panel has no page {number} of {scope.name}.")

    async def stream(self, scope: Scope) -> AsyncGenerator[Page, None]:
        walk = next(walk for walk in WALKS if walk.scope == scope.name)
        repeats = Repeats(walk.key)
        with await self._client.download(walk.action, repeats) as spool:
            if not spool.elements:
                await self._refuse_emptiness()
            if repeats.settle():
                gather(spool, repeats)
            number = 0
            waiting: list[Record] = []
            refused: list[RejectedRecord] = []
            for records, bad in read(walk, spool, repeats, self._client.site):
                waiting += records
                refused += bad
                while len(waiting) > PAGE or len(refused) > PAGE:
                    number += 1
                    yield Page(number=number, records=waiting[:PAGE], rejected=refused, size=PAGE)
                    waiting, refused = waiting[PAGE:], []
            yield Page(
                number=number + 1,
                records=waiting,
                rejected=refused,
                size=PAGE,
                last=not spool.nothing,
                doubtful=spool.nothing,
            )

    async def _refuse_emptiness(self) -> None:
        # Panels answer `[]` for accounts that are over: that is no empty catalogue.
        account = await self._client.account(fresh=True)
        if not account.usable:
            raise Rejected(f"The account is {account.status}.")

    async def review(self, report: StepReport) -> Verdict:
        complete = all(scope.complete for scope in report.scopes)
        return Verdict(proven=complete, doubt=None if complete else "The panel did not answer with a closed list.")

    async def search(self, missing: Missing) -> Search:
        """A list in one closed answer cannot move while it is read: what is not in it is gone."""
        del missing
        return Search(all_gone=True)

    async def seasons(self, locator: Mapping[str, Any]) -> Sequence[SeasonRecord]:
        return (await self._series(locator)).seasons

    async def episodes(self, locator: Mapping[str, Any], season: SeasonRecord) -> Sequence[EpisodeRecord]:
        return (await self._series(locator)).episodes.get(season.number, ())

    async def _series(self, locator: Mapping[str, Any]) -> SeriesDetails:
        series_id = text(locator.get("id"))
        at, details = self._details.get(series_id, (0.0, None))
        if details is None or time.monotonic() - at > FRESH_SECONDS:
            document = await self._client.document("get_series_info", {"series_id": series_id})
            details = read_details(document, series_id, self._client.site)
            self._details.pop(series_id, None)
            self._details[series_id] = (time.monotonic(), details)
            while len(self._details) > REMEMBERED:
                del self._details[next(iter(self._details))]
        return details

    async def resolve(self, kind: Kind, locator: Mapping[str, Any]) -> StreamLink:
        account = await self._client.account()
        if kind is Kind.CHANNEL:
            return self._link("live", locator, self._live_format(account.formats))
        folder = "series" if locator.get("episode") else "movie"
        return self._link(folder, locator, text(locator.get("ext")) or "mp4")

    async def replay(self, locator: Mapping[str, Any], *, start_ms: int, minutes: int) -> StreamLink | None:
        """The panel's clock says when it was: it stands in the address as that clock showed it."""
        account = await self._client.account()
        start = datetime.fromtimestamp(start_ms / 1000, zone(account.timezone or "UTC"))
        moment = f"{minutes}/{start:%Y-%m-%d:%H-%M}"
        return self._link("timeshift", locator, self._live_format(account.formats), moment)

    async def guides(self) -> Sequence[GuideLink]:
        credentials = {name: self._account.credentials.get(name, "") for name in ("username", "password")}
        address = f"{self._client.base}/xmltv.php?{urlencode(credentials, quote_via=quote)}"
        return chosen_guides(self._account.options) or (GuideLink(url=address, origin="xtream"),)

    def _link(self, folder: str, locator: Mapping[str, Any], ending: str, moment: str = "") -> StreamLink:
        account = [quote(self._account.credentials.get(name, ""), safe="") for name in ("username", "password")]
        path = "/".join([folder, *account, *([moment] if moment else []), quote(text(locator.get("id")), safe="")])
        agent = self._account.options.get("userAgent")
        return StreamLink(
            url=f"{self._client.base}/{path}.{ending}", headers={"User-Agent": str(agent)} if agent else {}
        )

    def _live_format(self, formats: frozenset[str]) -> str:
        if wanted := self._account.options.get("output"):
            return str(wanted)
        return "m3u8" if "m3u8" in formats and "ts" not in formats else "ts"


def pseudo(entry: Any) -> bool:
    """Whether it is a category of everything, which no provider means to be kept."""
    if not isinstance(entry, dict):
        return False
    return text(entry.get("category_id")).strip() in ("0", "*") or not entry
