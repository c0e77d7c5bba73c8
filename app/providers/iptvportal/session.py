"""The session of one user: kept where its owner wants it, renewed before its end, and once for all who lost it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from app.core.clock import now_ms
from app.core.errors import ProviderError
from app.core.redaction import conceal

LIFETIME_SECONDS: Final = 3600.0  # what clients assume; no portal was seen to tell (protocols/iptvportal.md, 2)
MARGIN: Final = 0.1  # of the lifetime, and at most a minute: so long before its end a session is renewed
MOST_MARGIN_MS: Final = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A secret, and when it began and ends (ms since the epoch)."""

    id: str = field(repr=False)
    opened_at: int
    expires_at: int

    @property
    def fresh(self) -> bool:
        """Whether it may still be used; a clock that was set back ends it too."""
        now = now_ms()
        margin = min(MOST_MARGIN_MS, int((self.expires_at - self.opened_at) * MARGIN))
        return self.opened_at - MOST_MARGIN_MS <= now < self.expires_at - margin


class SessionStore(Protocol):
    """Where a session outlives the process. Whoever implements it encrypts it at rest, and answers None when unsure.

    One store belongs to one user at one portal.
    """

    async def load(self) -> Session | None: ...

    async def save(self, session: Session | None) -> None:
        """None: there is none any more."""
        ...


class MemoryStore:
    """Forgets with the process."""

    def __init__(self) -> None:
        self._session: Session | None = None

    async def load(self) -> Session | None:
        return self._session

    async def save(self, session: Session | None) -> None:
        self._session = session


class Sessions:
    """`log_in` opens one; whoever comes meanwhile waits for it, and shares its failure."""

    def __init__(self, log_in: Callable[[], Awaitable[Session]], store: SessionStore | None = None) -> None:
        self._log_in = log_in
        self._store = store or MemoryStore()
        self._session: Session | None = None
        self._lock = asyncio.Lock()
        self._failure: tuple[float, ProviderError] | None = None
        self._unproven = ""  # the session of the last login, until it opened something

    async def current(self) -> Session:
        """The session to ask with."""
        session = self._session
        return session if session is not None and session.fresh else await self.renew(None)

    async def renew(self, lost: Session | None) -> Session:
        """Another session than the `lost` one, which the portal refused; logs in unless somebody else did."""
        asked = time.monotonic()
        async with self._lock:
            if self._usable(self._session, lost):
                return self._kept(self._session)
            if self._failure is not None and self._failure[0] >= asked:
                raise self._failure[1]
            # Another process may have renewed it.
            stored = await self._store.load()
            if self._usable(stored, lost):
                return self._kept(stored)
            return await self._open()

    def served(self, session: Session) -> None:
        """The portal took the session."""
        if session.id == self._unproven:
            self._unproven = ""

    def useless(self, session: Session) -> bool:
        """Whether it is fresh from the portal and was never taken: another one would be no better."""
        return session.id == self._unproven

    async def open(self) -> Session:
        """A new session, whatever there was."""
        async with self._lock:
            return await self._open()

    async def _open(self) -> Session:
        try:
            session = await self._log_in()
        except ProviderError as error:
            self._failure = (time.monotonic(), error)
            self._session = None
            await self._store.save(None)
            raise
        self._failure = None
        self._unproven = session.id
        self._kept(session)
        await self._store.save(session)
        return session

    @staticmethod
    def _usable(session: Session | None, lost: Session | None) -> bool:
        return session is not None and session.fresh and (lost is None or session.id != lost.id)

    def _kept(self, session: Session | None) -> Session:
        assert session is not None  # noqa: S101 - it was looked at
        conceal(session.id)
        self._session = session
        return session
