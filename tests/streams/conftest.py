import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import pytest

from app.db.engine import Database
from app.domain.kinds import Kind, ProviderKind
from app.domain.records import EpisodeRecord, SeasonRecord
from app.providers.base import ProviderAccount, StreamLink
from app.providers.relay import Relay
from app.providers.transport import Transport
from app.registry.secrets import Secrets
from app.streams.passing import Passing
from app.streams.service import Streams
from tests.support.scripted import ScriptedProvider, add_provider, record, sync


@dataclass(slots=True)
class Shelf(ScriptedProvider):
    """A provider with seasons; `calls` remembers what it was asked, `error` is raised instead of an answer."""

    calls: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=lambda: [1, 2])
    title: str = "Episode"
    error: Exception | None = None
    pause: float = 0.0
    archive: bool = True
    opened: int = 0
    closed: int = 0

    async def __aenter__(self) -> Self:
        self.opened += 1
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.closed += 1

    async def _asked(self, call: str) -> None:
        self.calls.append(call)
        await asyncio.sleep(self.pause)
        if self.error:
            raise self.error

    async def seasons(self, locator: Mapping[str, Any]) -> Sequence[SeasonRecord]:
        await self._asked(f"seasons {locator['id']}")
        return [
            SeasonRecord(external_id=f"s{number}", number=number, name=f"Season {number}") for number in self.numbers
        ]

    async def episodes(self, locator: Mapping[str, Any], season: SeasonRecord) -> Sequence[EpisodeRecord]:
        await self._asked(f"episodes {locator['id']} {season.external_id}")
        return [
            EpisodeRecord(
                external_id=f"e{number}",
                season=season.number,
                number=number,
                name=f"{self.title} {number}",
                added_at=1_714_637_472_000,
                locator={"cmd": f"{season.number}:{number}"},
            )
            for number in (1, 2, 3)
        ]

    async def resolve(self, kind: Kind, locator: Mapping[str, Any]) -> StreamLink:
        await self._asked(f"resolve {kind} {locator['cmd']}")
        return StreamLink(url=f"http://cdn.test/{locator['cmd']}?token=fake-token", headers={"User-Agent": "box"})

    async def replay(self, locator: Mapping[str, Any], *, start_ms: int, minutes: int) -> StreamLink | None:
        await self._asked(f"replay {locator['cmd']} {start_ms} {minutes}")
        return StreamLink(url=f"http://cdn.test/past/{locator['cmd']}") if self.archive else None


@dataclass(slots=True)
class Desk:
    """The feature over a real database, with one provider behind it."""

    database: Database
    streams: Streams
    provider: Shelf
    pk: int
    mac: list[str]


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    database = Database(database_url)
    provider, mac = Shelf(), ["00:1A:79:00:00:01"]
    provider.lists = {
        Kind.CHANNEL: [record(Kind.CHANNEL, 1, locator={"cmd": "channel"})],
        Kind.SERIES: [record(Kind.SERIES, 1, locator={"id": "77"})],
        Kind.MOVIE: [record(Kind.MOVIE, 1, locator={"cmd": "movie"})],
    }
    pk = await add_provider(database)
    await sync(database, pk, provider)

    async def account(provider_pk: int) -> ProviderAccount:
        assert provider_pk == pk
        credentials = {"mac": mac[0]}
        return ProviderAccount(
            id="one",
            name="one",
            kind=ProviderKind.STALKER,
            url="http://portal.test",
            credentials=credentials,
            options={},
        )

    provider.opened = provider.closed = 0
    transport = Transport()
    passing = Passing(Relay(transport), Secrets(["not-a-real-key"]))
    streams = Streams(database, passing, accounts=account, opener=lambda _account: provider)
    yield Desk(database, streams, provider, pk, mac)
    await streams.close()
    await transport.close()
    await database.close()
