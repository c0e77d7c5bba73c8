"""An operator's tables and guide, as people see them."""

import asyncio

from app.config import Settings
from app.simulator.behaviour import Behaviour
from app.simulator.process import PortalThread
from app.simulator.server import create_portal
from app.simulator.spec import CatalogueSpec
from tests.pages.conftest import Visitor
from tests.pages.test_forms import troubles
from tests.support.server import serving
from workers.lifecycle import embedded_worker

SPEC = CatalogueSpec(channels=40, movies=60, series=4, categories=10)
LOGIN = {"credentials__username": "fake-operator", "credentials__password": "fake-secret-9"}


async def test_an_operator_is_added_asked_and_watched(settings: Settings) -> None:
    with PortalThread({"": create_portal(SPEC, "iptvportal", Behaviour())}) as thread:
        async with serving(settings, background=embedded_worker) as served:
            visitor = Visitor(served)
            fields = {"url": f"{thread.url}/api/", "kind": "iptvportal", "name": "Operator", "do": "save", **LOGIN}
            added = await visitor.send("/providers/new", form_at="/providers/new", **fields)
            at = added.headers["location"]
            portal = at.replace("/providers", "/portal")
            assert (await served.client.get("/portal")).headers["location"] == portal
            asked = await visitor.send(
                portal, query="SELECT id, name FROM tv_channel ORDER BY id LIMIT 3", mode="remote"
            )
            assert asked.status_code == 200, asked.text
            assert "3 rows" in asked.text
            assert "<th>name</th>" in asked.text
            wrong = await visitor.send(portal, query="DELETE FROM tv_channel")
            assert wrong.status_code == 422
            assert "note bad" in wrong.text
            assert "fake-secret-9" not in wrong.text + asked.text
            await _on_air(visitor, at.removeprefix("/providers/"))
            mirrored = await visitor.send(f"{portal}/sync", table="subscriber")
            assert mirrored.headers["location"].startswith("/jobs/")
    assert not troubles(asked.text)


async def _on_air(visitor: Visitor, provider: str) -> None:
    """A channel shows what is on once the guide was synced."""
    served = visitor.served
    job = (await served.json("POST", f"/api/providers/{provider}/sync?only=channels,epg", 202))["jobId"]
    async with asyncio.timeout(90):
        while (await served.context.history.get(job)).status.live:  # noqa: ASYNC110 - a worker of its own ends it
            await asyncio.sleep(0.1)
    job = (await served.json("POST", f"/api/providers/{provider}/sync?only=epg", 202))["jobId"]
    async with asyncio.timeout(90):
        while (await served.context.history.get(job)).status.live:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.1)
    channel = (await served.json("GET", f"/api/epg/now?providerId={provider}"))["channels"][0]
    page = await visitor.open(f"/channels/{channel['channelId']}")
    assert 'class="badge live">now<' in page
