"""A server on a socket that has synced a simulated panel, and a user of a playlist of all of it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import uvicorn
from sqlalchemy import select

from app.config import Settings
from app.domain.kinds import Kind
from app.playlists.users import NewUser
from app.playlists.views import NewPlaylist
from app.simulator.behaviour import Behaviour
from app.simulator.process import PortalThread
from app.simulator.server import create_portal
from app.simulator.spec import CatalogueSpec
from app.simulator.wire import Reply
from tests.support.scripted import T, sync
from tests.support.server import Served, serving

SPEC: Final = CatalogueSpec(channels=60, movies=90, series=20, categories=12)
USER, PASSWORD = "viewer", "fake-pass-1"
ACCOUNT: Final = ("fake-user", "fake-word")
FAR: Final = 4_102_444_800_000


@dataclass(slots=True)
class Panel:
    """A simulated panel: `asked` are the addresses of streams that somebody opened."""

    url: str = ""
    asked: list[str] = field(default_factory=list)


@contextmanager
def running_panel() -> Iterator[Panel]:
    """One for everybody who asks."""
    portal, panel = create_portal(SPEC, "xtream", Behaviour()), Panel()
    page = portal.page

    def noted(path: str) -> Reply:
        panel.asked.append(path)
        return page(path)

    portal.page = noted  # type: ignore[method-assign]
    with PortalThread({"": portal}) as thread:
        panel.url = thread.url
        yield panel


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """`url` is where players find it; `served` asks it without a socket."""

    url: str
    served: Served
    panel: Panel
    provider_id: str
    provider_pk: int
    playlist_id: str

    async def call(self, action: str = "", **params: str) -> Any:
        query = {"username": USER, "password": PASSWORD, "action": action, **params}
        return await self.served.json("GET", "/player_api.php", params=query)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.served.client.get(path, **options)

    async def user(self, name: str) -> str:
        """Another user with the same password; their id."""
        desk = self.served.context.playlists
        user, _ = await desk.users.add(self.playlist_id, NewUser(username=name, password=PASSWORD))
        return user.id


@asynccontextmanager
async def listening(served: Served) -> AsyncIterator[str]:
    config = uvicorn.Config(served.app, port=0, lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task


@asynccontextmanager
async def opened(settings: Settings, panel: Panel) -> AsyncIterator[Site]:
    """The site, between its start and its end."""
    async with serving(settings) as served, listening(served) as url:
        provider_id, pk = await added(served, panel.url, *ACCOUNT)
        definition = {"providers": [provider_id], "kinds": list(Kind), "names": "original", "adult": True}
        desk = served.context.playlists
        playlist = await desk.saved.add(NewPlaylist(name="Everything", definition=definition))
        await desk.users.add(playlist.id, NewUser(username=USER, password=PASSWORD, expires_at=FAR, max_connections=3))
        yield Site(
            url=url, served=served, panel=panel, provider_id=provider_id, provider_pk=pk, playlist_id=playlist.id
        )


async def added(served: Served, url: str, username: str, password: str) -> tuple[str, int]:
    """A panel as a provider, synced: its id and its key."""
    credentials = {"username": username, "password": password}
    return await synced(served, {"name": url, "kind": "xtream", "url": url, "credentials": credentials})


async def synced(served: Served, body: dict[str, Any]) -> tuple[str, int]:
    """A provider that is added and synced: its id and its key."""
    provider = await served.json("POST", "/api/providers", 201, json=body | {"sync": False})
    context = served.context
    async with context.database.reader() as reader:
        pk = int(await reader.scalar(select(T["provider"].c.pk).where(T["provider"].c.id == provider["id"])))
    account = await context.registry.account(pk)
    async with context.open_provider(account) as found:
        await sync(context.database, pk, found)
    return provider["id"], pk


async def stored(served: Served, kind: Kind, pk: int) -> dict[str, tuple[str, frozenset[str]]]:
    """Name and categories' names of each active item by the provider's own id."""
    item, member, category = T[kind.value].c, T["item_category"].c, T["category"].c
    async with served.context.database.reader() as reader:
        mine = (item.provider_pk == pk, item.is_active)
        items = await reader.rows(select(item.ordinal, item.external_id, item.name).where(*mine))
        joined = select(member.ordinal, category.name).join(T["category"], category.id == member.category_id)
        groups = await reader.rows(joined.where(category.provider_pk == pk, category.kind == kind.value))
    named: dict[int, set[str]] = {}
    for row in groups:
        named.setdefault(row.ordinal, set()).add(row.name)
    return {row.external_id: (row.name, frozenset(named.get(row.ordinal, {"Other"}))) for row in items}
