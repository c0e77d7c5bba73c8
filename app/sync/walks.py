"""The walks of one item step: scope after scope, until the provider's own review finds nothing left to walk."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Final

import structlog

from app.core.streams import ahead
from app.db.progress import WalkedBefore
from app.domain.kinds import Kind, StepName
from app.domain.ordinals import OrdinalSet
from app.jobs.tracker import JobTracker
from app.providers.base import Page, Provider, Scope, ScopeReport, Search, StepReport, StoredItem
from app.sync.fetch import WalkState, walk
from app.sync.missing import Described
from app.sync.newest import Descent, Newest
from app.sync.normalise import CategoryIds, draft
from app.sync.store import Batch, Store

BATCH_ROWS: Final = 1_400  # rows in one transaction: a batch of one page costs 5 to 9 times as much per row
BATCH_SECONDS: Final = 1.0  # what a slow portal gave is stored at least this often: a lost worker loses no more
BREATH: Final = 100  # records normalised in one go: about 2 ms in which the process does nothing else
MAX_ROUNDS: Final = 4  # reviews that may ask for more; each asks for what the round before could not prove
MAX_SEARCHES: Final = 12  # rounds of looking for what was not seen
EMPTY: Final = "A page of the provider's newest items stayed empty or repeated another."
SHORT: Final = "Some pages of the provider's list stayed empty or repeated others."
ENDLESS: Final = "The provider's lists moved while it was looked for them."

log = structlog.get_logger(__name__)


class Walks:
    """What one step's walks saw. `proven` = every item there could have been seen; `lost` = some pages were not."""

    def __init__(
        self,
        *,
        provider: Provider,
        store: Store,
        job: JobTracker,
        step: StepName,
        kinds: frozenset[Kind],
        provider_id: str,
        before: Mapping[str, WalkedBefore],
    ) -> None:
        self._provider = provider
        self._store = store
        self._job = job
        self._step = step
        self._kinds = kinds
        self._id = provider_id
        self._before = before
        self._categories: Mapping[Kind, CategoryIds] = {}
        self._seen: dict[Kind, OrdinalSet] = {kind: OrdinalSet() for kind in Kind}
        self._dropped: set[int] = set()  # hashes of items of kinds that the job does not bring
        self._pages_total: dict[str, int] = {}
        self._refusing = True  # a second look meets the same bad records again
        self.newest = False  # only the newest items were looked at
        self.walked = False
        self.proven = True
        self.failed = False
        self.lost = False
        self.error: str | None = None

    async def run(self, scopes: Sequence[Scope], categories: Mapping[Kind, CategoryIds]) -> None:
        """Walks these scopes and what the reviews ask for; raises `ProviderError` when a walk cannot go on."""
        self._categories = categories
        self.proven = False
        if any(scope.newest for scope in scopes):
            self.newest = await self._all_newest(scopes)
            self.walked = True
            if self.newest:
                return
            log.info("newest_first_ignored", step=self._step.value)
            scopes = await self._provider.scopes(self._step, self._kinds)
        await self._in_full(scopes)

    async def search(self, described: Described, seen: OrdinalSet, categories: Mapping[Kind, CategoryIds]) -> Search:
        """Looks once more for what these walks did not see; `seen` grows with what is found."""
        self._categories, self._refusing = categories, False
        missing, reports = described.missing, list[ScopeReport]()
        for _ in range(MAX_SEARCHES):
            left = [one for one in missing.items if described.places[one.key] not in seen]
            if missing.items and not left:
                return Search()
            found = await self._provider.search(replace(missing, items=left, scopes=tuple(reports)))
            if not found.more:
                return found
            reports += [await self._scope(scope) for scope in found.more]
        return Search(doubt=ENDLESS)

    async def _in_full(self, scopes: Sequence[Scope]) -> None:
        reports: list[ScopeReport] = []
        pending, earlier = list(scopes), await self._earlier(scopes)
        for _ in range(MAX_ROUNDS):
            reports += [await self._scope(scope) for scope in pending]
            distinct = self._distinct(self._seen, self._dropped)
            report = StepReport(step=self._step, scopes=reports, distinct=distinct, earlier=earlier)
            verdict = await self._provider.review(report)
            walked = {one.scope.name for one in reports}
            pending = [scope for scope in verdict.more if scope.name not in walked]
            if not pending:
                self.proven = verdict.proven and all(one.complete for one in reports)
                self.error = self.error or verdict.doubt
                if not self.proven and _lacks(report):
                    self.lost, self.error = True, self.error or SHORT
                break
        self.walked = bool(reports)

    async def _earlier(self, scopes: Sequence[Scope]) -> dict[Kind, Sequence[StoredItem]]:
        """What is known of the pages that need not be read again."""
        seen: dict[Kind, OrdinalSet] = {kind: OrdinalSet() for kind in Kind}
        for scope in scopes:
            if scope.category is None and scope.name in self._before:
                for kind, places in self._before[scope.name].seen.items():
                    seen[kind].update(places)
        return {kind: await self._store.earlier(kind, places) for kind, places in seen.items() if len(places)}

    async def _all_newest(self, scopes: Sequence[Scope]) -> bool:
        """Walks lists until they show nothing new; False when they do not show the newest first."""
        for scope in scopes:
            rule = Newest(known=await self._store.quiet_pages(scope.name))
            if not rule.over and not await self._newest(scope, rule):
                return False
        return True

    async def _newest(self, scope: Scope, rule: Newest) -> bool:
        state, descent = WalkState(scope=scope, room=rule.room), Descent()
        done = self._before.get(scope.name, WalkedBefore()).pages
        async with aclosing(walk(self._provider, state, done)) as pages:
            async for page in pages:
                self._job.check()
                if not descent.take([record.added_at for record in page.records]):
                    return False
                batch = Batch(scope=scope.name)
                await self._add(batch, page, self._dropped)
                self._job.note(self._step, pages_done=1, pages_total=self._expect(state, rule.page + rule.room))
                seen = await self._store.put(batch)
                self._merge(self._seen, seen)
                # A page with nothing of the wanted kinds says nothing about them.
                rule.take(page.number, quiet=not self._store.is_news(seen) if seen else None)
                if rule.over:
                    break
                state.room = rule.room
        self._note_lost(state)
        if state.doubtful:
            self.lost, self.error = True, self.error or EMPTY
        return True

    async def _scope(self, scope: Scope) -> ScopeReport:
        before = self._before.get(scope.name, WalkedBefore())
        state = WalkState(scope=scope)
        seen: dict[Kind, OrdinalSet] = {kind: OrdinalSet() for kind in Kind}
        dropped: set[int] = set()
        self._merge(seen, before.seen)
        async with aclosing(ahead(self._batches(state, before.pages, dropped))) as batches:
            async for batch in batches:
                self._job.check()
                fresh = sum(number not in before.pages for number in batch.pages)
                self._job.note(self._step, pages_done=fresh, pages_total=self._expect(state))
                self._merge(seen, await self._store.put(batch))
        self._note_lost(state)
        self._dropped |= dropped
        return ScopeReport(
            scope=scope,
            complete=state.complete,
            distinct=self._distinct(seen, dropped),
            total=state.total,
            digest=hash((*(seen[kind].as_int() for kind in Kind), frozenset(dropped))),
        )

    def _note_lost(self, state: WalkState) -> None:
        if state.lost:
            self.lost = True
            self.error = f"{len(state.lost)} of {state.expected_pages} pages could not be fetched: {state.error}"

    async def _batches(self, state: WalkState, done: set[int], dropped: set[int]) -> AsyncGenerator[Batch, None]:
        batch, begun = Batch(scope=state.scope.name), 0.0
        async with aclosing(walk(self._provider, state, done)) as pages:
            async for page in pages:
                await self._add(batch, page, dropped)
                begun = begun or time.monotonic()
                if batch.size >= BATCH_ROWS or time.monotonic() - begun >= BATCH_SECONDS:
                    yield batch
                    batch, begun = Batch(scope=state.scope.name), 0.0
        if batch.pages:
            yield batch

    async def _add(self, batch: Batch, page: Page, dropped: set[int]) -> None:
        for start in range(0, len(page.records), BREATH):
            for record in page.records[start : start + BREATH]:
                kind = record.kind
                if kind in self._kinds:
                    made = draft(record, self._id, self._categories[kind])
                    batch.drafts.setdefault(kind, []).append(made)
                else:
                    dropped.add(hash((record.space, record.external_id)))
            if len(page.records) > BREATH:  # a small page came over the network a moment ago, which was a breath
                await asyncio.sleep(0)
        if self._refusing:
            batch.rejected.extend(one for one in page.rejected if one.kind in self._kinds)
        batch.pages.append(page.number)
        batch.size += len(page.records)

    def _expect(self, state: WalkState, most: int | None = None) -> int:
        expected = len(state.scope.pages) or state.expected_pages or 0
        self._pages_total[state.scope.name] = max(state.pages, expected if most is None else min(expected, most))
        return sum(self._pages_total.values())

    def _merge(self, seen: dict[Kind, OrdinalSet], more: Mapping[Kind, OrdinalSet]) -> None:
        for kind, ordinals in more.items():
            seen[kind].update(ordinals)
            self._seen[kind].update(ordinals)

    @staticmethod
    def _distinct(seen: Mapping[Kind, OrdinalSet], dropped: set[int]) -> int:
        return sum(map(len, seen.values())) + len(dropped)


def _lacks(report: StepReport) -> bool:
    """Whether pages stayed empty or repeated others, and fewer items were seen than the provider claims."""
    return any(not one.complete and one.total is not None and report.distinct < one.total for one in report.scopes)
