"""Who gets in where, what is told to those who do not, and where streams lead."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog

from app.config import Settings
from app.core.errors import NotFound, Rejected
from app.core.redaction import redact
from app.domain.kinds import Kind
from app.playlists import hdhr
from app.playlists.tokens import Capability, digest, new_token, owner_of, same
from app.providers.base import StreamLink
from app.streams.passing import Passing
from tests.playlists import reader
from tests.playlists.conftest import Store, channels
from tests.support.scripted import record
from tests.support.server import Served, serving

C = Kind.CHANNEL
KEY = {"X-API-Key": "fake-api-key"}
FILES = ("/playlist/{slug}.m3u?token={word}", "/epg/{slug}.xml?token={word}", "/epg/{slug}.xml.gz?token={word}")
WORDS = (
    "/p/{word}/playlist.m3u",
    "/p/{word}/epg.xml",
    "/p/{word}/epg.xml.gz",
    "/hdhr/{word}/discover.json",
    "/hdhr/{word}/lineup.json",
    "/hdhr/{word}/lineup_status.json",
    "/hdhr/{word}/device.xml",
)


class Cinema:
    """What plays, instead of the providers."""

    def __init__(self, passing: Passing) -> None:
        self.asked: list[Any] = []
        self.error: Exception | None = None
        self.passing = passing

    async def item(self, kind: Kind, item_id: str) -> StreamLink:
        return self._told(kind, item_id)

    async def episode(self, episode_id: str) -> StreamLink:
        return self._told("episode", episode_id)

    async def replay(self, channel_id: str, *, start_ms: int, minutes: int) -> StreamLink:
        return self._told("replay", channel_id, start_ms, minutes)

    async def close(self) -> None:
        return None

    def _told(self, *asked: Any) -> StreamLink:
        self.asked.append(asked)
        if self.error:
            raise self.error
        return StreamLink(url=f"http://cdn.test/{len(self.asked)}")


@pytest.fixture
async def guarded(settings: Settings) -> AsyncIterator[Served]:
    async with serving(settings.model_copy(update={"api_keys": ("fake-api-key",)})) as found:
        yield found


@pytest.fixture
def cinema(guarded: Served) -> Cinema:
    found = Cinema(guarded.context.streams.passing)
    object.__setattr__(guarded.context, "streams", found)
    return found


async def stock(guarded: Served, **definition: Any) -> tuple[Store, dict[str, Any]]:
    store = Store(guarded.context.database)
    await store.stock({C: channels(2), Kind.MOVIE: [record(Kind.MOVIE, 1)]})
    body = {"name": "Home", "definition": {"kinds": ["channel", "movie"], **definition}}
    return store, await guarded.json("POST", "/api/playlists", 201, json=body, headers=KEY)


async def test_a_token_opens_its_playlist_and_nothing_else(guarded: Served) -> None:
    _, one = await stock(guarded)
    other = await guarded.json("POST", "/api/playlists", 201, json={"name": "Other"}, headers=KEY)
    for form in (*FILES, *WORDS):
        answer = await guarded.client.get(form.format(slug=one["slug"], word=one["token"]))
        assert answer.status_code == 200, form
        assert "public" not in answer.headers.get("cache-control", "")
    texts = set()
    wrong = [(one["slug"], new_token()), (one["slug"], other["token"]), ("nowhere", one["token"]), ("nowhere", "x")]
    for slug, word in wrong:
        for form in FILES:
            answer = await guarded.client.get(form.format(slug=slug, word=word))
            assert answer.status_code == 404, form
            texts.add(answer.text)
    for form in WORDS:
        answer = await guarded.client.get(form.format(word=new_token()))
        assert answer.status_code == 404, form
        texts.add(answer.text)
    assert len(texts) == 1  # nobody learns which part was wrong
    assert (await guarded.client.get("/api/playlists", headers={"Authorization": one["token"]})).status_code == 401


async def test_the_files_of_a_provider_need_an_api_key_and_hold_none(guarded: Served) -> None:
    store, _ = await stock(guarded)
    provider = (await store.entries())[0].provider_id
    for path in (f"/playlist/{provider}.m3u", f"/epg/{provider}.xml", f"/epg/{provider}.xml.gz"):
        assert (await guarded.client.get(path)).status_code == 401
        assert (await guarded.client.get(f"{path}?token=x")).status_code == 404
        assert (await guarded.client.get(path, headers=KEY)).status_code == 200
        assert (await guarded.client.get(f"{path}?key=fake-api-key")).status_code == 200
    assert (await guarded.client.get("/playlist/nowhere.m3u")).status_code == 401
    assert (await guarded.client.get("/playlist/home.m3u", headers=KEY)).status_code == 404
    text = (await guarded.client.get(f"/playlist/{provider}.m3u?key=fake-api-key")).text
    assert "fake-api-key" not in text
    header, entries = reader.kodi(text)
    assert len(entries) == 3
    guide = header["url-tvg"].removeprefix("http://lineup.test")
    assert (await guarded.client.get(guide)).status_code == 200
    assert (await guarded.client.get(guide.replace("/p/c", "/p/p"))).status_code == 404


async def test_an_address_plays_one_item_as_long_as_the_line_up_holds_it(guarded: Served, cinema: Cinema) -> None:
    store, one = await stock(guarded)
    _, entries = reader.kodi((await guarded.client.get(one["links"]["m3u"])).text)
    paths = [entry.url.removeprefix("http://lineup.test") for entry in entries]
    ids = [path.split("/")[-1] for path in paths]
    for path in paths:
        answer = await guarded.client.get(path)
        assert (answer.status_code, answer.headers["cache-control"]) == (302, "no-store")
        assert answer.headers["location"] == f"http://cdn.test/{len(cinema.asked)}"
    assert cinema.asked == [(C, ids[0]), (C, ids[1]), (Kind.MOVIE, ids[2])]
    past = await guarded.client.get(f"{paths[0]}?utc=1790000000&duration=1801")
    assert past.status_code == 302
    assert cinema.asked[-1] == ("replay", ids[0], 1_790_000_000_000, 31)
    asked = len(cinema.asked)
    for wrong in (
        paths[0].replace(ids[0], ids[1]),
        paths[0].replace("/live/", "/movie/"),
        paths[0][:-1],
        "/play/x/y/z",
    ):
        assert (await guarded.client.get(wrong)).status_code == 404, wrong
    await guarded.json("PATCH", f"/api/playlists/{one['id']}/entries/{ids[0]}", json={"hidden": True}, headers=KEY)
    assert (await guarded.client.get(paths[0])).status_code == 404
    provider_pk = (await store.entries())[0].provider_pk
    await store.judge(provider_pk, 1, 1)
    assert (await guarded.client.get(paths[1])).status_code == 404
    assert len(cinema.asked) == asked
    cinema.error = Rejected("The account has expired.")
    assert (await guarded.client.get(paths[2])).status_code == 502
    await guarded.json("POST", f"/api/playlists/{one['id']}/token", headers=KEY)
    assert (await guarded.client.get(paths[2])).status_code == 404


async def test_addresses_in_the_files_of_a_provider_play_without_a_key(guarded: Served, cinema: Cinema) -> None:
    store, _ = await stock(guarded)
    provider = (await store.entries())[0].provider_id
    _, entries = reader.kodi((await guarded.client.get(f"/playlist/{provider}.m3u", headers=KEY)).text)
    assert (await guarded.client.get(entries[0].url)).status_code == 302
    await store.judge((await store.entries())[0].provider_pk, 0, 2)
    assert (await guarded.client.get(entries[0].url)).status_code == 404


async def test_adult_items_play_where_the_definition_has_them(guarded: Served, cinema: Cinema) -> None:
    store, one = await stock(guarded, adult=True)
    await store.judge((await store.entries())[0].provider_pk, 0, 1)
    _, entries = reader.kodi((await guarded.client.get(one["links"]["m3u"])).text)
    assert len(entries) == 3
    assert (await guarded.client.get(entries[0].url)).status_code == 302


async def test_a_tuner_tells_channels_under_numbers_of_their_own(guarded: Served) -> None:
    store, one = await stock(guarded)
    ids = [entry.item_id for entry in await store.entries()]
    for item_id in ids:
        path = f"/api/playlists/{one['id']}/entries/{item_id}"
        await guarded.json("PATCH", path, json={"number": 7.1}, headers=KEY)
    found = await guarded.json("GET", f"/hdhr/{one['token']}/discover.json")
    assert found["LineupURL"] == f"{one['links']['hdhomerun']}/lineup.json" == f"{found['BaseURL']}/lineup.json"
    assert (found["FriendlyName"], found["TunerCount"]) == ("Home", 1)
    line_up = await guarded.json("GET", f"/hdhr/{one['token']}/lineup.json")
    assert [(row["GuideName"], row["GuideNumber"]) for row in line_up] == [
        ("Channel 1", "7.1"),
        ("Channel 2", "10001"),
    ]
    assert [row["URL"].split("/")[-1] for row in line_up] == ids
    assert (await guarded.json("GET", f"/hdhr/{one['token']}/lineup_status.json"))["ScanInProgress"] == 0
    assert found["DeviceID"] in (await guarded.client.get(f"/hdhr/{one['token']}/device.xml")).text


def test_ids_of_tuners_pass_the_check_of_their_maker() -> None:
    lookup = (0xA, 0x5, 0xF, 0x6, 0x7, 0xC, 0x1, 0xB, 0x9, 0x2, 0x8, 0xD, 0x4, 0x3, 0xE, 0x0)
    for number in range(50):
        rest, value = 0, int(hdhr.device_id(str(number)), 16)
        for shift in range(28, -4, -8):
            rest ^= lookup[value >> shift & 15] ^ (value >> shift - 4 & 15)
        assert rest == 0


async def test_no_token_reaches_the_log_or_the_metrics(guarded: Served, cinema: Cinema) -> None:
    _, one = await stock(guarded)
    cinema.error = NotFound("gone")
    with structlog.testing.capture_logs() as logs:
        text = (await guarded.client.get(one["links"]["m3u"])).text
        for path in (*(form.format(word=one["token"]) for form in WORDS), reader.kodi(text)[1][0].url):
            await guarded.client.get(path)
    word = reader.kodi(text)[1][0].url.split("/")[-3]
    told = str([redact(None, "", entry) for entry in logs])
    assert one["token"] not in told
    assert word not in told
    metrics = (await guarded.client.get("/metrics", headers=KEY)).text
    assert one["token"] not in metrics
    assert word not in metrics
    assert 'route="/playlist/{name}.m3u"' in metrics
    assert redact(None, "", {"event": f"GET /p/{new_token()}/playlist.m3u"})["event"] == "GET /p/***/playlist.m3u"


def test_capabilities_open_one_thing_of_one_owner_with_any_of_the_keys() -> None:
    old, new = Capability("p", "owner", (b"old",)), Capability("p", "owner", (b"new", b"old"))
    assert new.opens(old.of("live/1"), "live/1")
    assert not old.opens(new.of("live/1"), "live/1")
    assert not new.opens(new.of("live/1"), "live/2")
    assert not Capability("p", "other", (b"new",)).opens(new.of("live/1"), "live/1")
    assert owner_of(new.of("live/1")) == ("p", "owner")
    assert owner_of("nothing") == ("", "")
    assert len(new.of("x").rpartition("-")[2]) * 4 >= 128
    assert same("a", "a")
    assert not same("a", "b")
    assert digest("a") != digest("b")
