from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.config import Settings
from app.simulator.behaviour import Behaviour
from app.simulator.process import PortalThread
from app.simulator.server import create_portal
from app.simulator.spec import CatalogueSpec
from tests.snapshots.conftest import Stand, open_stand
from tests.support.server import Served, serving

SMALL = CatalogueSpec(channels=60, movies=90, series=40, categories=20)
MAC = "00:1A:79:AA:BB:CC"


@pytest.fixture
async def served(settings: Settings) -> AsyncIterator[Served]:
    async with serving(settings) as found:
        yield found


@pytest.fixture
async def stand(database_url: str, tmp_path: Path) -> AsyncIterator[Stand]:
    """A catalogue of its own, with what publishes and serves it."""
    made = await open_stand(database_url, tmp_path / "artifacts")
    yield made
    await made.database.close()


@pytest.fixture(scope="session")
def portals() -> Iterator[PortalThread]:
    """A Stalker portal and an Xtream panel, each below its own path."""
    site = {name: create_portal(SMALL, name, Behaviour(), mount=f"/{name}") for name in ("stock", "xtream")}
    with PortalThread(site) as thread:
        yield thread


@pytest.fixture
def stalker(portals: PortalThread) -> dict[str, Any]:
    """The body that adds the Stalker portal, without a sync."""
    return {
        "name": "Living room",
        "kind": "stalker",
        "url": f"{portals.url}/stock/stalker_portal/c/",
        "credentials": {"mac": MAC},
        "sync": False,
    }


@pytest.fixture
def xtream(portals: PortalThread) -> dict[str, Any]:
    """The body that adds the Xtream panel, without a sync."""
    return {
        "name": "Panel",
        "kind": "xtream",
        "url": f"{portals.url}/xtream/get.php?username=fake-user&password=fake-word&type=m3u",
        "sync": False,
    }
