"""Seasons, episodes and links in the three shapes of series, against simulated portals."""

from dataclasses import replace
from typing import Any

import pytest

from app.core.errors import Rejected, Unavailable
from app.domain.kinds import Kind, StepName
from app.simulator.behaviour import Fault
from app.simulator.stalker.profile import PANEL as PANEL_PROFILE
from app.simulator.stalker.profile import STOCK as STOCK_PROFILE
from tests.providers.contract import ADAPTERS, Client, client_of, odd_portal, opener, walk

STOCK, PANEL = ADAPTERS["stalker-stock"], ADAPTERS["stalker-panel"]
EMBEDDED = replace(PANEL, profile=replace(PANEL_PROFILE, series_in="vod", vod_series="embedded"))
TINY_PAGES = replace(STOCK, profile=replace(STOCK_PROFILE, page_size=3))


async def series_of(client: Client, step: StepName) -> list[Any]:
    return (await walk(client.provider, step)).of(Kind.SERIES)


async def test_embedded_series_have_one_season_and_play_by_ordinal() -> None:
    async with client_of(EMBEDDED) as client:
        record = (await series_of(client, StepName.MOVIES))[0]
        assert record.locator["shape"] == "embedded"
        (season,) = await client.provider.seasons(record.locator)
        episodes = await client.provider.episodes(record.locator, season)
        assert len(episodes) == record.episode_count == season.episode_count
        link = await client.provider.resolve(Kind.MOVIE, episodes[1].locator)
        assert "series=2" in link.url


async def test_all_levels_of_stock_series_are_paged_to_their_end() -> None:
    async with client_of(TINY_PAGES) as client:
        catalogue = client.portal.catalogue
        for record in (await series_of(client, StepName.MOVIES))[:10]:
            expected = dict(catalogue.seasons(int(record.external_id) - 10_000_000))
            seasons = await client.provider.seasons(record.locator)
            assert {season.number: season.episode_count for season in seasons} == expected
            for season in seasons:
                episodes = await client.provider.episodes(record.locator, season)
                assert [episode.number for episode in episodes] == list(range(1, expected[season.number] + 1))


async def test_stock_episodes_are_played_through_their_best_file() -> None:
    async with client_of(STOCK) as client:
        record = (await series_of(client, StepName.MOVIES))[0]
        season = (await client.provider.seasons(record.locator))[0]
        episode = (await client.provider.episodes(record.locator, season))[0]
        link = await client.provider.resolve(Kind.MOVIE, episode.locator)
        assert "file_" in link.url
        assert link.headers["User-Agent"].startswith("Mozilla/5.0 (QtEmbedded")


async def test_panel_seasons_that_share_one_id_are_told_apart() -> None:
    async with client_of(PANEL) as client:
        record = (await series_of(client, StepName.SERIES))[0]
        seasons = await client.provider.seasons(record.locator)
        assert [season.external_id for season in seasons] == [str(season.number) for season in seasons]
        episodes = await client.provider.episodes(record.locator, seasons[-1])
        first, second = [await client.provider.resolve(Kind.MOVIE, one.locator) for one in episodes[:2]]
        assert first.url != second.url


@pytest.mark.parametrize("adapter", [STOCK, PANEL], ids=["stock", "panel"])
async def test_bare_lists_of_seasons_are_read(adapter: Any) -> None:
    async with client_of(adapter, bare_list=True) as client:
        step = StepName.MOVIES if adapter is STOCK else StepName.SERIES
        record = (await series_of(client, step))[0]
        seasons = await client.provider.seasons(record.locator)
        assert len(seasons) == len(client.portal.catalogue.seasons(int(record.external_id) % 10_000_000))


