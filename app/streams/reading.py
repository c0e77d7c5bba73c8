"""One reading of a provider's channels, this moment: the adapter's own walk, bounded in items and time."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

import structlog

from app.core.errors import Unavailable
from app.core.pauses import together
from app.domain.documents import ChannelDocument
from app.domain.identity import category_id
from app.domain.kinds import Kind, StepName
from app.domain.marking import Seen
from app.domain.records import CategoryRecord, ChannelRecord
from app.domain.shapes import document_of
from app.domain.titles import display_name
from app.providers.base import Page, Provider, Scope, ScopeReport, StepReport

MOST_CHANNELS: Final = 50_000  # 40 MB of documents; the largest real line-ups have half of that
SECONDS: Final = 45.0  # a person waits for it
MAX_ROUNDS: Final = 3  # reviews that may ask for more
WIDTH: Final = 8  # pages at once: a look is no reason to flood a portal
KINDS: Final = frozenset({Kind.CHANNEL})

log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Reading:
    """What a provider has: documents without tags, in its order; categories by public id; `cut` = there may be more."""

    documents: list[ChannelDocument] = field(default_factory=list)
    categories: dict[str, Seen] = field(default_factory=dict)
    external_ids: dict[str, str] = field(default_factory=dict)  # of categories, by public id
    cut: bool = False


async def read_channels(provider: Provider, provider_id: str) -> Reading:
    """All channels; what is there when the time is up counts, nothing at all by then is `Unavailable`."""
    reading = _Walk(provider, provider_id)
    try:
        async with asyncio.timeout(SECONDS):
            await reading.run()
    except TimeoutError:
        if not reading.found.documents:
            raise Unavailable(f"The provider listed no channel within {SECONDS:.0f} seconds.") from None
        reading.found.cut = True
    if reading.found.cut:
        log.warning("live_reading_cut", provider_id=provider_id, channels=len(reading.found.documents))
    return reading.found


class _Walk:
    def __init__(self, provider: Provider, provider_id: str) -> None:
        self._provider = provider
        self._id = provider_id
        self._ids: dict[tuple[str, str], str] = {}
        self._known: set[str] = set()
        self.found = Reading()

    async def run(self) -> None:
        for record in (await self._provider.categories(Kind.CHANNEL)).records:
            self._name(record)
        scopes, reports = await self._provider.scopes(StepName.CHANNELS, KINDS), list[ScopeReport]()
        for _ in range(MAX_ROUNDS):
            reports += [await self._scope(scope) for scope in scopes]
            if self.found.cut:
                return
            # A list of everything may lack what is censored, or not be there: the review knows where else to look.
            report = StepReport(step=StepName.CHANNELS, scopes=reports, distinct=len(self.found.documents))
            walked = {one.scope.name for one in reports}
            scopes = [scope for scope in (await self._provider.review(report)).more if scope.name not in walked]

    def _name(self, record: CategoryRecord) -> None:
        public = category_id(self._id, Kind.CHANNEL, record.external_id, record.space)
        self._ids[record.space, record.external_id] = public
        self.found.categories[public] = Seen(display_name(record.name), record.censored)
        self.found.external_ids[public] = record.external_id

    async def _scope(self, scope: Scope) -> ScopeReport:
        seen, total, ended = set[tuple[str, str]](), None, False
        pages = _paged(self._provider, scope) if scope.paged else self._provider.stream(scope)
        async with aclosing(pages) as source:
            async for page in source:
                await self._take(page)
                if self.found.cut:
                    break
                seen.update(page.ids)
                total, ended = page.total if page.total is not None else total, ended or page.last
        complete = ended or bool(scope.pages)
        return ScopeReport(
            scope=scope, complete=complete, distinct=len(seen), total=total, digest=hash(frozenset(seen))
        )

    async def _take(self, page: Page) -> None:
        await asyncio.sleep(0)  # a page of a bulk answer is parsed without waiting for anything
        for record in page.records:
            if not isinstance(record, ChannelRecord):
                continue
            document = document_of(record, self._id, self._ids)
            if not isinstance(document, ChannelDocument) or document.id in self._known:
                continue
            if len(self.found.documents) >= MOST_CHANNELS:
                self.found.cut = True
                return
            self._known.add(document.id)
            self.found.documents.append(document)


async def _paged(provider: Provider, scope: Scope) -> AsyncGenerator[Page, None]:
    """Pages in order up to a proven end, an empty one, one that repeats the first, or the end of what is claimed."""
    if scope.pages:
        for page in await _together(provider, scope, scope.pages):
            yield page
        return
    first = page = await provider.page(scope, 1)
    yield first
    upcoming = 2
    while not page.last and page.records:
        # Behind the claimed end only one page at a time is asked for: an empty one costs a portal several tries.
        claimed = -(-page.total // page.size) if page.total is not None and page.size else 0
        width = max(1, min(provider.parallel, WIDTH, claimed - upcoming + 1))
        for page in await _together(provider, scope, range(upcoming, upcoming + width)):
            if not page.records or page.ids == first.ids:
                return
            yield page
            if page.last:
                return
        upcoming += width


async def _together(provider: Provider, scope: Scope, numbers: Sequence[int]) -> list[Page]:
    async with together() as group:
        tasks = [group.create_task(provider.page(scope, number)) for number in numbers]
    return [task.result() for task in tasks]
