"""Queries at three levels: what was answered a moment ago, the mirror, the portal."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from app.core import jsonio
from app.core.clock import now_ms
from app.core.errors import Invalid, Unavailable
from app.mirror.asking import Asked, Reading
from app.mirror.dialects import asked_ids
from app.mirror.layout import VIEW
from app.mirror.local import Found, TooSlow, run
from app.mirror.memory import Kept, Memory, MemoryView, Stamp
from app.mirror.metrics import CACHE, QUERIES, SECONDS
from app.mirror.ondemand import OnDemand
from app.mirror.records import TableRecord
from app.mirror.service import Mirror
from app.providers.base import ProviderAccount
from app.providers.iptvportal.errors import QueryRefused

MOST_ROWS: Final = 10_000
MOST_SECONDS: Final = 30.0
AT_ONCE: Final = 4  # statements in mirrors: the rest of the process needs threads and connections too
STATE_SECONDS: Final = 1.0  # another process may have synced: so long an answer may be older than the mirror


class Mode(StrEnum):
    """Who may answer: whoever is best, the mirror alone, the portal alone."""

    AUTO = "auto"
    LOCAL = "local"
    REMOTE = "remote"


class Source(StrEnum):
    MEMORY = "memory"
    MIRROR = "mirror"
    REMOTE = "remote"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`transpiled` is the JSONSQL of it, None where it cannot be said there; `stale`: the mirror's rows are old.

    `request` is what would be posted, in a dry run, which has no rows.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]] = field(repr=False)
    source: Source
    transpiled: Mapping[str, Any] | None
    elapsed_ms: float
    truncated: bool = False
    stale: bool = False
    request: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """A provider as it was a moment ago."""

    until: float
    account: ProviderAccount
    records: Mapping[str, TableRecord]

    def stamp(self, tables: frozenset[str]) -> Stamp:
        return tuple((name, self.records[name].version) for name in sorted(tables) if name in self.records)


class Queries:
    """`rows` and `seconds` are the most that an answer may have and take."""

    def __init__(self, mirror: Mirror, memory: Memory, *, rows: int = MOST_ROWS, seconds: float = MOST_SECONDS) -> None:
        self._mirror = mirror
        self._memory = memory
        self._reading = Reading(mirror)
        self._rows = rows
        self._seconds = seconds
        self._states: dict[int, _State] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def run(
        self, provider_pk: int, sql: str, *, mode: Mode = Mode.AUTO, dry_run: bool = False, limit: int | None = None
    ) -> Answer:
        """Answers a SELECT; `Inexpressible` for all else, and for what nobody can answer."""
        began = time.perf_counter()
        state = await self._state(provider_pk)
        asked = self._reading.asked(state.account, sql)
        rows = min(limit or self._rows, self._rows)
        if dry_run:
            now = await self._state(provider_pk, fresh=True)
            return _answer(asked, await self._dry(asked, mode, now, rows), began)
        key = (state.account.id, sql, mode.value, rows)
        if mode is not Mode.REMOTE and (known := self._remembered(key, state)) is not None:
            return _answer(asked, _Told(found=known, source=Source.MEMORY), began)
        state = await self._state(provider_pk, fresh=True)
        told = await self._answered(provider_pk, asked, mode, state.records, rows)
        if not told.stale and mode is not Mode.REMOTE:  # which never asks what is remembered
            state = await self._state(provider_pk)
            self._memory.put(key, _kept(told.found, asked.tables, state.stamp(asked.tables)))
        return _answer(asked, told, began)

    def forget(self, provider_id: str, table: str | None = None) -> int:
        """Drops what is remembered of a table, or of all of a provider's; how many answers that were."""
        self._states = {pk: one for pk, one in self._states.items() if one.account.id != provider_id}
        return self._memory.forget(provider_id, table)

    async def remembered(self, provider_pk: int) -> MemoryView:
        """What this process remembers of a provider's answers, and how often that helped."""
        return self._memory.view((await self._mirror.account(provider_pk)).id)

    def _remembered(self, key: tuple[str, str, str, int], state: _State) -> Found | None:
        kept = self._memory.get(key)
        hit = kept is not None and kept.stamp == state.stamp(kept.tables)
        CACHE.labels("memory", "hit" if hit else "miss").inc()
        self._memory.looked(key[0], hit=hit)
        if kept is None or not hit:
            return None
        return Found(columns=kept.columns, rows=kept.rows, truncated=kept.truncated)

    async def _answered(
        self, provider_pk: int, asked: Asked, mode: Mode, records: Mapping[str, TableRecord], limit: int
    ) -> "_Told":
        if mode is Mode.REMOTE:
            return await self._remote(asked, limit)
        usable = asked.filled(records) and await self._demanded(asked, records, mode)
        stale = asked.stale(records, now_ms()) if usable else []
        CACHE.labels("mirror", "hit" if usable and not stale else "miss").inc()
        if usable and not stale:
            return await self._local(asked, limit)
        if stale:
            await self._mirror.refresh_soon(provider_pk, stale)
        if mode is Mode.LOCAL or not asked.sendable:
            if not usable:
                raise asked.missing(records) if mode is Mode.LOCAL or asked.refusal is None else asked.refusal
            return await self._local(asked, limit, stale=True)
        try:
            return await self._remote(asked, limit)
        except (Unavailable, TooSlow):
            if not usable:
                raise
            return await self._local(asked, limit, stale=True)

    async def _demanded(self, asked: Asked, records: Mapping[str, TableRecord], mode: Mode) -> bool:
        """Whether the rows that are kept on demand are here; those that are asked for by id are fetched."""
        wanted = asked.on_demand()
        if not wanted:
            return True
        if mode is Mode.LOCAL:
            return all((one := records.get(name)) is not None and one.filled for name in wanted)
        wish = asked_ids(asked.sql)
        if wish is None or {wish.table.removesuffix(VIEW)} != asked.tables:
            return False
        account, schema = asked.account, asked.schemas[wanted[0]]
        if await OnDemand(self._mirror.home(account), self._mirror.portal(account), schema).ensure(wish.ids):
            self.forget(account.id, schema.name)
        return True

    async def _local(self, asked: Asked, limit: int, *, stale: bool = False) -> "_Told":
        try:
            async with asyncio.timeout(self._seconds):
                await self._turns.acquire()
        except TimeoutError:
            raise TooSlow(self._seconds) from None
        try:
            found = await run(self._mirror.home(asked.account), asked.sql, limit=limit, seconds=self._seconds)
        finally:
            self._turns.release()
        return _Told(found=found, source=Source.MIRROR, stale=stale)

    async def _remote(self, asked: Asked, limit: int) -> "_Told":
        try:
            async with asyncio.timeout(self._seconds):
                rows = await self._mirror.portal(asked.account).select(_limited(asked, limit))
        except TimeoutError:
            raise TooSlow(self._seconds) from None
        except QueryRefused as refused:
            raise Invalid([("query", str(refused))]) from None
        made = [list(row) if isinstance(row, list) else [row] for row in rows[:limit]]
        found = Found(columns=asked.named(made), rows=made, truncated=len(rows) > limit)
        return _Told(found=found, source=Source.REMOTE)

    async def _dry(self, asked: Asked, mode: Mode, state: _State, limit: int) -> "_Told":
        """Who would answer, and with what words; nobody is asked."""
        here = asked.filled(state.records) and not asked.on_demand()
        stale = here and bool(asked.stale(state.records, now_ms()))
        local = mode is Mode.LOCAL or (mode is Mode.AUTO and here and (not stale or not asked.sendable))
        nothing = Found(columns=(), rows=())
        if local:
            return _Told(found=nothing, source=Source.MIRROR, stale=stale)
        request = self._mirror.portal(asked.account).prepare(_limited(asked, limit))
        return _Told(found=nothing, source=Source.REMOTE, request=request)

    async def _state(self, provider_pk: int, *, fresh: bool = False) -> _State:
        known = self._states.get(provider_pk)
        if known is None or fresh or known.until <= time.monotonic():
            account = await self._mirror.account(provider_pk)
            records = await self._mirror.records(account)
            known = _State(until=time.monotonic() + STATE_SECONDS, account=account, records=records)
            self._states[provider_pk] = known
        return known


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    found: Found
    source: Source
    stale: bool = False
    request: Mapping[str, Any] | None = None


def _limited(asked: Asked, limit: int) -> dict[str, Any]:
    """What the portal is asked: a row more than may be answered tells that there are more."""
    own = asked.sent.params.get("limit")
    return {**asked.sent.params, "limit": limit + 1 if own is None else min(own, limit + 1)}


def _kept(found: Found, tables: frozenset[str], stamp: Stamp) -> Kept:
    weight = len(jsonio.dumps(found.rows, default=str)) + 200
    return Kept(
        columns=found.columns, rows=found.rows, tables=tables, stamp=stamp, weight=weight, truncated=found.truncated
    )


def _answer(asked: Asked, told: _Told, began: float) -> Answer:
    seconds = time.perf_counter() - began
    if told.request is None:
        QUERIES.labels(told.source.value).inc()
        SECONDS.labels(told.source.value).observe(seconds)
    statement = asked.statement
    return Answer(
        columns=told.found.columns,
        rows=told.found.rows,
        source=told.source,
        transpiled=None if statement is None else {"method": statement.method.value, "params": statement.params},
        elapsed_ms=round(seconds * 1000, 3),
        truncated=told.found.truncated,
        stale=told.stale,
        request=told.request,
    )
