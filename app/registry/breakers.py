"""The circuit breakers of all providers: their rows decide, what this process knows of them is a moment old at most."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col

from app.core.clock import now_ms, rfc3339
from app.core.errors import Rejected
from app.core.redaction import scrub
from app.db.engine import Database, Writer
from app.db.tables import Provider, metadata
from app.domain.breaker import CLOSED, Breaker, BreakerState, open_ms
from app.providers.base import AccountStatus

PROVIDER: Final = metadata.tables["provider"]
COLUMNS: Final = (
    PROVIDER.c.breaker_refusals,
    PROVIDER.c.breaker_trips,
    PROVIDER.c.breaker_until,
    PROVIDER.c.breaker_reason,
)
SHUT: Final[dict[str, Any]] = {
    "breaker_refusals": 0,
    "breaker_trips": 0,
    "breaker_until": None,
    "breaker_reason": None,
}
FRESH_SECONDS: Final = 2.0  # how late another process may hear of an opening; pages come faster than that

Rule = Callable[[Breaker], Breaker]

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Known:
    """What this process knows of one breaker; `answered_at` in ms."""

    breaker: Breaker = CLOSED
    reason: str = ""
    read_at: float = float("-inf")
    answered_at: int = 0


class Breakers:
    """Makes the gates that all which talks to a provider goes through."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, _Known] = {}

    def gate(self, provider_id: str) -> "ProviderGate":
        """A gate for one client of a provider, by its public id."""
        return ProviderGate(self, provider_id)

    def forget(self, provider_id: str) -> None:
        """The next client asks the database."""
        self.known(provider_id).read_at = float("-inf")

    def known(self, provider_id: str) -> _Known:
        return self._known.setdefault(provider_id, _Known())

    async def current(self, provider_id: str, *, fresh: bool) -> _Known:
        """The breaker as it stood a moment ago, with `fresh` as it stands."""
        known = self.known(provider_id)
        if fresh or time.monotonic() - known.read_at > FRESH_SECONDS:
            known.read_at = time.monotonic()  # before the answer: what is asked in parallel asks once
            async with _tolerant(provider_id), self._database.reader() as reader:
                row = await reader.row(select(*COLUMNS).where(PROVIDER.c.id == provider_id))
                _learn(known, row)
        if _outdated(known):
            await self.change(provider_id, lambda _: CLOSED)
        return known

    async def change(self, provider_id: str, rule: Rule, reason: str | None = None) -> tuple[Breaker, Breaker]:
        """Applies a rule to the row; the breaker before and after. Nothing is written when nothing changes."""
        known = self.known(provider_id)
        before = after = known.breaker
        async with _tolerant(provider_id), self._database.writer() as writer:
            row = await writer.row(select(*COLUMNS).where(PROVIDER.c.id == provider_id).with_for_update())
            _learn(known, row)
            before, after = known.breaker, rule(known.breaker)
            if after != before:
                await _write(writer, provider_id, after, reason)
        known.breaker, known.reason = after, reason or known.reason
        return before, after

    async def remember(self, provider_id: str, account: AccountStatus) -> None:
        """Keeps the account as it was seen; what is not known this time stays as it was."""
        async with _tolerant(provider_id), self._database.writer() as writer:
            found = await writer.row(select(PROVIDER.c.account).where(PROVIDER.c.id == provider_id).with_for_update())
            stored = (found.account if found else None) or {}
            limits = {"expiresAt": account.expires_at, "maxConnections": account.max_connections}
            seen = {"status": account.status, **{name: value for name, value in limits.items() if value is not None}}
            if found and seen != {name: stored.get(name) for name in seen}:
                values = {"account": {**dict.fromkeys(limits), **stored, **seen, "seenAt": now_ms()}}
                await writer.execute(update(Provider).where(col(Provider.id) == provider_id).values(**values))


