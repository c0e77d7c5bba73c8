"""The M3U outputs, read over HTTP by the rules of several players."""

import gzip
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from app.core import jsonio
from app.db.tables import metadata
from app.domain.kinds import Kind
from app.domain.records import ChannelRecord, MovieRecord, Record
from app.playlists.dressing import Entry
from app.playlists.lineups import of_provider
from app.playlists.m3u import channel_lines
from app.playlists.sources import Source
from app.playlists.tokens import Capability
from tests.playlists import reader
from tests.playlists.conftest import Store, channels
from tests.support.scripted import record
from tests.support.server import Served

C = Kind.CHANNEL
AWKWARD = (
    'The "Best" One',
    "Kids' TV, the first; second",
    "One, two, three",
    "Ünïcödé ᴴᴰ 日本 📺",
    'tvg-id="fake" group-title="x",Fake',
    "a\tb",
    'ends with a quote"',
    "#EXTM3U",
    "http://not.a/url,name",
    "x=y 'z'",
)


async def open_playlist(served: Served, **definition: Any) -> dict[str, Any]:
    body = {"name": "Living room", "definition": {"names": "original", **definition}}
    found: dict[str, Any] = await served.json("POST", "/api/playlists", 201, json=body)
    return found


def awkward() -> list[Record]:
    return [
        ChannelRecord(
            external_id=str(number),
            name=name,
            number=number + 0.5,
            logo=f'http://i.test/a b,"{number}",c.png',
            epg_id="one.ex",
            category_ids=("1",),
        )
        for number, name in enumerate(AWKWARD, 1)
    ]


def plain(name: str) -> str:
    """What a name may become: typographers' quotes, single spaces."""
    return " ".join(name.split()).replace('"', "”").replace("'", "’")


async def test_every_reader_finds_the_same_names(served: Served, stocked: Store) -> None:
    await stocked.stock({C: awkward()}, categories=('News; "Sport", kids\' & more',))
    one = await open_playlist(served)
    text = (await served.client.get(one["links"]["m3u"])).text
    header, entries = reader.kodi(text)
    expected = [plain(name) for name in AWKWARD]
    assert [entry.name for entry in entries] == expected
    assert [entry.name for entry in reader.strict(text)] == expected
    assert reader.quoteless(text) == expected
    assert reader.by_attributes(text) == expected
    ids = [entry.item_id for entry in await stocked.entries()]
    for number, (entry, other, item_id) in enumerate(zip(entries, reader.strict(text), ids, strict=True), 1):
        assert entry.groups == ["News, ”Sport”, kids’ & more"]
        assert entry.attributes["tvg-name"] == entry.name.replace("=", "＝")
        assert entry.attributes["tvg-chno"] == f"{number}.5"
        assert entry.attributes["tvg-logo"] == f"http://i.test/a%20b%2C%22{number}%22%2Cc.png"
        assert entry.attributes["tvg-id"] == f"{item_id}.lineup"
        assert entry.duration == "-1"
        assert {key: other.attributes[key] for key in entry.attributes} == entry.attributes
        assert entry.url == other.url
        assert entry.url.startswith("http://lineup.test/play/p")
        assert entry.url.endswith(f"/live/{item_id}")
    assert len({entry.url for entry in entries}) == len(AWKWARD)
    assert header["url-tvg"] == header["x-tvg-url"] == f"http://lineup.test/p/{one['token']}/epg.xml.gz"
    assert text.startswith("#EXTM3U ")


CHARACTERS = st.characters(codec="utf-8")


