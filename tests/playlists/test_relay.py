"""What a player gets where a provider's addresses tell of the account: never one of those."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio
import structlog

from app.config import Settings
from app.core.redaction import redact
from app.domain.kinds import Kind
from app.providers.base import StreamLink
from app.streams import passing
from app.streams.passing import Passing
from tests.playlists import reader
from tests.playlists.conftest import Store, channels
from tests.support.origin import ACCOUNT, FILM, Origin, streaming
from tests.support.server import Served, listening

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRETS: Final = frozenset({"fake-user", "fake-word"})


class OneFilm:
    """Every channel plays `name` of the origin."""

    def __init__(self, through: Passing, origin: Origin) -> None:
        self.passing = through
        self._origin = origin
        self.name = "edge.ts"

    async def item(self, _kind: Kind, _item_id: str) -> StreamLink:
        url = f"{self._origin.url}{ACCOUNT}/{self.name}"
        return StreamLink(url=url, headers={"User-Agent": "fake-box"}, secrets=SECRETS)

    def end(self) -> None:
        self.passing.end()

    async def close(self) -> None:
        return None


class Player:
    """Somebody who watches the first channel of a playlist."""

    def __init__(self, served: Served, film: OneFilm) -> None:
        self.served = served
        self.client = served.client
        self.film = film
        self.path = ""

    async def enters(self) -> None:
        """Reads the playlist by the link that it has now."""
        link = urlsplit((await self.served.json("GET", "/api/playlists/home"))["links"]["m3u"])
        _, entries = reader.kodi((await self.client.get(f"{link.path}?{link.query}")).text)
        self.path = urlsplit(entries[0].url).path

    async def plays(self, name: str, method: str = "GET", **headers: str) -> httpx.Response:
        self.film.name = name
        answer = await self.client.request(method, self.path, headers=headers)
        assert not told(answer), f"{answer.headers} {answer.text}"
        return answer

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[AsyncIterator[bytes]]:
        """Has read the first piece of a stream without an end."""
        self.film.name = "endless.ts"
        async with self.client.stream("GET", self.path) as answer:
            pieces = answer.aiter_raw()
            assert await anext(pieces)
            yield pieces


def told(answer: httpx.Response) -> list[str]:
    """The secrets that an answer holds."""
    return [word for word in SECRETS if word in f"{answer.headers}{answer.text}"]


def resident() -> int:
    """Bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4_096


@pytest.fixture(scope="module")
def server() -> Iterator[Origin]:
    with streaming() as found:
        yield found


@pytest.fixture
def origin(server: Origin) -> Origin:
    """The origin as if nobody had asked it before."""
    server.asked.clear()
    server.sent = 0
    server.left.clear()
    return server


@pytest.fixture(scope="module")
def module_settings(sqlite_template: Path, redis_server: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """No database has a part in how streams are passed on: one is enough."""
    folder = tmp_path_factory.mktemp("relay")
    url = f"sqlite:///{shutil.copyfile(sqlite_template, folder / 'lineup.db')}"
    return Settings(database_url=url, redis_url=redis_server, secret_key="not-a-real-key", data_dir=folder)


@pytest.fixture
def own_settings(module_settings: Settings, sqlite_url: str, tmp_path: Path) -> Settings:
    return module_settings.model_copy(update={"database_url": sqlite_url, "data_dir": tmp_path})


@asynccontextmanager
async def opened(settings: Settings, origin: Origin) -> AsyncIterator[Player]:
    async with listening(settings) as served:
        await Store(served.context.database).stock({Kind.CHANNEL: channels(1)})
        await served.json("POST", "/api/playlists", 201, json={"name": "Home"})
        film = OneFilm(served.context.streams.passing, origin)
        object.__setattr__(served.context, "streams", film)
        player = Player(served, film)
        await player.enters()
        yield player


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def player(module_settings: Settings, server: Origin) -> AsyncIterator[Player]:
    async with opened(module_settings, server) as found:
        yield found


async def test_a_panel_that_moves_to_an_open_address_is_followed_to_it(player: Player, origin: Origin) -> None:
    for name, asked in (("edge.ts", 1), ("twice.ts", 2)):
        answer = await player.plays(name)
        assert (answer.status_code, answer.headers["cache-control"]) == (302, "no-store")
        assert answer.headers["location"] == f"{origin.url}/auth/edge.ts?token=5f3"
        assert len(origin.asked) == asked, "the open address itself is the player's"
        assert {headers["user-agent"] for _, headers in origin.asked} == {"fake-box"}
        origin.asked.clear()


async def test_a_stream_that_stays_with_the_account_is_passed_on(player: Player) -> None:
    for name in ("film.mp4", "inside.ts"):
        whole = await player.plays(name)
        assert (whole.status_code, whole.content, whole.headers["content-type"]) == (200, FILM, "video/mp4")
        assert whole.headers["cache-control"] == "no-store"
        part = await player.plays(name, range="bytes=1000-1999")
        assert (part.status_code, part.content) == (206, FILM[1000:2000])
        assert part.headers["content-range"] == f"bytes 1000-1999/{len(FILM)}"
        head = await player.plays(name, "HEAD")
        assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(FILM)), b"")
    beyond = await player.plays("film.mp4", range=f"bytes={len(FILM)}-")
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(FILM)}")


