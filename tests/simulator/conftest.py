from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from app.simulator.behaviour import Behaviour
from app.simulator.portal import Portal
from app.simulator.process import PortalThread
from app.simulator.server import create_portal
from app.simulator.spec import CatalogueSpec
from tests.simulator.box import MAC, Box, Player

SMALL = CatalogueSpec(channels=60, movies=90, series=40, categories=20)
NUMBERS = count(1)


@pytest.fixture(scope="session")
def site() -> Iterator[PortalThread]:
    """One server for all tests; each adds portals of its own."""
    with PortalThread({}) as thread:
        yield thread


@pytest.fixture
def serve(site: PortalThread) -> Iterator[Callable[..., tuple[str, Portal]]]:
    """Serves a portal below a name of its own."""
    names = []

    def add(profile: str, spec: CatalogueSpec = SMALL, **switches: Any) -> tuple[str, Portal]:
        name = f"p{next(NUMBERS)}"
        portal = create_portal(spec, profile, Behaviour(**switches), mount=f"/{name}")
        site.site.portals[name] = portal
        names.append(name)
        return f"{site.url}/{name}", portal

    yield add
    for name in names:
        del site.site.portals[name]


@pytest.fixture
def box(serve: Callable[..., tuple[str, Portal]]) -> Iterator[Callable[..., Box]]:
    """A box that is logged in already, unless told otherwise."""
    made: list[Box] = []

    def make(profile: str, *, log_in: bool = True, mac: str = MAC, **switches: Any) -> Box:
        found = Box(*serve(profile, **switches), mac=mac)
        made.append(found)
        if log_in:
            found.log_in()
        return found

    yield make
    for one in made:
        one.client.close()


@pytest.fixture
def player(serve: Callable[..., tuple[str, Portal]]) -> Iterator[Callable[..., tuple[Player, Portal]]]:
    """A player and the panel it talks to."""
    made: list[Player] = []

    def make(profile: str, **switches: Any) -> tuple[Player, Portal]:
        url, portal = serve(profile, **switches)
        made.append(Player(url))
        return made[-1], portal

    yield make
    for one in made:
        one.client.close()
