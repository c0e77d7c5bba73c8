"""What people changed by hand outlives whatever happens to a catalogue."""

from typing import Any

from tests.playlists.reader import kodi
from tests.playlists.site import ACCOUNT, Panel, added
from tests.support.scripted import sync
from tests.support.server import Served


async def resync(served: Served, pk: int) -> None:
    context = served.context
    async with context.open_provider(await context.registry.account(pk)) as provider:
        await sync(context.database, pk, provider)


async def test_changes_by_hand_outlive_a_sync_a_clean_and_a_provider_that_comes_back(
    served: Served, panel: Panel
) -> None:
    provider, pk = await added(served, panel.url, *ACCOUNT)
    body: dict[str, Any] = {"name": "Home", "definition": {"providers": [provider], "names": "original"}}
    one = await served.json("POST", "/api/playlists", 201, json=body)
    ids = [row["id"] for row in (await served.json("GET", "/api/channels?limit=5"))["channels"]]
    entries = f"/api/playlists/{one['id']}/entries"
    await served.json("PATCH", f"{entries}/{ids[0]}", json={"hidden": True})
    await served.json("PATCH", f"{entries}/{ids[1]}", json={"name": "My own", "number": 7.1})
    await served.json("PATCH", f"{entries}/{ids[2]}", json={"position": 1})

    async def lines() -> list[tuple[str, str | None, str]]:
        _, found = kodi((await served.client.get(one["links"]["m3u"])).text)
        return [(entry.name, entry.attributes.get("tvg-chno"), entry.url) for entry in found]

    before = await lines()
    assert before[0][2].endswith(ids[2])
    assert ("My own", "7.1") in [line[:2] for line in before]
    assert not [line for line in before if line[2].endswith(ids[0])]
    await resync(served, pk)
    assert await lines() == before
    await served.json("DELETE", f"/api/providers/{provider}/clean")
    assert await lines() == []
    await resync(served, pk)
    assert await lines() == before
    await served.json("DELETE", f"/api/providers/{provider}", 204)
    assert await lines() == []
    await served.json("PATCH", f"/api/playlists/{one['id']}", json={"definition": {"sort": "provider"}})
    assert (await added(served, panel.url, *ACCOUNT))[0] == provider
    assert await lines() == before
    assert (await served.json("GET", entries))["total"] == 3
