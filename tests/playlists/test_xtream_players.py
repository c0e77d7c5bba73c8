"""Players that are not ours, and our own adapter, against a real server over a synced panel."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from pyxtream.pyxtream import XTream
from sqlalchemy import select

from app.config import Settings
from app.core.clock import now_ms
from app.domain.kinds import Kind
from app.playlists.users import NewUser
from app.playlists.views import NewPlaylist
from app.simulator.behaviour import Behaviour
from app.simulator.process import PortalThread
from app.simulator.server import create_portal
from app.simulator.spec import CatalogueSpec
from tests.support.scripted import T, sync
from tests.support.server import Served, serving

SPEC = CatalogueSpec(channels=60, movies=90, series=20, categories=12)
USER, PASSWORD = "viewer", "fake-pass-1"
FAR = 4_102_444_800_000


@pytest.fixture(scope="module")
def panel() -> Iterator[PortalThread]:
    with PortalThread({"": create_portal(SPEC, "xtream", Behaviour())}) as thread:
        yield thread


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A server on a socket that has synced a panel, and a user of a playlist of all of it."""

    url: str
    served: Served
    provider_pk: int
    playlist_id: str

    async def call(self, action: str = "", **params: str) -> Any:
        query = {"username": USER, "password": PASSWORD, "action": action, **params}
        return await self.served.json("GET", "/player_api.php", params=query)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.served.client.get(path, **options)


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
async def opened(settings: Settings, panel: PortalThread) -> AsyncIterator[Site]:
    async with serving(settings) as served, listening(served) as url:
        provider_id, pk = await added(served, panel.url, "fake-user", "fake-word")
        definition = {"providers": [provider_id], "kinds": list(Kind), "names": "original", "adult": True}
        desk = served.context.playlists
        playlist = await desk.saved.add(NewPlaylist(name="Everything", definition=definition))
        await desk.users.add(playlist.id, NewUser(username=USER, password=PASSWORD, expires_at=FAR, max_connections=3))
        yield Site(url=url, served=served, provider_pk=pk, playlist_id=playlist.id)


@pytest.fixture
def settings(redis_url: str, tmp_path: Path) -> Settings:
    return Settings(redis_url=redis_url, secret_key="not-a-real-key", data_dir=tmp_path, retry_attempts=0)


@pytest.fixture
async def site(settings: Settings, sqlite_url: str, panel: PortalThread) -> AsyncIterator[Site]:
    async with opened(settings.model_copy(update={"database_url": sqlite_url}), panel) as found:
        yield found


@pytest.fixture
async def each_site(settings: Settings, database_url: str, panel: PortalThread) -> AsyncIterator[Site]:
    """The same on both dialects."""
    async with opened(settings.model_copy(update={"database_url": database_url}), panel) as found:
        yield found


async def added(served: Served, url: str, username: str, password: str) -> tuple[str, int]:
    """A panel as a provider, synced: its id and its key."""
    body = {"name": url, "kind": "xtream", "url": url, "sync": False}
    credentials = {"username": username, "password": password}
    provider = await served.json("POST", "/api/providers", 201, json=body | {"credentials": credentials})
    context = served.context
    async with context.database.reader() as reader:
        pk = int(await reader.scalar(select(T["provider"].c.pk).where(T["provider"].c.id == provider["id"])))
    account = await context.registry.account(pk)
    async with context.open_provider(account) as opened:
        await sync(context.database, pk, opened)
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


class Patient(XTream):  # type: ignore[misc] # it has no types
    """It gives up after 15 seconds otherwise: a busy machine would look like a fault."""

    def _get_request(self, url: str, timeout: tuple[int, int] = (30, 100)) -> Any:
        return super()._get_request(url, timeout)


async def test_pyxtream_loads_everything(each_site: Site, tmp_path: Path) -> None:
    site = each_site

    def load() -> Patient:
        found = Patient("lineup", USER, PASSWORD, site.url, cache_path=str(tmp_path), validate_json=True)
        assert found.load_iptv()
        return found

    loaded = await asyncio.to_thread(load)
    for kind, told in ((Kind.CHANNEL, loaded.channels), (Kind.MOVIE, loaded.movies), (Kind.SERIES, loaded.series)):
        expected = await stored(site.served, kind, site.provider_pk)
        assert sorted(one.name for one in told) == sorted(name for name, _ in expected.values() if name)
        assert len(told) > 15
    grouped = [0, 0, 0]
    for group in loaded.groups:
        grouped[group.group_type] += len(group.channels) + len(group.series)
    assert grouped == [len(loaded.channels), len(loaded.movies), len(loaded.series)]
    assert loaded.live_catch_all_group.channels == []
    series = loaded.series[0]
    await asyncio.to_thread(loaded.get_series_info_by_id, series)
    episodes = [episode for season in series.seasons.values() for episode in season.episodes.values()]
    assert episodes
    assert (await asyncio.to_thread(loaded.liveEpgByStream, loaded.channels[0].id)) == {"epg_listings": []}
    for playable in (loaded.channels[0], loaded.movies[0], episodes[0]):
        answer = await site.get(playable.url)
        assert answer.status_code == 302
        assert "fake-word" in answer.headers["location"]


