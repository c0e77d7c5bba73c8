"""One sync of one provider, as a table of contents: plan, then per step fetch → normalise → store → finalise."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass

from app.core.clock import now_ms
from app.core.errors import LineupError, ProviderError, Rejected
from app.db import categories, items, providers
from app.db.engine import Database
from app.db.progress import WalkedBefore
from app.domain.kinds import CATEGORY_STEPS, ITEM_STEPS, Kind, StepName, StepStatus
from app.domain.ordinals import OrdinalSet
from app.domain.outcomes import CLEAN, joined
from app.jobs.tracker import JobTracker
from app.providers.base import Provider, Scope
from app.sync.categories import store_categories
from app.sync.finalise import derive, finalise, weigh
from app.sync.ledger import Ledger
from app.sync.missing import describe
from app.sync.normalise import CategoryIds
from app.sync.plan import Plan, due_kinds, plan
from app.sync.store import Store
from app.sync.walks import Walks


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedStep:
    """The outcome of a step; `changed` = there may be rows to publish now."""

    step: StepName
    status: StepStatus
    changed: bool
    error: str | None = None


class SyncPipeline:
    """Walks what a job asks for. A failed step is an outcome; only a lost lease or a cancellation ends a run early."""

    def __init__(
        self, *, database: Database, provider: Provider, provider_pk: int, provider_id: str, job: JobTracker
    ) -> None:
        self._database = database
        self._provider = provider
        self._pk = provider_pk
        self._id = provider_id
        self._job = job
        self._ledger = Ledger(database, job, provider_id)
        self._store = Store(self._ledger)
        self._refused: str | None = None
        self._walks: dict[Kind, list[Walks]] = {kind: [] for kind in Kind}
        self._before: dict[str, WalkedBefore] = {}

    async def run(self) -> AsyncIterator[FinishedStep]:
        """Runs the steps and yields each as it ends; category steps run before the first walk that needs them."""
        chosen = await self._plan()
        done = {step.name for step in self._job.steps if step.status is StepStatus.COMPLETED}  # by an earlier attempt
        await self._job.plan(chosen.steps)
        self._before = await self._ledger.open()
        waiting = list(chosen.steps)
        while waiting:
            step = waiting[0]
            scopes, error = await self._scopes(step, chosen)
            step = next((one for one in _categories_of(scopes) if one in waiting), step)
            waiting.remove(step)
            if step in done and error is None and _is_alone(step, scopes):
                yield FinishedStep(step=step, status=StepStatus.COMPLETED, changed=not waiting)
                continue
            yield await self._run(step, chosen, scopes, error, last=not waiting)
            await self._ledger.refresh_version()

    async def _plan(self) -> Plan:
        async with self._database.reader() as reader:
            stored = {kind: await items.count_active(reader, kind, self._pk) for kind in Kind}
            every_hours, walked_at = await providers.full_walks(reader, self._pk)
        return plan(
            mode=self._job.mode,
            only=self._job.only,
            stored=stored,
            due=due_kinds(walked_at, every_hours=every_hours, now=now_ms()),
            begun=frozenset(step.name for step in self._job.steps if step.name.kind is not None),
        )

    async def _scopes(self, step: StepName, chosen: Plan) -> tuple[Sequence[Scope], str | None]:
        if self._refused or not step.brings_items:
            return (), self._refused
        try:
            found = await self._provider.scopes(step, chosen.kinds)
            begun = any(scope.name in self._before for scope in found)  # in full, by an earlier attempt
            if _kind(step) in chosen.newest and not begun:
                found = await self._provider.scopes(step, chosen.kinds, newest=True)
            return found, None  # noqa: TRY300 - what is caught above is all of it
        except ProviderError as error:
            return (), await self._explain(error)

    async def _run(
        self, step: StepName, chosen: Plan, scopes: Sequence[Scope], error: str | None, *, last: bool
    ) -> FinishedStep:
        self._job.check()
        await self._job.begin(step)
        if step.brings_items:
            status, error = await self._items(step, chosen, scopes, error)
        else:
            status, error = await self._category_list(step)
        if status in CLEAN and last:
            await self._ledger.ensure_version()
        await self._job.end(step, status, error)
        changed = last or (step.brings_items and self._ledger.take_wrote())
        return FinishedStep(step=step, status=status, changed=changed, error=error)

    async def _category_list(self, step: StepName) -> tuple[StepStatus, str | None]:
        if self._refused:
            return StepStatus.FAILED, self._refused
        kind = _kind(step)
        try:
            found = await self._provider.categories(kind)
        except ProviderError as error:
            return StepStatus.FAILED, await self._explain(error)
        held = await store_categories(self._ledger, kind=kind, found=found)
        return (StepStatus.PARTIAL, held) if held else (StepStatus.COMPLETED, None)

    async def _items(
        self, step: StepName, chosen: Plan, scopes: Sequence[Scope], error: str | None
    ) -> tuple[StepStatus, str | None]:
        kind = _kind(step)
        walks = Walks(
            provider=self._provider,
            store=self._store,
            job=self._job,
            step=step,
            kinds=chosen.kinds,
            provider_id=self._id,
            before=self._before,
        )
        for one in {kind, *(found for scope in scopes for found in scope.kinds)}:
            self._walks[one].append(walks)
        try:
            if error is None and scopes:  # none: an earlier step's walk brought this kind
                await walks.run(scopes, await self._category_ids(chosen.kinds))
        except ProviderError as failure:
            error = await self._explain(failure)
        walks.error = walks.error or error
        walks.failed = error is not None
        return await self._finish(kind, chosen, walks)

    async def _finish(self, kind: Kind, chosen: Plan, own: Walks) -> tuple[StepStatus, str | None]:
        """Judges a kind by all walks that could have brought it: those of its own step and of earlier ones."""
        walks = self._walks[kind]
        proven = all(one.proven for one in walks) and any(one.walked for one in walks)
        held = None
        if any(one.newest for one in walks):
            self._store.forget(kind)
        else:
            await self._store.settle(kind)
            held = await self._sweep(kind, chosen, own, proven=proven)
        for one in chosen.kinds:
            await derive(self._ledger, one)
        errors = [one.error for one in walks if one.error]
        if any(one.failed for one in walks):
            return StepStatus.FAILED, joined(errors)
        status = StepStatus.COMPLETED if any(one.walked for one in walks) else StepStatus.SKIPPED  # no such list
        status = StepStatus.PARTIAL if held or any(one.lost for one in walks) else status
        async with self._ledger.transaction() as writer:
            whole = proven and status is StepStatus.COMPLETED
            await providers.mark_synced(writer, self._pk, kind, now_ms(), walked=whole)
        return status, joined([*errors, held]) if status is StepStatus.PARTIAL else None

    async def _sweep(self, kind: Kind, chosen: Plan, own: Walks, *, proven: bool) -> str | None:
        """Removes what is gone: nothing that was not looked for once more."""
        shelf, gone, doubt = self._ledger.shelves[kind], OrdinalSet(), None
        doomed = (await weigh(self._ledger, kind)).doomed if proven else OrdinalSet()
        if len(doomed):
            described = await describe(self._ledger, kind, doomed)
            try:
                found = await own.search(described, shelf.seen, await self._category_ids(chosen.kinds))
            except ProviderError as error:
                doubt = await self._explain(error)
            else:
                sure = (place for key, place in described.places.items() if key in found.gone)
                gone, doubt = doomed if found.all_gone else OrdinalSet(sure), found.doubt
        return await finalise(self._ledger, kind, proven=proven, gone=gone, doubt=doubt)

    async def _category_ids(self, kinds: Iterable[Kind]) -> dict[Kind, CategoryIds]:
        async with self._database.reader() as reader:
            stored = {kind: await categories.load(reader, kind, self._pk) for kind in kinds}
        return {
            kind: {(one.space, one.external_id): one.id for one in found.values() if one.is_active}
            for kind, found in stored.items()
        }

    async def _explain(self, error: ProviderError) -> str:
        """The sentence for a step; after a refusal of the account, not of one list, nothing more is asked for."""
        if isinstance(error, Rejected) and self._refused is None:
            try:
                status = await self._provider.test()
                self._refused = None if status.ok else error.detail
            except LineupError:
                self._refused = error.detail
        return error.detail


def _kind(step: StepName) -> Kind:
    kind = step.kind
    if kind is None:
        raise ValueError(f"{step} brings no kind")
    return kind


def _is_alone(step: StepName, scopes: Sequence[Scope]) -> bool:
    """Whether a step's walks bring nothing that a later step is judged by."""
    return not step.brings_items or all(scope.kinds <= {step.kind} for scope in scopes)


def _categories_of(scopes: Sequence[Scope]) -> list[StepName]:
    kinds = {kind for scope in scopes for kind in scope.kinds}
    return [CATEGORY_STEPS[kind] for kind in ITEM_STEPS if kind in kinds]
