"""What a player gets where a provider's addresses tell of the account: never one of those."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import pytest

from app.config import Settings
from app.domain.kinds import Kind
from app.providers.base import StreamLink
from app.streams import passing
from app.streams.passing import Passing
from tests.playlists import reader
from tests.playlists.conftest import Store, channels
from tests.support.origin import ACCOUNT, FILM, Origin, streaming
from tests.support.server import Served, listening

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

    async def close(self) -> None:
        return None


class Player:
    """Somebody who watches the first channel of a playlist."""

    def __init__(self, served: Served, film: OneFilm, path: str) -> None:
        self.served = served
        self.client = served.client
        self._film = film
        self.path = path

    async def plays(self, name: str, method: str = "GET", **headers: str) -> httpx.Response:
        self._film.name = name
        answer = await self.client.request(method, self.path, headers=headers)
        assert not told(answer), answer.headers
        return answer


def told(answer: httpx.Response) -> list[str]:
    """The secrets that an answer holds."""
    return [word for word in SECRETS if word in f"{answer.headers}{answer.text}"]


@pytest.fixture
def origin() -> Iterator[Origin]:
    with streaming() as found:
        yield found


@pytest.fixture
async def player(settings: Settings, origin: Origin) -> AsyncIterator[Player]:
    async with listening(settings) as served:
        await Store(served.context.database).stock({Kind.CHANNEL: channels(1)})
        made: dict[str, Any] = await served.json("POST", "/api/playlists", 201, json={"name": "Home"})
        real = served.context.streams
        film = OneFilm(real.passing, origin)
        object.__setattr__(served.context, "streams", film)
        address = urlsplit(made["links"]["m3u"])
        _, entries = reader.kodi((await served.client.get(f"{address.path}?{address.query}")).text)
        yield Player(served, film, urlsplit(entries[0].url).path)
        object.__setattr__(served.context, "streams", real)


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


async def test_a_list_of_segments_leads_here_where_its_addresses_would_tell(
    player: Player, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await player.plays("list.m3u8")
    assert answer.headers["content-type"].startswith("application/vnd.apple.mpegurl")
    lines = answer.text.splitlines()
    key, own = lines[1].split('"')[1], lines[4]
    assert lines[2] == f'#EXT-X-MAP:URI="{origin.url}/open/init.mp4"'
    assert lines[6] == f"{origin.url}/open/2.ts"
    assert lines[8] == "http://cdn.test/3.ts?token=9"
    assert own.startswith(str(player.client.base_url))
    assert own.endswith("/part.mp4")
    assert key.endswith("/part.bin")
    part = await player.client.get(own, headers={"range": "bytes=0-9"})
    assert (part.status_code, part.content) == (206, FILM[:10])
    assert (await player.client.get(key)).status_code == 502
    for wrong in (own.replace("/relay/", "/relay/x"), "/relay/x/part.ts", "/relay/é/part.ts"):
        assert (await player.client.get(wrong)).status_code == 404
    monkeypatch.setattr(passing, "now_ms", lambda: 2**62)
    assert (await player.client.get(own)).status_code == 404, "an old address plays nothing"


async def test_what_the_provider_refuses_is_told_without_the_account(player: Player) -> None:
    for name in ("nothing.ts", "circle.ts"):
        answer = await player.plays(name)
        assert (answer.status_code, answer.headers["content-type"]) == (502, "application/problem+json")


async def test_a_stream_that_breaks_off_breaks_off(player: Player) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await player.plays("broken.ts")


async def test_the_provider_is_left_when_the_player_leaves(player: Player, origin: Origin) -> None:
    player._film.name = "endless.ts"
    async with player.client.stream("GET", player.path) as answer:
        async for piece in answer.aiter_bytes():
            assert piece.strip(b"\x47") == b""
            break
    assert await asyncio.to_thread(origin.left.wait, 20)
