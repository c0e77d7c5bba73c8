"""The simulated portals of the demo."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from app.cli.output import errors
from app.core.errors import LineupError
from app.domain.kinds import ProviderKind
from app.registry.views import NewProvider
from app.simulator.process import PortalProcess
from app.simulator.spec import CatalogueSpec

SMALL: Final = CatalogueSpec(channels=120, movies=400, series=100, categories=24)
TENTH: Final = 10
FULL: Final = CatalogueSpec()
LOGIN: Final = {"username": "demo", "password": "demo-password"}


class Size(StrEnum):
    FULL = "full"
    SMALL = "small"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPortal:
    """A simulated portal and the account there; `share` divides its catalogue."""

    name: str
    profile: str
    kind: ProviderKind
    path: str
    credentials: Mapping[str, str]
    share: int = 1
    mixed: bool = False  # one list of categories, and of titles, stands for movies and series

    def spec(self, full: CatalogueSpec) -> CatalogueSpec:
        """What it offers."""
        numbers = {name: getattr(full, name) // self.share for name in ("channels", "movies", "series")}
        return replace(full, **numbers)

    def provider(self, url: str) -> NewProvider:
        """The account, as a person would add it."""
        return NewProvider(
            name=self.name, kind=self.kind, url=f"{url}{self.path}", credentials=self.credentials, schedule=None
        )


# Two catalogues of full size show what the two dialects cost; a third one of that size would only take longer.
PORTALS: Final = (
    DemoPortal(
        name="stalker",
        profile="stock",
        kind=ProviderKind.STALKER,
        path="/stalker_portal/c/",
        credentials={"mac": "00:1A:79:00:00:01"},
        mixed=True,
    ),
    DemoPortal(name="xtream", profile="xtream", kind=ProviderKind.XTREAM, path="", credentials=LOGIN),
    DemoPortal(
        name="panel",
        profile="panel",
        kind=ProviderKind.STALKER,
        path="/c/",
        credentials={"mac": "00:1A:79:00:00:02"},
        share=TENTH,
    ),
)


async def start_portals(spec: CatalogueSpec, stack: AsyncExitStack) -> list[tuple[DemoPortal, PortalProcess]]:
    """Each in a process of its own; they end with the stack, and also should this process be killed."""
    errors.print("Starting simulated portals …")
    processes = [PortalProcess([portal.profile], portal.spec(spec)) for portal in PORTALS]
    for process in processes:
        stack.callback(process.stop)
    try:
        await asyncio.gather(*(asyncio.to_thread(process.__enter__) for process in processes))
    except RuntimeError as error:
        raise LineupError(f"{error}.") from error
    return list(zip(PORTALS, processes, strict=True))
