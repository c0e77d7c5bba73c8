"""A server of guides, and a provider whose guides are refreshed by real jobs on a real database."""

import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import pytest
from sqlalchemy import select, update

from app.config import Settings
from app.db.engine import Database
from app.db.guides import MatchedChannel, ProgrammeRow, matched, programmes
from app.db.tables import metadata
from app.domain.kinds import Kind, ProviderKind, StepName
from app.domain.outcomes import job_outcome
from app.epg.guides import Guides
from app.epg.refresh import Window
from app.jobs.run import Run
from app.jobs.views import StepView
from app.providers.base import GuideLink, ProviderAccount
from app.providers.transport import Transport
from app.registry.secrets import Secrets
from app.simulator.process import PortalThread
from tests.epg.site import standing
from tests.support.scripted import ScriptedProvider, add_job, add_provider, record, sync
from tests.support.server import Served, serving
from workers.lifecycle import embedded_worker

T = metadata.tables
HOUR = 3_600_000
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def stamp(hours: float) -> str:
    return (NOW + timedelta(hours=hours)).strftime("%Y%m%d%H%M%S +0000")


def shows(channel: str, hours: range | Sequence[float] = range(-2, 48), title: str = "Show", length: float = 1) -> str:
    return "".join(
        f'<programme start="{stamp(hour)}" stop="{stamp(hour + length)}" channel="{channel}">'
        f"<title>{title} {hour}</title></programme>\n"
        for hour in hours
    )


def guide(*channels: str, title: str = "Show", hours: range = range(-2, 48)) -> bytes:
    named = "".join(f'<channel id="{one}"><display-name>{one.title()}</display-name></channel>' for one in channels)
    return f"<tv>{named}{''.join(shows(one, hours, title) for one in channels)}</tv>".encode()


@dataclass(slots=True)
class GuideServer:
    """Serves `files` by path; `asked` are the requests as (path, headers)."""

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[GuideServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told = {name.lower(): value for name, value in self.headers.items()}
            found.asked.append((self.path, told))
            tag = found.headers.get("ETag")
            if tag and told.get("if-none-match") == tag:
                self.send_response(304)
                self.end_headers()
                return
            body = found.files.get(self.path.split("?")[0])
            self.send_response(found.status if body is not None else 404)
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        found = GuideServer(url=f"http://127.0.0.1:{listening.server_port}")
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        listening.shutdown()
        thread.join()


@dataclass(slots=True)
class Home:
    """One provider with channels, and what refreshes its guides."""

    database: Database
    guides: Guides
    provider: ScriptedProvider
    pk: int
    server: GuideServer
    options: dict[str, Any] = field(default_factory=dict)

    def link(self, path: str = "/guide.xml", origin: Any = "xtream") -> GuideLink:
        return GuideLink(url=self.server.url + path, origin=origin)

    async def refresh(self, *, force: bool = False) -> StepView:
        """One job of only the guides; the step as it ended."""
        job_id = await add_job(self.database, self.pk, only=["epg"], force=force)
        told: dict[str, Any] = {"id": "one", "name": "one", "url": "http://portal.test", "credentials": {}}
        account = ProviderAccount(**told, kind=ProviderKind.STALKER, options=self.options)
        async with Run(self.database, None, job_id) as job:
            assert await self.guides.plan(job)
            await self.guides.refresh(job, self.provider, account)
            (step,) = job.steps
            await job.finish(job_outcome({StepName.EPG: step.status}), errors=job.errors, version=None)
        return step

    async def shown(self, ordinal: int = 0, start: int = 0, stop: int = 2**53) -> list[ProgrammeRow]:
        async with self.database.reader() as reader:
            return await programmes(reader, self.pk, [ordinal], start, stop)

    async def titles(self, ordinal: int = 0) -> list[str]:
        return [orjson.loads(row.body)["title"] for row in await self.shown(ordinal)]

    async def matches(self) -> dict[int, MatchedChannel]:
        async with self.database.reader() as reader:
            return await matched(reader, self.pk, list(range(1000)))

    async def count(self, table: str) -> int:
        async with self.database.reader() as reader:
            return len(await reader.rows(select(T[table])))

    async def guide_rows(self) -> list[Any]:
        async with self.database.reader() as reader:
            return list(await reader.rows(select(T["guide"]).order_by(T["guide"].c.position)))

    async def change(self, table: str, **values: Any) -> None:
        async with self.database.writer() as writer:
            await writer.execute(update(T[table]).values(**values))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    found = Database(database_url)
    yield found
    await found.close()


@pytest.fixture
async def home(database: Database, server: GuideServer) -> AsyncIterator[Home]:
    """A provider with the channels One, Two and Three, whose ids in guides are their names in small letters."""
    pk = await add_provider(database)
    names = ("One", "Two", "Three")
    channels = [record(Kind.CHANNEL, place, name=name, epg_id=name.lower()) for place, name in enumerate(names)]
    provider = ScriptedProvider(lists={Kind.CHANNEL: channels})
    await sync(database, pk, provider, only=["channels"])
    transport = Transport()
    guides = Guides(
        database,
        transport,
        Secrets(["not-a-real-key"]),
        window=Window(past_days=1, future_days=8),
        default_hours=12,
        retry_attempts=0,
    )
    found = Home(database=database, guides=guides, provider=provider, pk=pk, server=server)
    provider.guide_links = (found.link(),)
    yield found
    await transport.close()


@pytest.fixture(scope="session")
def portals() -> Iterator[PortalThread]:
    with standing() as thread:
        yield thread


@pytest.fixture
async def served(settings: Settings) -> AsyncIterator[Served]:
    """Lineup with a worker inside."""
    async with serving(settings) as found, embedded_worker(found.context):
        yield found