async def test_our_own_adapter_finds_the_same_names_ids_and_categories(each_site: Site) -> None:
    site = each_site
    _, second = await added(site.served, site.url, USER, PASSWORD)
    for kind, action in zip(Kind, ("get_live_streams", "get_vod_streams", "get_series"), strict=True):
        source = await stored(site.served, kind, site.provider_pk)
        found = await stored(site.served, kind, second)
        rows = {str(row.get("stream_id", row.get("series_id"))): row["name"] for row in await site.call(action)}
        assert {number: name for number, (name, _) in found.items()} == rows
        assert sorted(found.values(), key=str) == sorted(source.values(), key=str)


async def test_accounts_are_told_as_panels_tell_them(site: Site) -> None:
    found = await site.call()
    assert set(found) == {"user_info", "server_info"}
    user, server = found["user_info"], found["server_info"]
    expected = {"username": USER, "password": PASSWORD, "auth": 1, "status": "Active", "exp_date": str(FAR // 1000)}
    assert user.items() >= (expected | {"max_connections": "3", "is_trial": "0", "active_cons": "0"}).items()
    assert user["allowed_output_formats"] == ["m3u8", "ts"]
    expected = {"url": "lineup.test", "port": "80", "https_port": "", "server_protocol": "http", "timezone": "UTC"}
    assert server.items() >= expected.items()
    assert abs(server["timestamp_now"] - now_ms() / 1000) < 60
    over = await site.served.json("GET", f"https://tv.test:8443/player_api.php?username={USER}&password={PASSWORD}")
    expected = {"url": "tv.test", "port": "", "https_port": "8443", "server_protocol": "https"}
    assert over["server_info"].items() >= expected.items()
    assert await site.call("get_account_info") | {"server_info": 0} == found | {"server_info": 0}
    assert await site.call("whatever") | {"server_info": 0} == found | {"server_info": 0}


async def test_a_form_asks_as_a_query_does(site: Site) -> None:
    body = {"username": USER, "password": PASSWORD, "action": "get_live_streams"}
    posted = await site.served.json("POST", "/player_api.php?password=else", data=body)
    assert posted == await site.call("get_live_streams") == await site.call("202")
    assert len(posted) > 15
    answer = await site.served.client.post("/player_api.php", data={"username": "x" * 20_000})
    assert answer.status_code == 422
    assert (await site.served.client.post("/player_api.php", data={"username": "a\0b"})).status_code == 422


async def test_strangers_are_denied_as_by_legacy_panels(site: Site) -> None:
    for username, password in ((USER, "wrong-pass"), ("nobody", PASSWORD), ("", ""), (USER, PASSWORD.upper())):
        query = {"username": username, "password": password}
        for action in ("", "get_live_streams", "get_series_info"):
            found = await site.served.json("GET", "/player_api.php", params=query | {"action": action})
            assert found == {"user_info": {"auth": 0}}
        paths = ["/get.php", "/xmltv.php", "/streaming/timeshift.php"]
        for path in [*paths, f"/live/{username}/{password}/1.ts"] if username else paths:
            assert (await site.get(path, params=query)).status_code == 403


async def test_who_may_not_watch_is_told_why_and_gets_nothing(site: Site) -> None:
    number = (await site.call("get_live_streams"))[0]["stream_id"]
    users = f"/api/playlists/{site.playlist_id}/users"
    [user] = (await site.served.json("GET", users))["users"]
    for change, status in (({"expiresAt": "2020-01-01T00:00:00Z"}, "Expired"), ({"enabled": False}, "Disabled")):
        await site.served.json("PATCH", f"{users}/{user['id']}", json=change)
        info = (await site.call())["user_info"]
        assert (info["auth"], info["status"]) == (1, status)
        for action in ("get_live_streams", "get_live_categories", "get_vod_info"):
            assert await site.call(action) == []
        for path in (f"/live/{USER}/{PASSWORD}/{number}.ts", f"/get.php?username={USER}&password={PASSWORD}"):
            assert (await site.get(path)).status_code == 403


async def test_lists_are_kept_by_whoever_has_them(site: Site) -> None:
    query = {"username": USER, "password": PASSWORD, "action": "get_vod_streams"}
    async with site.served.context.database.writer() as writer:
        await writer.execute(T["catalogue_head"].update().values(pending=False, version=1))
    first = await site.get("/player_api.php", params=query, headers={"Accept-Encoding": "gzip"})
    assert first.headers["content-encoding"] == "gzip"
    assert first.headers["content-type"] == "application/json"
    again = await site.get(
        "/player_api.php", params=query, headers={"Accept-Encoding": "gzip", "If-None-Match": first.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    plain = await site.get("/player_api.php", params=query, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.json() == first.json()
    assert plain.headers["etag"] != first.headers["etag"]
    assert "private" in first.headers["cache-control"]


async def test_files_are_given_as_panels_give_them(site: Site) -> None:
    query = {"username": USER, "password": PASSWORD}
    answer = await site.get("/get.php", params=query | {"type": "m3u_plus", "output": "m3u8"})
    lines = answer.text.splitlines()
    assert answer.headers["content-disposition"] == f'attachment; filename="tv_channels_{USER}_plus.m3u"'
    channels = [row["stream_id"] for row in await site.call("get_live_streams")]
    played = [line for line in lines if line.startswith("http")]
    assert played[: len(channels)] == [
        f"http://lineup.test/live/{USER}/{PASSWORD}/{number}.m3u8" for number in channels
    ]
    series = (await site.call("get_series"))[0]["series_id"]
    episodes = (await site.call("get_series_info", series_id=str(series)))["episodes"].values()
    known = {episode["id"]: episode["container_extension"] for season in episodes for episode in season}
    shows = await site.get("/get.php", params=query | {"key": "series"})
    played = [line for line in shows.text.splitlines() if line.startswith("http")]
    assert sorted(played) == sorted(
        f"http://lineup.test/series/{USER}/{PASSWORD}/{number}.{ending}" for number, ending in known.items()
    )
    movies = await site.get("/get.php", params=query | {"type": "m3u", "key": "movie"})
    assert movies.text.count("\n#EXTINF:-1,") == len(await site.call("get_vod_streams"))
    assert "/live/" not in movies.text
    guide = await site.get("/xmltv.php", params=query)
    assert guide.headers["content-type"].startswith("application/xml")
    assert guide.text.rstrip().endswith("</tv>")
    packed = await site.get("/xmltv.php", params=query | {"gzip": "1"})
    assert packed.content[:2] == b"\x1f\x8b"


async def test_streams_lead_to_the_provider_and_only_there(site: Site) -> None:
    live = (await site.call("get_live_streams"))[0]["stream_id"]
    archived = next(row for row in await site.call("get_live_streams") if row["tv_archive"])["stream_id"]
    movie = (await site.call("get_vod_streams"))[0]["stream_id"]
    account = f"{USER}/{PASSWORD}"
    for path, part in (
        (f"/live/{account}/{live}.ts", "/live/"),
        (f"/live/{account}/{live}.m3u8", "/live/"),
        (f"/{account}/{live}", "/live/"),
        (f"/{account}/{live}.ts", "/live/"),
        (f"/movie/{account}/{movie}.mp4", "/movie/"),
        (f"/timeshift/{account}/60/2025-07-09:21-30/{archived}.ts", "/fake-word/60/2025-07-09:23-30/"),
        (f"/streaming/timeshift.php?username={USER}&password={PASSWORD}&stream={archived}&start=2025-07-09:21-30&duration=60",
         "/60/2025-07-09:23-30/"),
        (f"/live/{account}/{archived}.ts?utc=1752096600&duration=3600", "/60/2025-07-09:23-30/"),
    ):  # fmt: skip
        answer = await site.get(path)
        assert (answer.status_code, answer.headers["cache-control"]) == (302, "no-store"), path
        assert part in answer.headers["location"]
        assert answer.content == b""
    for path, status in (
        (f"/live/{account}/{movie}.ts", 404),
        (f"/movie/{account}/{live}.ts", 404),
        (f"/series/{account}/{live}.ts", 404),
        (f"/live/{account}/2147483647.ts", 404),
        (f"/live/{account}/9999999999.ts", 404),
        (f"/live/{account}/abc.ts", 404),
        (f"/timeshift/{account}/60/yesterday/{archived}.ts", 422),
        (f"/timeshift/{account}/60/9999-12-31:23-59/{archived}.ts", 422),
        (f"/timeshift/{account}/0/2025-07-09:21-30/{archived}.ts", 422),
        ("/api/nothing/12", 404),
    ):
        assert (await site.get(path)).status_code == status, path


async def test_a_list_of_a_catalogue_tells_no_secret_of_the_provider(site: Site) -> None:
    query = f"username={USER}&password={PASSWORD}"
    actions = ("live_streams", "vod_streams", "series", "live_categories", "vod_categories", "series_categories")
    texts = [(await site.get(f"/player_api.php?{query}&action=get_{action}")).text for action in actions]
    texts += [(await site.get(f"/{file}.php?{query}")).text for file in ("get", "xmltv", "player_api")]
    series = (await site.call("get_series"))[0]["series_id"]
    texts.append((await site.get(f"/player_api.php?{query}&action=get_series_info&series_id={series}")).text)
    for text in texts:
        assert len(text) > 2
        assert "fake-word" not in text
        assert "fake-user" not in text
