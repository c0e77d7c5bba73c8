"""A server of one list that a test writes line by line."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from app.domain.kinds import ITEM_STEPS, Kind, ProviderKind
from app.domain.records import Record, RejectedRecord
from app.providers.addresses import Networks
from app.providers.base import Page, ProviderAccount
from app.providers.m3u.provider import M3uProvider
from app.providers.registry import parse_address
from app.providers.transport import Transport
from tests.providers.raw_server import Asked, RawServer, reply, unmeasured

PATH = "/get.php?username=fake-user&password=fake-pass&type=m3u_plus"
Text = str | bytes
Body = Text | Callable[[], Text]


@dataclass(kw_only=True)
class Served:
    """`body`, a text or what makes one, may be replaced while it runs; `{base}` in it becomes the server's address."""

    body: Body
    server: RawServer
    provider: M3uProvider
    open: Callable[..., M3uProvider]

    async def pages(self, kind: Kind, provider: M3uProvider | None = None) -> list[Page]:
        asked = provider or self.provider
        [scope] = await asked.scopes(ITEM_STEPS[kind], frozenset(Kind))
        return [page async for page in asked.stream(scope)]

    async def records(self, kind: Kind, provider: M3uProvider | None = None) -> list[Any]:
        return [record for page in await self.pages(kind, provider) for record in page.records]

    async def rejected(self) -> list[RejectedRecord]:
        return [one for page in await self.pages(Kind.CHANNEL) for one in page.rejected]

    async def by_name(self, kind: Kind) -> dict[str, Record]:
        return {record.name: record for record in await self.records(kind)}


@asynccontextmanager
async def served(
    body: Body,
    *,
    path: str = PATH,
    options: Mapping[str, Any] | None = None,
    retries: int = 1,
    measured: bool = True,
    networks: Networks = "any",
) -> AsyncIterator[Served]:
    """One of them; without `measured` an answer ends where its connection does."""
    transport = Transport(networks=networks)
    made: list[M3uProvider] = []

    def answer(_: Asked) -> bytes | None:
        found = case.body() if callable(case.body) else case.body
        sent = found.replace("{base}", case.server.url).encode() if isinstance(found, str) else found
        return reply(sent) if measured else unmeasured(sent)

    def make(path: str = path) -> M3uProvider:
        url = parse_address(ProviderKind.M3U, server.url + path, {}, options or {}).url
        account = ProviderAccount(
            id="list", name="List", kind=ProviderKind.M3U, url=url, credentials={}, options=dict(options or {})
        )
        made.append(M3uProvider(account, transport, retry_attempts=retries, retry_base_seconds=0.001))
        return made[-1]

    async with RawServer(answer, close=not measured) as server:
        case = Served(body=body, server=server, provider=make(), open=make)
        try:
            yield case
        finally:
            for provider in made:
                await provider.__aexit__(None, None, None)
            await transport.close()
