"""Tags: who gives them, who has them, and what brings both together."""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Row, select
from sqlmodel import col

from app.core.errors import Conflict, Invalid, NotFound
from app.db import policies, providers, tags
from app.db.engine import Database, Reader
from app.db.tables import CatalogueHead, Provider, ProviderRuleset
from app.domain.kinds import Kind
from app.domain.live import LiveChannel
from app.domain.marking import Policy
from app.jobs import lease
from app.jobs.requests import live_job
from app.tags.filters import Filters, filter_of
from app.tags.filters import sound as sound_filter
from app.tags.own import OwnTagging
from app.tags.processing import NO_JOB, Processing
from app.tags.rulesets import Rulesets, rule_of, sound
from app.tags.trial import Tried, tried
from app.tags.views import FilterView, Processed, RuleView, Trial

Publish = Callable[[int, int], Awaitable[str | None]]
Live = Callable[[int], Awaitable[Sequence[LiveChannel]]]
SAMPLES: Final = 20


class Tags:
    """`publish` makes a provider's next version under a fence; `live` reads the channels of one never synced."""

    def __init__(self, database: Database, *, publish: Publish, live: Live) -> None:
        self._database = database
        self._publish = publish
        self._live = live
        self._counted: dict[tuple[int, Kind], tuple[tuple[Any, ...], Mapping[str, int]]] = {}
        self.processing = Processing(database)
        self.rulesets = Rulesets(database)
        self.filters = Filters(database)
        self.own = OwnTagging(database, self.processing)

    async def process(self, provider_pk: int) -> Processed:
        """Marks everything again and publishes what changed; `Conflict` while a sync is queued or running.

        A provider that was never synced is read live: its channels' tags are counted and nothing is stored.
        """
        async with self._database.reader() as reader:
            if await live_job(reader, provider_pk):
                raise Conflict("A sync of this provider is queued or running.", code="job_live")
            stored = await providers.stored_kinds(reader, [provider_pk])
        if not stored.get(provider_pk):
            given = sum(len(one.tags) for one in await self._live(provider_pk))
            return Processed(tags_created=given, tags_updated=0, tags_removed=0, using_database=False)
        async with lease.held(self._database, provider_pk=provider_pk, job_id=NO_JOB) as fence:
            run = await self.processing.whole(provider_pk, fence)
            await self._publish(provider_pk, fence)
        created, kept, removed = run.counts
        return Processed(tags_created=created, tags_updated=kept, tags_removed=removed, using_database=True)

    async def names(self, kind: Kind, provider_id: str | None = None, *, counts: bool = False) -> dict[str, int | None]:
        """The tags of a provider's items of one kind, or of all providers'; how many active ones have each."""
        found: Counter[str] = Counter()
        async with self._database.reader() as reader:
            for head in await _heads(reader, provider_id):
                if counts:
                    found.update(await self._counts(reader, kind, head))
                else:
                    found.update(dict.fromkeys(await tags.spellings(reader, kind, head.provider_pk), 1))
        return {name: found[name] if counts else None for name in sorted(found)}

    async def try_rules(
        self,
        ruleset_id: str,
        *,
        provider_id: str | None = None,
        rules: Sequence[RuleView] | None = None,
        rule: RuleView | None = None,
        kinds: Collection[Kind] = tuple(Kind),
        samples: int = SAMPLES,
    ) -> Trial:
        """What a ruleset would do with other `rules`, or with one `rule` more (in place of the one with its id)."""
        chosen = list(rules) if rules is not None else await self.rulesets.rules(ruleset_id)
        if rule is not None:
            chosen = [one for one in chosen if not rule.id or one.id != rule.id] + [sound(rule)]
        usable = [sound(one) for one in chosen if one.enabled and one.trouble is None]
        usable = [replace(one, id=one.id or f"new-{number}") for number, one in enumerate(usable)]
        usable.sort(key=lambda one: one.priority)
        made = list(map(rule_of, usable))
        asked = await self._having(ruleset_id, provider_id)
        async with self._database.reader() as reader:
            asked_of: list[Tried] = [
                (pk, public, await policies.load_policy(reader, pk, {ruleset_id: made})) for pk, public in asked
            ]
        return await tried(self._database, asked_of, kinds=kinds, samples=samples)

    async def try_filters(
        self,
        provider_pk: int,
        provider_id: str,
        *,
        filters: Sequence[FilterView] | None = None,
        kinds: Collection[Kind] = tuple(Kind),
        samples: int = SAMPLES,
    ) -> Trial:
        """What a provider would show with other filters; None = those that are stored."""
        chosen = list(filters) if filters is not None else await self.filters.every(provider_pk)
        usable = [replace(sound_filter(one), id=one.id or f"new-{place}") for place, one in enumerate(chosen)]
        usable = [one for one in usable if one.enabled and one.trouble is None]
        async with self._database.reader() as reader:
            policy = await policies.load_policy(reader, provider_pk)
        policy = Policy(rules=policy.rules, filters=tuple(map(filter_of, usable)))
        return await tried(self._database, [(provider_pk, provider_id, policy)], kinds=kinds, samples=samples)

    async def _counts(self, reader: Reader, kind: Kind, head: Row[Any]) -> Mapping[str, int]:
        """Counted once per published state; while something waits to be published, each time."""
        key, state = (head.provider_pk, kind), (head.epoch, head.version)
        known = self._counted.get(key)
        if known is None or known[0] != state or head.pending:
            known = self._counted[key] = state, await tags.counted(reader, kind, head.provider_pk)
            if head.pending:
                del self._counted[key]
        return known[1]

    async def _having(self, ruleset_id: str, provider_id: str | None) -> list[tuple[int, str]]:
        query = select(col(Provider.pk), col(Provider.id)).order_by(col(Provider.pk))
        if provider_id is None:
            joined = col(ProviderRuleset.provider_pk) == col(Provider.pk)
            query = query.join(ProviderRuleset, joined).where(col(ProviderRuleset.ruleset_id) == ruleset_id)
        else:
            query = query.where(col(Provider.id) == provider_id)
        async with self._database.reader() as reader:
            rows = [(row.pk, row.id) for row in await reader.rows(query)]
        if not rows:
            said = "There is no such provider." if provider_id else "No provider has this ruleset: name one."
            raise Invalid([("providerId", said)])
        return rows


async def _heads(reader: Reader, provider_id: str | None) -> Sequence[Row[Any]]:
    head = CatalogueHead
    columns = (col(head.provider_pk), col(head.epoch), col(head.version), col(head.pending))
    query = select(*columns).join(Provider, col(Provider.pk) == col(head.provider_pk)).order_by(col(Provider.pk))
    if provider_id is not None:
        query = query.where(col(Provider.id) == provider_id)
    rows = await reader.rows(query)
    if provider_id is not None and not rows:
        raise NotFound("There is no such provider.")
    return rows
