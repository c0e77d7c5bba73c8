"""Players that are not ours, and our own adapters, against a real server over a synced panel."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pyxtream.pyxtream import XTream

from app.domain.kinds import Kind
from tests.playlists.reader import kodi
from tests.playlists.site import PASSWORD, USER, Site, added, stored, synced

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Patient(XTream):  # type: ignore[misc] # it has no types
    """It gives up after 15 seconds otherwise: a busy machine would look like a fault."""

    def _get_request(self, url: str, timeout: tuple[int, int] = (30, 100)) -> Any:
        return super()._get_request(url, timeout)


async def test_pyxtream_loads_everything(site: Site, tmp_path: Path) -> None:

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
    channel = await site.get(loaded.channels[0].url)
    assert channel.status_code == 302
    assert channel.headers["location"].startswith(f"{site.panel.url}/auth/")
    for playable in (loaded.movies[0], episodes[0]):
        answer = await site.get(playable.url)
        assert (answer.status_code, answer.content) == (200, b"\x47" * 188)


async def test_our_own_adapter_finds_the_same_names_ids_and_categories(site: Site) -> None:
    _, second = await added(site.served, site.url, USER, PASSWORD)
    for kind, action in zip(Kind, ("get_live_streams", "get_vod_streams", "get_series"), strict=True):
        source = await stored(site.served, kind, site.provider_pk)
        found = await stored(site.served, kind, second)
        rows = {str(row.get("stream_id", row.get("series_id"))): row["name"] for row in await site.call(action)}
        assert {number: name for number, (name, _) in found.items()} == rows
        assert sorted(found.values(), key=str) == sorted(source.values(), key=str)


async def test_our_own_reader_of_lists_finds_the_same_in_ours(site: Site) -> None:
    """What `get.php` and a playlist's link give, as a provider of kind `m3u`."""
    shown = await site.served.json("GET", f"/api/playlists/{site.playlist_id}")
    for address in (f"get.php?username={USER}&password={PASSWORD}&type=m3u_plus", f"p/{shown['token']}/playlist.m3u"):
        text = (await site.get(f"/{address}")).text
        _, pk = await synced(site.served, {"name": address[:9], "kind": "m3u", "url": f"{site.url}/{address}"})
        for kind in (Kind.CHANNEL, Kind.MOVIE):
            source, found = await stored(site.served, kind, site.provider_pk), await stored(site.served, kind, pk)
            names = sorted(plain(name) for name, _ in source.values())
            assert sorted(plain(name) for name, _ in found.values()) == names
        listed = [len(await stored(site.served, kind, pk)) for kind in (Kind.CHANNEL, Kind.MOVIE)]
        _, entries = kodi(text)
        folders = [entry.url.split("/")[-4 if address[0] == "g" else -2] for entry in entries]
        assert [folders.count("live"), folders.count("movie")] == listed


def plain(name: str) -> str:
    """What a name becomes between quotes."""
    return " ".join(name.split()).replace('"', "”").replace("'", "’")
