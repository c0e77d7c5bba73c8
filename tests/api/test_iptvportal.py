"""An operator's database from its name to the player: added over HTTP, synced by a worker, browsed, played, guided."""

import asyncio
import time
from typing import Any

from app.simulator.behaviour import Behaviour
from app.simulator.process import PortalThread
from app.simulator.server import create_portal
from app.simulator.spec import CatalogueSpec
from tests.support.server import Served
from workers.lifecycle import embedded_worker

SPEC = CatalogueSpec(channels=40, movies=60, series=4, categories=10)
CREDENTIALS = {"username": "fake-operator", "password": "fake-secret-9"}


async def _ended(served: Served, job_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + 100
    while (job := await served.context.history.get(job_id)).status.live:
        assert time.monotonic() < deadline, job
        await asyncio.sleep(0.1)
    found: dict[str, Any] = await served.json("GET", f"/api/jobs/{job_id}")
    return found


async def _synced(served: Served, provider: str, query: str = "") -> dict[str, Any]:
    return await _ended(served, (await served.json("POST", f"/api/providers/{provider}/sync{query}", 202))["jobId"])


def _counts(job: dict[str, Any], what: str) -> list[int]:
    return [step[what] for step in job["steps"] if step["name"] in ("channels", "movies")]


async def test_an_operators_tables_become_a_catalogue(served: Served) -> None:
    portal = create_portal(SPEC, "iptvportal", Behaviour())
    with PortalThread({"": portal}) as thread:
        body = {"name": "Operator", "kind": "iptvportal", "url": f"{thread.url}/api/", "credentials": CREDENTIALS}
        view = await served.json("POST", "/api/providers", 201, json=body | {"sync": False})
        assert CREDENTIALS["password"] not in str(view)
        provider = view["id"]
        assert (await served.json("POST", f"/api/providers/{provider}/test"))["ok"]
        async with embedded_worker(served.context):
            first = await _synced(served, provider)
            assert (first["status"], first["errors"], _counts(first, "added")) == ("completed", [], [40, 60])
            again = await _synced(served, provider, "?mode=full")
            assert (again["version"], _counts(again, "unchanged")) == (first["version"], [40, 60])

            portal.set_version(2)
            newer = await _synced(served, provider, "?mode=full")
            changes = [portal.catalogue.changes(kind) for kind in list(portal.catalogue.stock)[:2]]
            assert _counts(newer, "added") == [len(one.added) for one in changes]
            assert _counts(newer, "removed") == [len(one.removed) for one in changes]

            await _is_browsed_and_played(served, provider, thread.url)
            await _has_a_guide(served, provider)


async def _is_browsed_and_played(served: Served, provider: str, base: str) -> None:
    snapshot = (await served.client.get(f"/api/providers/{provider}/snapshot")).json()
    movie = (await served.json("GET", f"/api/providers/{provider}/movies?limit=1"))["movies"][0]
    assert movie["id"] in str(snapshot)
    categories = (await served.json("GET", f"/api/providers/{provider}/categories?kind=movies&limit=100"))["categories"]
    assert movie["categoryId"] in {one["id"] for one in categories}
    link = await served.json("GET", f"/api/movies/{movie['id']}/stream")
    assert link["url"].startswith(f"{base}/movie/{movie['externalId']}.")
    assert (await served.json("GET", f"/api/providers/{provider}/series?limit=1"))["total"] == 0


async def _has_a_guide(served: Served, provider: str) -> None:
    job = await _synced(served, provider, "?only=epg")
    assert (job["status"], job["errors"]) == ("completed", [])
    assert (await served.json("GET", f"/api/epg/now?providerId={provider}"))["channels"]