class ProviderGate:
    """The gate of one client; the attempt that a half-open breaker lets through belongs to the gate that took it."""

    def __init__(self, breakers: Breakers, provider_id: str) -> None:
        self._breakers = breakers
        self._id = provider_id
        self._begun = False
        self._refused = False
        self._trial: int | None = None

    async def check(self) -> bool:
        """Raises `Rejected` while the breaker is open; True when what this client remembers may be out of date."""
        known = await self._breakers.current(self._id, fresh=not self._begun)
        self._begun = True
        state = known.breaker.state(now_ms())
        if state is BreakerState.OPEN and self._trial == known.breaker.until:
            return False
        if state is BreakerState.HALF_OPEN:
            state = await self._take()
        if state is BreakerState.OPEN:
            raise Rejected(_left_alone(known))
        if state is BreakerState.CLOSED:
            self._trial = None
        anew = state is BreakerState.HALF_OPEN or (self._refused and not known.breaker.refusals)
        self._refused = self._refused and not anew
        return anew

    async def answered(self) -> None:
        known = self._breakers.known(self._id)
        known.answered_at = now_ms()
        self._refused, self._trial = False, None
        if known.breaker != CLOSED:
            before, _ = await self._breakers.change(self._id, lambda _: CLOSED)
            if before.trips:
                log.info("provider_answers_again", provider_id=self._id)

    async def refused(self, error: Rejected) -> None:
        trial, self._trial, self._refused = self._trial, None, True

        def rule(before: Breaker) -> Breaker:
            return before.failed(now_ms()) if trial and before.until == trial else before.refused(now_ms())

        reason = scrub(error.detail)  # the provider's words may quote what we sent
        before, after = await self._breakers.change(self._id, rule, reason)
        if after.trips > before.trips:
            log.warning("provider_left_alone", provider_id=self._id, until=rfc3339(after.until), reason=reason)

    async def seen(self, account: AccountStatus) -> None:
        await self._breakers.remember(self._id, account)

    async def _take(self) -> BreakerState:
        """Makes the one attempt this client's; OPEN when it went to another."""

        def rule(before: Breaker) -> Breaker:
            now = now_ms()
            return before.tried(now) if before.state(now) is BreakerState.HALF_OPEN else before

        before, after = await self._breakers.change(self._id, rule)
        if after == before:
            return after.state(now_ms())
        self._trial = after.until
        return BreakerState.HALF_OPEN


def breaker_of(row: Any) -> Breaker:
    """The breaker in a provider's row."""
    return Breaker(refusals=row.breaker_refusals, trips=row.breaker_trips, until=row.breaker_until)


def _learn(known: _Known, row: Any) -> None:
    known.breaker, known.reason = (breaker_of(row), row.breaker_reason or "") if row else (CLOSED, "")


def _outdated(known: _Known) -> bool:
    """Whether this process was let in after another one found itself refused."""
    breaker = known.breaker
    return breaker.until is not None and known.answered_at > breaker.until - open_ms(breaker.trips)


async def _write(writer: Writer, provider_id: str, breaker: Breaker, reason: str | None) -> None:
    values = SHUT
    if breaker != CLOSED:
        values = {
            "breaker_refusals": breaker.refusals,
            "breaker_trips": breaker.trips,
            "breaker_until": breaker.until,
        }
    if reason is not None:
        values = {**values, "breaker_reason": reason, "last_error": reason, "last_error_at": now_ms()}
    await writer.execute(update(Provider).where(col(Provider.id) == provider_id).values(**values))


def _left_alone(known: _Known) -> str:
    breaker, said = known.breaker, known.reason or "the login was refused."
    until = rfc3339(-(-(breaker.until or 0) // 1000) * 1000)
    return f"The provider is left alone until {until}; it refused {breaker.refusals} times in a row: {said}"


@asynccontextmanager
async def _tolerant(provider_id: str) -> AsyncIterator[None]:
    """A database that is away for a moment makes no provider refuse and ends no sync."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        log.warning("breaker_out_of_reach", provider_id=provider_id, error=type(error).__name__)
