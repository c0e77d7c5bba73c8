"""The adapter against a simulated server whose lists have every fault of the wild."""

from typing import Any

import pytest

from app.core.errors import Malformed, Rejected, Unavailable
from app.domain.kinds import Kind, StepName
from app.simulator.spec import CatalogueSpec
from tests.providers.contract import ADAPTERS, client_of, walk, walk_everything

SPEC = CatalogueSpec(channels=40, movies=40, series=5, categories=12)
QUIRKS: list[tuple[str, ...]] = [
    (),
    ("crlf",),
    ("cr", "extgrp"),
    ("cp1252",),
    ("utf16", "no_colon"),
    ("gzip", "single_quotes"),
    ("xz", "commas", "inner_quotes"),
    ("zip", "unquoted"),
    ("kodiprop_first", "second_extinf", "suffix"),
    ("no_header", "tokens", "entities"),
    ("relative", "extgrp"),
    ("groups", "naming"),
]


@pytest.mark.parametrize("quirks", QUIRKS, ids="-".join)
async def test_every_odd_list_tells_its_whole_catalogue(quirks: Any) -> None:
    async with client_of(ADAPTERS["m3u"], SPEC, list_quirks=quirks) as client:
        found, walks = await walk_everything(client.provider)
        channels, movies, _ = (one.of(kind) for one, kind in zip(walks, Kind, strict=True))
        assert found[Kind.CHANNEL] == client.portal.expected_ids(Kind.CHANNEL)
        assert found[Kind.MOVIE] == client.portal.expected_ids(Kind.MOVIE)
        if "cp1252" not in quirks:  # it has no letters for some titles
            assert found[Kind.SERIES] == client.portal.expected_ids(Kind.SERIES)
            groups = {record.name for record in (await client.provider.categories(Kind.CHANNEL)).records}
            assert groups == client.portal.category_titles(Kind.CHANNEL)
        assert [one.external_id for one in channels] == [str(n) for n in client.portal.catalogue.numbers(Kind.CHANNEL)]
        assert all(one.verdict.proven for one in walks)
        assert bool(walks[0].rejected) == ("second_extinf" in quirks)
        if "groups" in quirks:
            assert len(movies) == 40
        link = await client.provider.resolve(Kind.CHANNEL, channels[0].locator)
        assert link.url.startswith(f"{client.url}/live/")
        assert ("token=" in link.url) == ("tokens" in quirks)
        assert bool(link.headers) == ("suffix" in quirks or "kodiprop_first" in quirks)


@pytest.mark.parametrize(
    ("switches", "error"),
    [
        ({"list_quirks": ("hls",)}, Malformed),
        ({"list_quirks": ("no_last_url",)}, Unavailable),
        ({"login_failure": "auth0", "html_every": 1}, Rejected),
        ({"user_agent_filter": "TiviMate", "user_agent_status": 403}, Rejected),
    ],
)
async def test_what_is_no_whole_list_is_an_error(switches: dict[str, Any], error: type[Exception]) -> None:
    async with client_of(ADAPTERS["m3u"], SPEC, **switches) as client:
        with pytest.raises(error):
            await walk(client.provider, StepName.CHANNELS)


async def test_players_are_let_in_where_libraries_are_not() -> None:
    async with client_of(ADAPTERS["m3u"], SPEC, user_agent_filter="VLC|TiviMate") as client:
        assert (await walk(client.provider, StepName.CHANNELS)).ids(Kind.CHANNEL)