@settings(deadline=None)
@given(name=st.text(CHARACTERS, min_size=1, max_size=40), group=st.text(CHARACTERS, max_size=20))
def test_any_name_is_one_line_that_all_readers_agree_on(name: str, group: str) -> None:
    source = Source(
        name="n", identity="i", revision=1, line_up=of_provider("p"), word="w", capability=Capability("p", "o", (b"k",))
    )
    entry = Entry(
        item_id="item",
        kind=C,
        provider_id="p",
        provider_pk=1,
        ordinal=0,
        name=name,
        number=None,
        logo=None,
        group=group,
        group_id=None,
        epg_id=None,
        guide_id="item.lineup",
        tags=(),
        archive=False,
        archive_days=None,
        replayed=False,
        body=b"",
    )
    text = "#EXTM3U\n" + channel_lines("http://x", source, [entry]).decode()
    assert text.count("\n") == len(text.splitlines()) == 3
    _, [read] = reader.kodi(text)
    [other] = reader.strict(text)
    assert (
        read.name.replace("＝", "=")
        == other.name.replace("＝", "=")
        == read.attributes["tvg-name"].replace("＝", "=").strip()
    )
    assert reader.quoteless(text) == reader.by_attributes(text) == [read.name]
    assert read.name
    assert read.url == other.url
    assert len(read.groups) <= 1


async def test_groups_numbers_ids_and_names_follow_the_definition(served: Served, stocked: Store) -> None:
    channel = ChannelRecord(external_id="1", name="US| ONE ᴴᴰ", number=7, epg_id="one.ex", category_ids=("1",))
    await stocked.stock({C: [channel]})
    one = await open_playlist(served, names="cleaned", startNumber=100, groups="provider", guideIds="provider")
    _, [entry] = reader.kodi((await served.client.get(one["links"]["m3u"])).text)
    assert entry.name != "US| ONE ᴴᴰ"
    assert entry.attributes["tvg-chno"] == "100"
    assert entry.attributes["group-title"] == "one"
    assert entry.attributes["tvg-id"] == "one.ex"


async def test_movies_and_stored_episodes_come_behind_channels(served: Served, stocked: Store) -> None:
    movie = MovieRecord(external_id="1", name="Amélie", duration=122, poster="http://i.test/a.jpg", category_ids=("1",))
    pk = await stocked.stock({C: channels(1), Kind.MOVIE: [movie], Kind.SERIES: [record(Kind.SERIES, 1, name="Dark")]})
    [series] = await stocked.entries(Kind.SERIES, kinds=["series"])
    episode = {"id": "e1", "number": 2, "name": "Lies", "duration": 50}
    row = {"id": "e1", "provider_pk": pk, "series_id": series.item_id, "season": 1, "position": 0, "fetched_at": 1}
    async with stocked.database.writer() as writer:
        values = {**row, "document": jsonio.dumps(episode), "locator": b"{}"}
        await writer.execute(insert(metadata.tables["episode"]).values(**values))
    one = await open_playlist(served)
    assert len(reader.kodi((await served.client.get(one["links"]["m3u"])).text)[1]) == 1
    await served.json(
        "PATCH", f"/api/playlists/{one['id']}", json={"definition": {"kinds": ["channel", "movie", "series"]}}
    )
    _, found = reader.kodi((await served.client.get(one["links"]["m3u"])).text)
    assert [(entry.name, entry.duration, entry.url.split("/")[-2]) for entry in found] == [
        ("Channel 1", "-1", "live"),
        ("Amélie", "7320", "movie"),
        ("Dark S01E02 Lies", "3000", "series"),
    ]
    assert found[1].attributes["media"] == "true"


