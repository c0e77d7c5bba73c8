"""The walks of one item step: scope after scope, until the provider's own review finds nothing left to walk."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Final

from app.core.streams import ahead
from app.db.progress import WalkedBefore
from app.domain.kinds import Kind, StepName
from app.domain.ordinals import OrdinalSet
from app.jobs.tracker import JobTracker
from app.providers.base import Page, Provider, Scope, ScopeReport, StepReport
from app.sync.fetch import WalkState, walk
from app.sync.normalise import CategoryIds, draft
from app.sync.store import Batch, Store

BATCH_ROWS: Final = 1_400  # rows in one transaction: a batch of one page costs 5 to 9 times as much per row
BREATH: Final = 100  # records normalised in one go: about 2 ms in which the process does nothing else
MAX_ROUNDS: Final = 4  # reviews that may ask for more; each asks for what the round before could not prove


class Walks:
    """What one step's walks saw. `proven` = every item there could have been seen."""

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
        self.walked = False
        self.proven = True
        self.failed = False
        self.lost = False
        self.error: str | None = None

    async def run(self, scopes: Sequence[Scope], categories: Mapping[Kind, CategoryIds]) -> None:
        """Walks these scopes and what the reviews ask for; raises `ProviderError` when a walk cannot go on."""
        self._categories = categories
        self.proven = False
        reports: list[ScopeReport] = []
        pending = list(scopes)
        for _ in range(MAX_ROUNDS):
            reports += [await self._scope(scope) for scope in pending]
            report = StepReport(step=self._step, scopes=reports, distinct=self._distinct(self._seen, self._dropped))
            verdict = await self._provider.review(report)
            walked = {one.scope.name for one in reports}
            pending = [scope for scope in verdict.more if scope.name not in walked]
            if not pending:
                self.proven = verdict.proven and all(one.complete for one in reports)
                self.error = self.error or verdict.doubt
                break
        self.walked = bool(reports)

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
        if state.lost:
            self.lost = True
            self.error = f"{len(state.lost)} of {state.expected_pages} pages could not be fetched: {state.error}"
        self._dropped |= dropped
        distinct = self._distinct(seen, dropped)
        return ScopeReport(scope=scope, complete=state.complete, distinct=distinct, total=state.total)

    async def _batches(self, state: WalkState, done: set[int], dropped: set[int]) -> AsyncGenerator[Batch, None]:
        batch = Batch(scope=state.scope.name)
        async with aclosing(walk(self._provider, state, done)) as pages:
            async for page in pages:
                await self._add(batch, page, dropped)
                if batch.size >= BATCH_ROWS:
                    yield batch
                    batch = Batch(scope=state.scope.name)
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
        batch.rejected.extend(one for one in page.rejected if one.kind in self._kinds)
        batch.pages.append(page.number)
        batch.size += len(page.records)

    def _expect(self, state: WalkState) -> int:
        expected = state.expected_pages
        self._pages_total[state.scope.name] = max(state.pages, expected or 0)
        return sum(self._pages_total.values())

    def _merge(self, seen: dict[Kind, OrdinalSet], more: Mapping[Kind, OrdinalSet]) -> None:
        for kind, ordinals in more.items():
            seen[kind].update(ordinals)
            self._seen[kind].update(ordinals)

    @staticmethod
    def _distinct(seen: Mapping[Kind, OrdinalSet], dropped: set[int]) -> int:
        return sum(map(len, seen.values())) + len(dropped)
