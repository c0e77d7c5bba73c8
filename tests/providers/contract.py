"""What every adapter owes the sync engine, over real HTTP against simulated portals.

A new adapter is one entry in `ADAPTERS`; `test_contract.py` runs all laws on each.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from app.domain.kinds import ITEM_STEPS, Kind, ProviderKind, StepName
from app.domain.records import Record, RejectedRecord
from app.providers.base import Page, Provider, ProviderAccount, Scope, ScopeReport, StepReport, Verdict
from app.providers.registry import open_provider
from app.providers.transport import Transport
from app.simulator.behaviour import Behaviour
from app.simulator.portal import Portal
from app.simulator.process import PortalThread
from app.simulator.server import Profile, create_portal
from app.simulator.spec import CatalogueSpec

SPEC = CatalogueSpec(channels=120, movies=160, series=60, categories=20)
MAC = "00:1A:79:C0:FF:EE"
USERNAME, PASSWORD = "fake-viewer", "fake-secret-7"
LIST_SPEC = CatalogueSpec(channels=90, movies=110, series=16, categories=16)  # a list names every episode
ROUNDS = 6


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """One dialect in one of its habits."""

    kind: ProviderKind
    profile: str | Profile
    path: str = ""
    credentials: Mapping[str, str] = field(default_factory=dict)
    spec: CatalogueSpec = SPEC
    kinds: tuple[Kind, ...] = tuple(Kind)  # that the dialect has
    tells_expiry: bool = True
    logs_in_anew: bool = False  # a 401 means the session: it is asked once more with a new one


MAC_ACCOUNT = {"mac": MAC}
USER_ACCOUNT = {"username": USERNAME, "password": PASSWORD}
ADAPTERS = {
    "stalker-stock": Adapter(
        kind=ProviderKind.STALKER, profile="stock", path="/stalker_portal/c/", credentials=MAC_ACCOUNT
    ),
    "stalker-panel": Adapter(kind=ProviderKind.STALKER, profile="panel", path="/c/", credentials=MAC_ACCOUNT),
    "stalker-token_free": Adapter(kind=ProviderKind.STALKER, profile="token_free", credentials=MAC_ACCOUNT),
    "m3u": Adapter(
        kind=ProviderKind.M3U,
        profile="m3u",
        path=f"/get.php?username={USERNAME}&password={PASSWORD}&type=m3u_plus&output=ts",
        spec=LIST_SPEC,
    ),
    "xtream": Adapter(kind=ProviderKind.XTREAM, profile="xtream", credentials=USER_ACCOUNT),
    "iptvportal": Adapter(
        kind=ProviderKind.IPTVPORTAL,
        profile="iptvportal",
        credentials=USER_ACCOUNT,
        kinds=(Kind.CHANNEL, Kind.MOVIE),
        tells_expiry=False,
        logs_in_anew=True,
    ),
}


@dataclass(slots=True, kw_only=True)
class Client:
    """A portal and an adapter that talks to it."""

    portal: Portal
    provider: Provider
    open: Callable[..., Provider]
    url: str


@asynccontextmanager
async def client_of(adapter: Adapter, spec: CatalogueSpec | None = None, **switches: Any) -> AsyncIterator[Client]:
    """A portal of the adapter's kind with an account of its own at the provider."""
    portal = create_portal(spec or adapter.spec, adapter.profile, Behaviour(**switches))
    with PortalThread({"": portal}) as thread:
        async with opener(adapter, f"{thread.url}{adapter.path}") as make:
            yield Client(portal=portal, provider=make(), open=make, url=thread.url)


@asynccontextmanager
async def opener(adapter: Adapter, url: str) -> AsyncIterator[Callable[..., Provider]]:
    """Makes providers of one account, closed at the end; the pauses of retries are cut short."""
    transport = Transport()
    made: list[Provider] = []

    def make(**changes: Any) -> Provider:
        values = {"url": url, "credentials": dict(adapter.credentials), "options": {}, "endpoint": None} | changes
        account = ProviderAccount(id="contract", name="Contract", kind=adapter.kind, **values)
        made.append(open_provider(account, transport, retry_base_seconds=0.005))
        return made[-1]

    try:
        yield make
    finally:
        for provider in made:
            await provider.__aexit__(None, None, None)
        await transport.close()


