"""A provider behind its gate: nothing is asked while the gate is shut, and the gate hears how it went.

What counts as a refusal is an attempt, not a request: requests that were under way when one of them was refused add
nothing to it, nor does the login that is tried after a refusal. A refused link, season or episode counts only when
the login is refused too: a portal may refuse one film.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Protocol, Self, TypeVar

from app.core.errors import ProviderError, Rejected
from app.domain.kinds import Kind, StepName
from app.domain.programmes import ProgrammeRecord
from app.domain.records import EpisodeRecord, SeasonRecord
from app.providers.base import (
    AccountStatus,
    Categories,
    GuideLink,
    Missing,
    Page,
    Provider,
    Scope,
    Search,
    StepReport,
    StreamLink,
    Verdict,
)

T = TypeVar("T")


class Gate(Protocol):
    """Decides whether a provider may be asked; `check` and `answered` are called for every page."""

    async def check(self) -> bool:
        """Raises `Rejected` while the provider is not to be asked; True = log in anew before you ask."""
        ...

    async def answered(self) -> None:
        """The provider let this client in."""
        ...

    async def refused(self, error: Rejected) -> None:
        """An attempt was refused."""
        ...

    async def seen(self, account: AccountStatus) -> None:
        """The account as the provider described it."""
        ...


class GuardedProvider:
    """`opener` makes the adapter; a new one is made when a refusal that the old one remembers may be over."""

    def __init__(self, opener: Callable[[], Provider], gate: Gate) -> None:
        self._opener = opener
        self._gate = gate
        self._provider = opener()
        self._attempt = 0  # counts refusals: a call of an earlier attempt has nothing to add

    def __repr__(self) -> str:
        return f"<GuardedProvider {self._provider!r}>"

    async def __aenter__(self) -> Self:
        await self._provider.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        if (account := self._provider.account) is not None:
            await self._gate.seen(account)
        await self._provider.__aexit__(*exc)

    @property
    def endpoint(self) -> str | None:
        return self._provider.endpoint

    @property
    def parallel(self) -> int:
        return self._provider.parallel

    @property
    def account(self) -> AccountStatus | None:
        return self._provider.account

    async def test(self) -> AccountStatus:
        """Never counts as a refusal: it is asked after one."""
        status = await (await self._admitted()).test()
        if status.ok:
            await self._gate.answered()
        return status

    async def categories(self, kind: Kind) -> Categories:
        return await self._answered(lambda provider: provider.categories(kind))

    async def scopes(self, step: StepName, kinds: frozenset[Kind], *, newest: bool = False) -> Sequence[Scope]:
        return await self._asked(lambda provider: provider.scopes(step, kinds, newest=newest))

    async def page(self, scope: Scope, number: int) -> Page:
        return await self._answered(lambda provider: provider.page(scope, number))

    async def stream(self, scope: Scope) -> AsyncGenerator[Page, None]:
        attempt, provider = self._attempt, await self._admitted()
        try:
            async with aclosing(provider.stream(scope)) as pages:
                async for page in pages:
                    await self._gate.answered()
                    yield page
        except Rejected as error:
            await self._refused(attempt, error)
            raise

    async def review(self, report: StepReport) -> Verdict:
        return await self._asked(lambda provider: provider.review(report))

    async def search(self, missing: Missing) -> Search:
        return await self._asked(lambda provider: provider.search(missing))

    async def seasons(self, locator: Mapping[str, Any]) -> Sequence[SeasonRecord]:
        return await self._wanted(lambda provider: provider.seasons(locator))

    async def episodes(self, locator: Mapping[str, Any], season: SeasonRecord) -> Sequence[EpisodeRecord]:
        return await self._wanted(lambda provider: provider.episodes(locator, season))

    async def resolve(self, kind: Kind, locator: Mapping[str, Any]) -> StreamLink:
        return await self._wanted(lambda provider: provider.resolve(kind, locator))

    async def replay(self, locator: Mapping[str, Any], *, start_ms: int, minutes: int) -> StreamLink | None:
        return await self._asked(lambda provider: provider.replay(locator, start_ms=start_ms, minutes=minutes))

    async def guides(self) -> Sequence[GuideLink]:
        return await self._asked(lambda provider: provider.guides())

    @property
    def own_guide(self) -> bool:
        return self._provider.own_guide

    async def programmes(self, channels: Sequence[str], hours: int) -> AsyncGenerator[Sequence[ProgrammeRecord], None]:
        attempt, provider = self._attempt, await self._admitted()
        try:
            async with aclosing(provider.programmes(channels, hours)) as batches:
                async for batch in batches:
                    await self._gate.answered()
                    yield batch
        except Rejected as error:
            await self._refused(attempt, error)
            raise

    async def _admitted(self) -> Provider:
        if await self._gate.check():
            old, self._provider = self._provider, self._opener()
            await self._provider.__aenter__()
            await old.__aexit__(None, None, None)
        return self._provider

    async def _asked(self, call: Callable[[Provider], Awaitable[T]]) -> T:
        """A call that some dialects answer without asking: its success proves nothing."""
        attempt, provider = self._attempt, await self._admitted()
        try:
            return await call(provider)
        except Rejected as error:
            await self._refused(attempt, error)
            raise

    async def _answered(self, call: Callable[[Provider], Awaitable[T]]) -> T:
        found = await self._asked(call)
        await self._gate.answered()
        return found

    async def _wanted(self, call: Callable[[Provider], Awaitable[T]]) -> T:
        """A call for one item: when it is refused, a login tells whether the account is."""
        attempt, provider = self._attempt, await self._admitted()
        try:
            found = await call(provider)
        except Rejected as error:
            if attempt == self._attempt and not await self._let_in(provider):
                await self._refused(attempt, error)
            raise
        await self._gate.answered()
        return found

    async def _let_in(self, provider: Provider) -> bool:
        """Whether the account is not refused, as far as a login can tell."""
        try:
            status = await provider.test()
        except ProviderError as error:
            return not isinstance(error, Rejected)
        if status.ok:
            await self._gate.answered()
        return status.ok

    async def _refused(self, attempt: int, error: Rejected) -> None:
        if attempt == self._attempt:
            self._attempt += 1
            await self._gate.refused(error)