@pytest.mark.parametrize("name", ["list.m3u8", "list", "list.ts", "packed.m3u8"])
async def test_a_list_of_segments_leads_here_where_its_addresses_would_tell(
    player: Player, origin: Origin, name: str
) -> None:
    answer = await player.plays(name)
    assert answer.headers["content-type"].startswith("application/vnd.apple.mpegurl")
    lines = [line for line in answer.text.splitlines() if line]
    assert lines[0] == "#EXTM3U"
    key, own = lines[1].split('"')[1], lines[4]
    assert lines[2:4] == [f'#EXT-X-MAP:URI="{origin.url}/open/init.mp4"', "#EXTINF:10,"]
    assert lines[6] == f"{origin.url}/open/2.ts"
    assert lines[8] == "http://cdn.test/3.ts?token=9"
    assert own.startswith(str(player.client.base_url))
    assert own.endswith("/part.mp4")
    assert key.endswith("/part.bin")
    part = await player.client.get(own, headers={"range": "bytes=0-9"})
    assert (part.status_code, part.content) == (206, FILM[:10])
    assert (await player.client.get(key)).status_code == 502
    head = await player.plays(name, "HEAD")
    assert (head.content, head.headers["content-type"]) == (b"", answer.headers["content-type"])


async def test_nobody_reads_an_address_by_cutting_a_list_in_the_right_place(player: Player) -> None:
    for name in ("list.m3u8", "list", "list.ts"):
        for span in ("bytes=0-150", "bytes=120-200", "bytes=9-"):
            answer = await player.plays(name, range=span)
            assert (answer.status_code, answer.text[:7]) == (200, "#EXTM3U"), span


async def test_a_sealed_address_plays_for_a_while_and_for_whom_it_was_sealed(
    player: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = (await player.plays("list.m3u8")).text.splitlines()[5]
    with structlog.testing.capture_logs() as logs:
        assert (await player.client.get(own)).status_code == 200
    assert own.split("/")[-2] not in str([redact(None, "", entry) for entry in logs])
    assert redact(None, "", {"event": own})["event"].endswith("/relay/***/part.mp4")
    for wrong in (own.replace("/relay/", "/relay/x"), "/relay/x/part.ts", "/relay/é/part.ts"):
        assert (await player.client.get(wrong)).status_code == 404
    with monkeypatch.context() as later:
        later.setattr(passing, "now_ms", lambda: 2**62)
        assert (await player.client.get(own)).status_code == 404, "an old address plays nothing"
    await player.served.json("POST", "/api/playlists/home/token")
    assert (await player.client.get(own)).status_code == 404, "nor does one of before a new token"
    await player.enters()


@pytest.mark.parametrize("name", ["nothing.ts", "circle.ts", "page.ts", "page", "page.m3u8", "words.ts"])
async def test_what_the_provider_refuses_is_told_without_the_account(player: Player, name: str) -> None:
    for method in ("GET", "HEAD"):
        answer = await player.plays(name, method)
        assert (answer.status_code, answer.headers["content-type"]) == (502, "application/problem+json")


async def test_a_stream_that_breaks_off_breaks_off(player: Player) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await player.plays("broken.ts")


async def test_the_provider_is_left_when_the_player_leaves(player: Player, origin: Origin) -> None:
    async with player.watching():
        pass
    assert await asyncio.to_thread(origin.left.wait, 20)


async def test_a_player_that_reads_no_more_holds_little_memory(player: Player, origin: Origin) -> None:
    before = resident()
    async with player.watching():
        known = -1
        while known != origin.sent:  # the kernel's buffers on the way fill up, and nothing of ours
            known = origin.sent
            await asyncio.sleep(0.2)
        assert resident() - before < 8 * 2**20, "the provider is read no faster than the player reads"
        assert known > 2**20


async def test_streams_end_with_the_server(own_settings: Settings, origin: Origin) -> None:
    async with opened(own_settings, origin) as player, player.watching() as pieces, player.watching():
        # The second one reads no more.
        with structlog.testing.capture_logs() as logs:
            player.served.context.end_waits()
            async with asyncio.timeout(2):  # sooner than the grace for downloads is over
                with pytest.raises(httpx.HTTPError):
                    async for _ in pieces:
                        pass
                while [one["event"] for one in logs].count("stream_broke_off") < 2:  # noqa: ASYNC110 - it tells nobody
                    await asyncio.sleep(0.02)
        assert await asyncio.to_thread(origin.left.wait, 5)
        assert (await player.plays("film.mp4")).status_code == 502


async def test_addresses_that_are_forbidden_are_not_asked(own_settings: Settings, origin: Origin) -> None:
    async with opened(own_settings.model_copy(update={"provider_networks": "public"}), origin) as player:
        assert (await player.plays("film.mp4")).status_code == 502
    assert origin.asked == []
