"""Simulated portals and what a client of a served Lineup does with their guides."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from app.simulator.behaviour import Behaviour
from app.simulator.process import PortalThread
from app.simulator.server import create_portal
from app.simulator.spec import CatalogueSpec
from tests.support.server import Served

SPEC: Final = CatalogueSpec(channels=20, movies=3, series=3, categories=4)
ENDED: Final = frozenset({"completed", "partial", "failed", "cancelled"})
LOGIN: Final = {"username": "fake-user", "password": "fake-word"}
MAC: Final = {"mac": "00:1A:79:AA:BB:CC"}
# Name → (kind, path below the portals, credentials).
ACCOUNTS: Final[dict[str, tuple[str, str, dict[str, str]]]] = {
    "stock": ("stalker", "/stock/stalker_portal/c/", MAC),
    "panel": ("stalker", "/panel/c/", MAC),
    "xtream": ("xtream", "/xtream/", LOGIN),
    "wild": ("xtream", "/wild/", LOGIN),
    "m3u": ("m3u", "/m3u/get.php?username=fake-user&password=fake-word&type=m3u_plus&output=ts", {}),
}


@contextmanager
def standing() -> Iterator[PortalThread]:
    """One portal of each account; that of `wild` writes its guide as badly as generators do."""
    kinds = {"wild": "xtream"}
    habits = {"wild": Behaviour(guide="wild")}
    site = {
        name: create_portal(SPEC, kinds.get(name, name), habits.get(name, Behaviour()), mount=f"/{name}")
        for name in ACCOUNTS
    }
    with PortalThread(site) as thread:
        yield thread


async def ended(served: Served, job: str) -> dict[str, Any]:
    """A job as it ended."""
    deadline = time.monotonic() + 60
    while (found := await served.json("GET", f"/api/jobs/{job}"))["status"] not in ENDED:
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.02)
    return dict(found)


async def synced(served: Served, provider: str, query: str = "") -> dict[str, Any]:
    """A sync of a provider, as it ended."""
    started = await served.json("POST", f"/api/providers/{provider}/sync{query}", 202)
    return await ended(served, started["jobId"])


async def added(served: Served, portals: PortalThread, name: str, **more: Any) -> str:
    """The id of a provider with channels and without a schedule."""
    kind, path, credentials = ACCOUNTS[name]
    body = {"name": name, "kind": kind, "url": portals.url + path, "credentials": credentials}
    told = {"sync": False, "schedule": None, **more}
    provider = await served.json("POST", "/api/providers", 201, json=body | told)
    assert (await synced(served, provider["id"], "?only=channels"))["status"] == "completed"
    return str(provider["id"])