@dataclass(slots=True, kw_only=True)
class Walked:
    """All that the walks of one step brought."""

    records: dict[tuple[Kind, str, str], Record] = field(default_factory=dict)
    rejected: list[RejectedRecord] = field(default_factory=list)
    reports: list[ScopeReport] = field(default_factory=list)
    verdict: Verdict = field(default_factory=Verdict)

    def ids(self, kind: Kind) -> frozenset[str]:
        return frozenset(own for one, _, own in self.records if one is kind)

    def of(self, kind: Kind) -> list[Record]:
        return [record for key, record in self.records.items() if key[0] is kind]


async def walk(provider: Provider, step: StepName, kinds: frozenset[Kind] = frozenset(Kind)) -> Walked:
    """Walks a step as the engine does: scopes, then whatever the reviews ask for."""
    found = Walked()
    pending: Sequence[Scope] = await provider.scopes(step, kinds)
    for _ in range(ROUNDS):
        for scope in pending:
            found.reports.append(await _walk_scope(provider, scope, found))
        report = StepReport(step=step, scopes=tuple(found.reports), distinct=len(found.records))
        found.verdict = await provider.review(report)
        pending = found.verdict.more
        if not pending:
            break
    return found


async def walk_everything(provider: Provider) -> tuple[dict[Kind, frozenset[str]], list[Walked]]:
    """The ids of each kind after all item steps, and the walks."""
    walks = [await walk(provider, step) for step in ITEM_STEPS.values()]
    return {kind: frozenset().union(*(one.ids(kind) for one in walks)) for kind in Kind}, walks


async def _walk_scope(provider: Provider, scope: Scope, found: Walked) -> ScopeReport:
    seen: set[tuple[str, str]] = set()
    complete, ended, total = True, False, None
    async for page in pages_of(provider, scope):
        seen.update(page.ids)
        found.records |= {(record.kind, record.space, record.external_id): record for record in page.records}
        found.rejected += page.rejected
        total = page.total if page.total is not None else total
        complete, ended = complete and not page.doubtful, ended or page.last
    return ScopeReport(scope=scope, complete=complete and ended, distinct=len(seen), total=total)


async def pages_of(provider: Provider, scope: Scope) -> AsyncGenerator[Page, None]:
    """The pages of a scope, paged ones in parallel until the adapter says that nothing follows."""
    if not scope.paged:
        async for page in provider.stream(scope):
            yield page
        return
    first = await provider.page(scope, 1)
    yield first
    number, last = 2, first.last
    claimed = -(-first.total // first.size) if first.total and first.size else 0
    while not last and number < 500:
        # Behind the claim one page at a time, as the engine does.
        width = max(1, min(provider.parallel, claimed - number + 1))
        batch = await asyncio.gather(*(provider.page(scope, n) for n in range(number, number + width)))
        number += width
        for page in batch:
            yield page
            last = last or page.last


Answer = tuple[int, bytes]


@asynccontextmanager
async def odd_portal(status: int, body: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server with the same answer for every request; yields its URL and the requests it got."""
    async with scripted_portal(lambda _: (status, body)) as found:
        yield found


@asynccontextmanager
async def scripted_portal(script: Callable[[dict[str, str]], Answer]) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that answers by the query of each request; yields its URL and the requests it got."""
    requests: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                requests.append(head)
                query = urlsplit(head.split(b" ", 2)[1].decode()).query
                status, body = script(dict(parse_qsl(query, keep_blank_values=True)))
                writer.write(
                    f"HTTP/1.1 {status} Odd\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                    + body
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", requests
    finally:
        server.close()
