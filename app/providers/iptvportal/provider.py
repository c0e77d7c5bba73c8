"""An operator's database as the sync engine sees it: its tables of channels, media and programmes as a catalogue."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Self

from app.core.clock import now_ms
from app.core.errors import Malformed, Rejected
from app.domain.kinds import ITEM_STEPS, Kind, StepName
from app.domain.programmes import ProgrammeRecord
from app.domain.records import CategoryRecord, EpisodeRecord, Record, RejectedRecord, SeasonRecord
from app.domain.values import text, zone
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
    StreamLink,
    Verdict,
    chosen_guides,
)
from app.providers.iptvportal.client import Options
from app.providers.iptvportal.errors import QueryRefused, TableForbidden
from app.providers.iptvportal.mapping import MEDIA, STREAM, Part, tables_of
from app.providers.iptvportal.opening import open_client
from app.providers.iptvportal.reading import PAGE, TableReader, told
from app.providers.iptvportal.records import Maker, address, category, identity, rejected
from app.providers.iptvportal.session import SessionStore
from app.providers.transport import Transport

PARTS: Final[Mapping[Kind, Part]] = {Kind.CHANNEL: "channels", Kind.MOVIE: "movies"}
SHOWN_BEFORE: Final = timedelta(hours=4)  # a show that is on began at most so long ago, where its end is not told


class IptvPortalProvider:
    """One user at one portal; there are no series."""

    def __init__(
        self,
        account: ProviderAccount,
        transport: Transport,
        *,
        retry_attempts: int = 3,
        retry_base_seconds: float = 1.0,
        store: SessionStore | None = None,
    ) -> None:
        self._options = options = account.options
        retries = Options(retry_attempts=retry_attempts, retry_base_seconds=retry_base_seconds)
        self._client = open_client(account, transport, base=retries, store=store)
        self._timezone = str(options.get("timezone") or "UTC")
        self._maker = Maker(self.endpoint, self._timezone)
        self._readers = {
            part: TableReader(self._client, table) for part, table in tables_of(options).items() if table is not None
        }
        self._status: AccountStatus | None = None

    def __repr__(self) -> str:
        return f"<IptvPortalProvider {self.endpoint}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Nothing is held."""

    @property
    def endpoint(self) -> str:
        return self._client.endpoints.base

    @property
    def account(self) -> AccountStatus | None:
        return self._status

    @property
    def parallel(self) -> int:
        return self._client.limit

    async def test(self) -> AccountStatus:
        try:
            await self._client.authorize()
        except Rejected as error:
            return AccountStatus(ok=False, status="rejected", message=error.detail)
        self._status = AccountStatus(ok=True, status="active")
        return self._status

    async def categories(self, kind: Kind) -> Categories:
        """Those that items of the kind name, where the portal can tell; one table may serve channels and media."""
        reader, items = self._readers.get("categories"), self._reader(kind)
        if reader is None or items is None:
            return Categories(records=(), known=False)
        try:
            return await self._categories(kind, reader, _used(reader, items))
        except TableForbidden:
            return Categories(records=(), known=False)
        except QueryRefused:
            return await self._categories(kind, reader, None)

    async def _categories(self, kind: Kind, reader: TableReader, where: Any) -> Categories:
        found: dict[str, CategoryRecord] = {}
        refused: list[RejectedRecord] = []
        async for rows in reader.pages(await reader.span(where), where):
            for row in rows:
                if (record := category(reader.named(row), len(found))) is None:
                    refused.append(rejected(kind, row))
                else:
                    found.setdefault(record.external_id, record)
        return Categories(records=tuple(found.values()), rejected=refused)

    async def scopes(self, step: StepName, kinds: frozenset[Kind], *, newest: bool = False) -> Sequence[Scope]:
        """One table for each kind; it is read in the order of its ids."""
        del newest
        return [
            Scope(step=step, name=part, kinds=frozenset({kind}), paged=False)
            for kind, part in PARTS.items()
            if ITEM_STEPS[kind] is step and kind in kinds and part in self._readers
        ]

    async def page(self, scope: Scope, number: int) -> Page:
        """Never asked for: where a page begins is known from the one before."""
        raise Malformed(f"A table has no page {number} of {scope.name}.")

    async def stream(self, scope: Scope) -> AsyncGenerator[Page, None]:
        (kind,) = scope.kinds
        reader = self._readers[PARTS[kind]]
        span = await reader.span()
        number, seen = 0, set[str]()
        async for rows in reader.pages(span):
            number += 1
            records, refused = self._read(kind, reader, rows, seen)
            yield Page(number=number, records=records, rejected=refused, total=span.count, size=PAGE)
        yield Page(number=number + 1, records=(), total=span.count, size=PAGE, last=True)

    def _read(
        self, kind: Kind, reader: TableReader, rows: Sequence[Any], seen: set[str]
    ) -> tuple[list[Record], list[RejectedRecord]]:
        records: list[Record] = []
        refused: list[RejectedRecord] = []
        for given in rows:
            row = reader.named(given)
            external_id = identity(row)
            if row is None or external_id is None:
                refused.append(rejected(kind, given))
            elif external_id not in seen:
                seen.add(external_id)
                records.append(self._maker.record(kind, row, external_id))
        return records, refused

    async def review(self, report: StepReport) -> Verdict:
        complete = all(scope.complete for scope in report.scopes)
        return Verdict(
            proven=complete, doubt=None if complete else "The portal did not let the table be read to its end."
        )

    async def search(self, missing: Missing) -> Search:
        """A walk by id passes every row that is there from its beginning to its end: what it did not see is gone."""
        del missing
        return Search(all_gone=True)

    async def seasons(self, locator: Mapping[str, Any]) -> Sequence[SeasonRecord]:
        """There are no series."""
        del locator
        return ()

    async def episodes(self, locator: Mapping[str, Any], season: SeasonRecord) -> Sequence[EpisodeRecord]:
        """There are no series."""
        del locator, season
        return ()

    async def resolve(self, kind: Kind, locator: Mapping[str, Any]) -> StreamLink:
        """The address in the row itself, or that of its row in `media`, as they are now."""
        external_id = text(locator.get("id"))
        if kind is not Kind.CHANNEL:
            return await self._media(self._table(kind), external_id)
        reader = self._reader(kind)
        row = await reader.one(external_id) if reader else None
        if row is None:
            raise Malformed("The portal no longer has this channel.")
        if url := text(row.get("url")).strip():
            return self._link(url)
        return await self._media(MEDIA, text(row.get("media")))

    async def replay(self, locator: Mapping[str, Any], *, start_ms: int, minutes: int) -> StreamLink | None:
        """What a channel showed is no column of a table that is known."""
        del locator, start_ms, minutes
        return None

    async def guides(self) -> Sequence[GuideLink]:
        return chosen_guides(self._options)

    @property
    def own_guide(self) -> bool:
        return "guide" in self._readers

    async def programmes(self, channels: Sequence[str], hours: int) -> AsyncGenerator[Sequence[ProgrammeRecord], None]:
        """All that is on from now on; one question serves all channels."""
        del channels
        reader = self._readers.get("guide")
        if reader is None:
            return
        now = datetime.fromtimestamp(now_ms() / 1000, zone(self._timezone))
        column = reader.map.fields["start"]
        since, until = (f"{at:%Y-%m-%d %H:%M:%S}" for at in (now - SHOWN_BEFORE, now + timedelta(hours=hours)))
        where = {"and": [{"gte": [column, since]}, {"lt": [column, until]}]}
        try:
            async for rows in reader.pages(await reader.span(where), where):
                named = (reader.named(row) for row in rows)
                made = (self._maker.programme(row) for row in named if row is not None)
                yield [record for record in made if record is not None]
        except TableForbidden as error:
            # The guide alone is kept back: that says nothing about the account.
            raise told(error) from None

    def _reader(self, kind: Kind) -> TableReader | None:
        part = PARTS.get(kind)
        return None if part is None else self._readers.get(part)

    def _table(self, kind: Kind) -> str:
        reader = self._reader(kind)
        return MEDIA if reader is None else reader.map.table

    async def _media(self, table: str, external_id: str) -> StreamLink:
        if not external_id:
            raise Malformed("The portal does not tell where this is streamed from.")
        own = int(external_id) if external_id.isascii() and external_id.isdecimal() else external_id
        where = {"eq": ["id", own]}
        rows = await self._client.select({"data": list(STREAM), "from": table, "where": where, "limit": 1})
        if not rows:
            raise Malformed("The portal no longer has this stream.")
        return self._link(address(rows[0]))

    def _link(self, url: str) -> StreamLink:
        agent = self._options.get("userAgent")
        return StreamLink(url=url, headers={"User-Agent": str(agent)} if agent else {})


def _used(categories: TableReader, items: TableReader) -> Any:
    """The condition for categories that items name; None where items name none."""
    column = items.map.fields.get("category")
    if column is None:
        return None
    inner: dict[str, Any] = {"data": [column], "from": items.map.table}
    if items.map.where is not None:
        inner["where"] = items.map.where
    return {"in": [categories.map.fields["id"], {"select": inner}]}
