import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from app.config import Settings
from app.domain.kinds import Kind
from app.jobs import lease
from app.registry.views import ProviderChange
from app.simulator.behaviour import Behaviour
from app.simulator.process import PortalThread
from app.simulator.server import create_portal
from app.simulator.spec import CatalogueSpec
from tests.support.server import Served, serving
from tests.support.town import Town

SMALL = CatalogueSpec(channels=60, movies=90, series=40, categories=20)
MAC = "00:1A:79:AA:BB:CC"
EVIL = "<script>alert(1)</script>"
TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass
class Visitor:
    """A browser without scripts: it keeps cookies, and sends forms as they were shown."""

    served: Served

    @property
    def client(self) -> httpx.AsyncClient:
        return self.served.client

    async def open(self, path: str, status: int = 200) -> str:
        answer = await self.client.get(path, headers={"accept": "text/html"})
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        return answer.text

    async def send(self, path: str, *, form_at: str = "/", **fields: Any) -> httpx.Response:
        """Fields whose names have dots are given with two lines: `credentials__mac`."""
        token = TOKEN.search(await self.open(form_at))
        assert token
        data = {name.replace("__", "."): value for name, value in fields.items()}
        return await self.client.post(path, data={"csrf": token[1], **data})


@dataclass
class House:
    """A provider with a catalogue whose names want to be scripts."""

    visitor: Visitor
    provider: str
    ids: dict[Kind, str]

    @property
    def served(self) -> Served:
        return self.visitor.served


@pytest.fixture
async def visitor(settings: Settings) -> AsyncIterator[Visitor]:
    async with serving(settings) as served:
        yield Visitor(served)


@pytest.fixture
async def house(visitor: Visitor, stalker: dict[str, Any]) -> House:
    served = visitor.served
    town = Town(served, stalker)
    lists = {kind: [f"{EVIL} {kind.value} {at}" for at in range(70)] for kind in Kind}
    provider = await town.add(lists, categories=[EVIL])
    await served.context.registry.change(provider, ProviderChange(name=EVIL))
    view = await served.context.registry.by_id(provider)
    async with lease.held(served.context.database, provider_pk=view.pk, job_id="test") as fence:
        await served.context.publisher.publish(view.pk, fence)
    ids = {}
    for kind in Kind:
        found = await served.json("GET", f"/api/{kind.plural}?limit=1")
        ids[kind] = found[kind.plural][0]["id"]
    return House(visitor, provider, ids)


@pytest.fixture(scope="session")
def portals() -> Iterator[PortalThread]:
    site = {name: create_portal(SMALL, name, Behaviour(), mount=f"/{name}") for name in ("stock", "xtream")}
    with PortalThread(site) as thread:
        yield thread


@pytest.fixture
def stalker(portals: PortalThread) -> dict[str, Any]:
    return {
        "name": "Living room",
        "kind": "stalker",
        "url": f"{portals.url}/stock/stalker_portal/c/",
        "credentials": {"mac": MAC},
        "sync": False,
    }
