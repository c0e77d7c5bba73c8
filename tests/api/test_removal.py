import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from app.config import Settings
from app.simulator.behaviour import Behaviour
from app.simulator.process import PortalThread
from app.simulator.server import create_portal
from app.simulator.spec import CatalogueSpec
from tests.support.server import Served, serving
from workers.lifecycle import embedded_worker

SLOW = CatalogueSpec(channels=200, movies=4000, series=400, categories=20)


@pytest.fixture
def slow() -> Iterator[dict[str, Any]]:
    """The body that adds a portal whose sync takes many seconds."""
    portal = create_portal(SLOW, "stock", Behaviour(latency_ms=150, max_parallel=2), mount="/slow")
    with PortalThread({"slow": portal}) as thread:
        yield {
            "name": "Slow",
            "kind": "stalker",
            "url": f"{thread.url}/slow/stalker_portal/c/",
            "credentials": {"mac": "00:1A:79:AA:BB:CC"},
        }


async def test_a_provider_is_removed_in_the_middle_of_its_sync(settings: Settings, slow: dict[str, Any]) -> None:
    async with serving(settings, background=embedded_worker) as served:
        added = await served.json("POST", "/api/providers", 201, json=slow)
        path = f"/api/providers/{added['id']}"
        await _until_rows(served, path)
        await served.json("DELETE", path, 204)
        await served.json("GET", path, 404)
        await served.json("GET", f"/api/jobs/{added['jobId']}", 404)
        await asyncio.sleep(1)
        async with served.context.database.reader() as reader:
            for table in ("channel", "movie", "series", "document", "item_category", "category", "change", "sync_job"):
                assert await reader.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table


async def test_a_sync_is_cancelled_soon_and_leaves_what_it_stored(settings: Settings, slow: dict[str, Any]) -> None:
    async with serving(settings, background=embedded_worker) as served:
        added = await served.json("POST", "/api/providers", 201, json=slow)
        path = f"/api/providers/{added['id']}"
        await _until_rows(served, path)
        await served.json("POST", f"{path}/sync/cancel", 202)
        for _ in range(40):
            job = await served.json("GET", f"/api/jobs/{added['jobId']}")
            if job["status"] != "running":
                break
            await asyncio.sleep(0.1)
        assert job["status"] == "cancelled"
        assert (await served.json("GET", f"{path}/channels"))["total"] > 0
        deleted = (await served.json("DELETE", f"{path}/clean"))["deleted"]
        assert deleted["channel"] > 0


async def _until_rows(served: Served, path: str) -> None:
    for _ in range(300):
        if (await served.json("GET", f"{path}/channels"))["total"]:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(await served.json("GET", f"{path}/sync"))