async def test_a_file_has_one_tag_per_encoding_and_is_not_sent_twice(served: Served, stocked: Store) -> None:
    pk = await stocked.stock({C: channels(3)})
    one = await open_playlist(served)
    url = one["links"]["m3u"]
    tags: dict[str, str] = {}
    for coding in ("gzip", "identity"):
        for _ in range(2):  # made, then kept
            answer = await served.client.get(url, headers={"Accept-Encoding": coding})
            assert answer.headers.get("content-encoding", "identity") == coding
            assert answer.headers["cache-control"] == "private, no-cache"
            assert answer.headers["content-type"].startswith("audio/x-mpegurl")
            assert tags.setdefault(coding, answer.headers["etag"]) == answer.headers["etag"]
            assert answer.text.count("#EXTINF") == 3
        again = await served.client.get(url, headers={"Accept-Encoding": coding, "If-None-Match": tags[coding]})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tags[coding])
        head = await served.client.head(url, headers={"Accept-Encoding": coding})
        assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", tags[coding])
        assert head.headers.get("content-length") != "0"
    assert tags["gzip"] != tags["identity"]
    assert not tags["gzip"].startswith("W/")
    seen = {tags["gzip"]}

    async def renewed() -> bool:
        tag = (await served.client.get(url, headers={"Accept-Encoding": "gzip"})).headers["etag"]
        known = tag in seen
        seen.add(tag)
        return not known

    await stocked.publish(pk)
    assert await renewed()
    assert not await renewed()
    ids = [entry.item_id for entry in await stocked.entries()]
    await served.json("PATCH", f"/api/playlists/{one['id']}/entries/{ids[0]}", json={"hidden": True})
    assert await renewed()
    await served.json("PATCH", f"/api/playlists/{one['id']}", json={"definition": {"search": "2"}})
    assert await renewed()
    assert not await renewed()


async def test_while_a_sync_writes_no_two_answers_claim_to_be_equal(served: Served, stocked: Store) -> None:
    pk = await stocked.stock({C: channels(3)})
    one = await open_playlist(served)
    head = metadata.tables["catalogue_head"]
    async with stocked.database.writer() as writer:
        await writer.execute(head.update().where(head.c.provider_pk == pk).values(pending=True))
    tags = {(await served.client.get(one["links"]["m3u"])).headers["etag"] for _ in range(2)}
    assert len(tags) == 2
    assert served.context.playlists.press.bytes == 0


async def test_what_is_kept_is_bounded_and_the_same_as_what_was_made(
    served: Served, stocked: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stocked.stock({C: channels(50)})
    one = await open_playlist(served)
    press = served.context.playlists.press
    made = (await served.client.get(one["links"]["m3u"])).content
    kept = press.bytes
    assert 0 < kept < len(made)
    assert (await served.client.get(one["links"]["m3u"])).content == made
    plain_text = await served.client.get(one["links"]["m3u"], headers={"Accept-Encoding": "identity"})
    assert plain_text.content == made
    monkeypatch.setattr(press, "_most_bytes", kept + 10)
    other = await served.client.get(one["links"]["m3u"], headers={"Host": "other.test"})
    assert b"http://other.test/play/" in other.content
    assert press.bytes <= kept + 10
    monkeypatch.setattr(press, "_largest", 10)
    await served.client.get(one["links"]["m3u"], headers={"Host": "third.test"})
    assert press.bytes <= kept + 10


async def test_the_public_address_stands_in_all_links(served: Served, stocked: Store) -> None:
    await stocked.stock({C: channels(1)})
    context = served.context
    object.__setattr__(
        context, "settings", context.settings.model_copy(update={"public_url": "https://tv.example.net/lineup/"})
    )
    one = await open_playlist(served)
    assert one["links"]["m3u"].startswith("https://tv.example.net/lineup/playlist/living-room.m3u?token=")
    text = (await served.client.get(f"/p/{one['token']}/playlist.m3u")).text
    header, [entry] = reader.kodi(text)
    assert header["url-tvg"].startswith("https://tv.example.net/lineup/p/")
    assert entry.url.startswith("https://tv.example.net/lineup/play/")


async def test_a_packed_guide_is_a_gzip_file_whatever_is_accepted(served: Served, stocked: Store) -> None:
    await stocked.stock({C: channels(1)})
    one = await open_playlist(served)
    answer = await served.client.get(one["links"]["epgGz"], headers={"Accept-Encoding": "identity"})
    assert answer.headers["content-type"] == "application/gzip"
    assert "content-encoding" not in answer.headers
    assert b"<tv " in gzip.decompress(answer.content)