@pytest.mark.parametrize(
    ("js", "error", "words"),
    [
        ('{"cmd":"","error":"nothing_to_play"}', Unavailable, "nothing to play"),
        ('{"cmd":"","error":"limit"}', Unavailable, "in use"),
        ('{"cmd":"","error":"link_fault"}', Unavailable, "out of order"),
        ('{"cmd":"","error":"access_denied"}', Rejected, "does not allow"),
        ('{"cmd":"","error":"player_file_missing"}', Rejected, "missing"),
        ('{"cmd":"ffmpeg http://localhost/live/1.ts"}', Unavailable, "no link"),
        ('{"cmd":"/live/1.ts"}', Unavailable, "no link"),
        ('{"cmd":""}', Unavailable, "no link"),
        ("[]", Unavailable, "no link"),
    ],
)
async def test_links_that_are_none_are_explained(js: str, error: type[Exception], words: str) -> None:
    body = f'{{"js":{js}}}'.encode()
    async with client_of(STOCK) as client:
        await client.provider.test()
        async with odd_portal(200, body) as (url, _):
            # The portal is known; only its answers to create_link are odd.
            provider: Any = client.provider
            provider._session._site = replace(provider._session._site, endpoint=f"{url}/portal.php")
            with pytest.raises(error, match=words):
                await provider.resolve(Kind.CHANNEL, {"id": "1", "cmd": "ffrt http://localhost/ch/1_"})


@pytest.mark.parametrize("answer", ["false", "null", "empty"])
async def test_nothing_in_place_of_a_link_is_explained(answer: Any) -> None:
    async with client_of(STOCK, faults=(Fault(do=answer, action="create_link"),)) as client:
        with pytest.raises(Unavailable, match="no link"):
            await client.provider.resolve(Kind.CHANNEL, {"id": "1", "cmd": "ffrt http://localhost/ch/1_"})


@pytest.mark.parametrize(
    "js",
    [
        '{"id":1,"cmd":"ffmpeg http://edge.test/live/1.ts?play_token=x","error":""}',
        '{"cmd":"http://edge.test/live/1.ts?play_token=x"}',
        '[{"type":"ad","cmd":"ffmpeg http://ads.test/1.mp4"},{"cmd":"auto http://edge.test/live/1.ts?play_token=x"}]',
        '"ffrt http://edge.test/live/1.ts?play_token=x"',
    ],
)
async def test_links_are_read_in_every_spelling(js: str) -> None:
    async with odd_portal(200, f'{{"js":{js}}}'.encode()) as (url, requests), client_of(STOCK) as client:
        await client.provider.test()
        provider: Any = client.provider
        provider._session._site = replace(provider._session._site, endpoint=f"{url}/portal.php")
        link = await provider.resolve(Kind.CHANNEL, {"id": "1", "cmd": "ffrt http://localhost/ch/1_"})
        assert link.url == "http://edge.test/live/1.ts?play_token=x"
        assert "play_token" not in repr(link)
        assert b"cmd=ffrt%20http%3A%2F%2Flocalhost%2Fch%2F1_&" in requests[0]


async def test_a_plain_link_needs_no_portal() -> None:
    async with client_of(PANEL) as client:
        await client.provider.test()
        client.portal.reset()
        locator = {"id": "1", "cmd": "ffmpeg http://edge.test/1.ts", "direct": True}
        link = await client.provider.resolve(Kind.CHANNEL, locator)
        assert link.url == "http://edge.test/1.ts"
        assert client.portal.stats.actions["itv.create_link"] == 0


async def test_no_link_is_asked_for_during_a_sync() -> None:
    async with client_of(STOCK) as client:
        for step in (StepName.CHANNELS, StepName.MOVIES, StepName.SERIES):
            await walk(client.provider, step)
        assert not any("create_link" in name for name in client.portal.stats.actions)


async def test_a_locator_without_a_command_is_refused_with_a_sentence() -> None:
    async with client_of(STOCK) as client:
        with pytest.raises(Rejected, match="sync again"):
            await client.provider.resolve(Kind.CHANNEL, {"id": "1"})


async def test_seasons_survive_passing_trouble() -> None:
    fault = Fault(do="empty", every=3)
    async with client_of(STOCK) as client:
        record = (await series_of(client, StepName.MOVIES))[0]
        expected = await client.provider.seasons(record.locator)
        client.portal.behave(faults=(fault,))
        for _ in range(5):
            assert await client.provider.seasons(record.locator) == expected


async def test_a_portal_that_cannot_be_reached_gives_no_link() -> None:
    async with odd_portal(200, b"") as (url, _):
        pass
    async with opener(STOCK, url) as make:
        with pytest.raises(Unavailable):
            await make().resolve(Kind.CHANNEL, {"id": "1", "cmd": "ffrt http://localhost/ch/1_"})
