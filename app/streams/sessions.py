"""Providers kept open for a while: each login may end another session of the same account, and costs a second."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from app.providers.base import Provider, ProviderAccount

IDLE_SECONDS: Final = 300.0

Accounts = Callable[[int], Awaitable[ProviderAccount]]
Opener = Callable[[ProviderAccount], Provider]


@dataclass(slots=True, eq=False)
class _Session:
    account: ProviderAccount
    provider: Provider
    users: int = 0
    used_at: float = field(default_factory=time.monotonic)


class Sessions:
    """One open provider per account; one whose account changed or that idles is closed once nobody uses it."""

    def __init__(self, accounts: Accounts, opener: Opener) -> None:
        self._accounts = accounts
        self._opener = opener
        self._open: dict[int, _Session] = {}
        self._retired: list[_Session] = []
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def provider(self, provider_pk: int) -> AsyncIterator[Provider]:
        """The provider, logged in on first use."""
        async with self.opened(provider_pk) as (provider, _):
            yield provider

    @asynccontextmanager
    async def opened(self, provider_pk: int) -> AsyncIterator[tuple[Provider, ProviderAccount]]:
        """The same with the account that it was opened with."""
        session = await self._take(provider_pk)
        try:
            yield session.provider, session.account
        finally:
            session.users -= 1
            session.used_at = time.monotonic()
            await self._close_retired()

    async def close(self) -> None:
        """Closes all of them; to be called when nothing is asked any more."""
        self._retired += self._open.values()
        self._open.clear()
        for session in self._retired:
            session.users = 0
        await self._close_retired()

    async def _take(self, provider_pk: int) -> _Session:
        account = await self._accounts(provider_pk)
        async with self._turn:
            self._retire_idle()
            session = self._open.get(provider_pk)
            if session is None or session.account != account:
                if session is not None:
                    self._retired.append(session)
                provider = self._opener(account)
                await provider.__aenter__()
                session = self._open[provider_pk] = _Session(account, provider)
            session.users += 1
            return session

    def _retire_idle(self) -> None:
        oldest = time.monotonic() - IDLE_SECONDS
        for provider_pk, session in list(self._open.items()):
            if not session.users and session.used_at < oldest:
                self._retired.append(self._open.pop(provider_pk))

    async def _close_retired(self) -> None:
        idle = [session for session in self._retired if session.users <= 0]
        for session in idle:
            self._retired.remove(session)
            await session.provider.__aexit__(None, None, None)
