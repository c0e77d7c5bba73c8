"""The adapter against whole simulated panels, family by family."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.core.errors import Rejected
from app.domain.kinds import Kind, ProviderKind, StepName
from app.domain.records import Record
from app.providers.base import ProviderAccount
from app.providers.registry import open_provider
from app.providers.transport import Transport
from app.providers.xtream.provider import XtreamProvider
from app.simulator.behaviour import Account, Behaviour
from app.simulator.portal import Portal
from app.simulator.process import PortalThread
from app.simulator.server import create_portal
from app.simulator.spec import CatalogueSpec

SPEC = CatalogueSpec(channels=150, movies=700, series=80, categories=30)
FAMILIES = ("xtream", "xtream_legacy", "xtream_php")
STEPS = {Kind.CHANNEL: StepName.CHANNELS, Kind.MOVIE: StepName.MOVIES, Kind.SERIES: StepName.SERIES}


@asynccontextmanager
async def panel(family: str, **switches: Any) -> AsyncIterator[tuple[Portal, XtreamProvider]]:
    portal = create_portal(SPEC, family, Behaviour(**switches))
    transport = Transport()
    with PortalThread({"": portal}) as thread:
        account = ProviderAccount(
            id="sim",
            name="Sim",
            kind=ProviderKind.XTREAM,
            url=thread.url,
            credentials={"username": "fake-viewer", "password": "fake-secret"},
            options={},
        )
        async with open_provider(account, transport, retry_base_seconds=0.001) as provider:
            assert isinstance(provider, XtreamProvider)
            yield portal, provider
        await transport.close()


async def walked(provider: XtreamProvider, kind: Kind) -> dict[str, Record]:
    [scope] = await provider.scopes(STEPS[kind], frozenset(Kind))
    records = [record async for page in provider.stream(scope) for record in page.records]
    found = {record.external_id: record for record in records}
    assert len(found) == len(records)
    return found


@pytest.mark.parametrize(
    "switches",
    [{}, {"duplicates": True}, {"gzip": True}, {"bom": True}, {"notice_prefix": True}, {"redirect_api": True},
     {"broken_record_every": 9}, {"reset_every": 4}, {"truncate_every": 3}, {"empty_every": 4},
     {"no_categories": True}],
    ids=lambda switches: next(iter(switches), "calm"),
)  # fmt: skip
@pytest.mark.parametrize("family", FAMILIES)
async def test_every_family_tells_its_whole_catalogue(family: str, switches: dict[str, Any]) -> None:
    async with panel(family, **switches) as (portal, provider):
        for kind in Kind:
            assert set(await walked(provider, kind)) == portal.expected_ids(kind)


@pytest.mark.parametrize("family", FAMILIES[1:])
async def test_all_families_tell_the_same_of_an_item(family: str) -> None:
    async with panel("xtream") as (_, provider):
        expected = await walked(provider, Kind.CHANNEL)
    async with panel(family) as (_, provider):
        found = await walked(provider, Kind.CHANNEL)
    names = ("external_id", "name", "category_ids", "added_at", "epg_id", "archive", "archive_days")
    for key, record in expected.items():
        assert [getattr(found[key], name) for name in names] == [getattr(record, name) for name in names]


@pytest.mark.parametrize("family", FAMILIES)
async def test_repeated_items_carry_all_their_categories_and_do_not_flap(family: str) -> None:
    async with panel(family, duplicates=True) as (portal, provider):
        first = await walked(provider, Kind.MOVIE)
        assert await walked(provider, Kind.MOVIE) == first
        portal.behave(duplicates=False)
        single = await walked(provider, Kind.MOVIE)
    assert sum(len(record.category_ids) > 1 for record in first.values()) > 0
    for key, record in first.items():
        assert set(single[key].category_ids) <= set(record.category_ids)


@pytest.mark.parametrize("shape", ["dict", "lists", "flat"])
@pytest.mark.parametrize("family", FAMILIES)
async def test_seasons_and_episodes_are_the_same_in_every_shape(family: str, shape: Any) -> None:
    async with panel(family, episodes_as="dict") as (portal, provider):
        locators = [record.locator for record in (await walked(provider, Kind.SERIES)).values()][:10]
        expected = [await _episodes(provider, locator) for locator in locators]
        portal.behave(episodes_as=shape)
        provider._details.clear()
        assert [await _episodes(provider, locator) for locator in locators] == expected
    assert all(expected)


async def _episodes(provider: XtreamProvider, locator: Any) -> list[tuple[int, list[str]]]:
    return [
        (season.number, [episode.external_id for episode in await provider.episodes(locator, season)])
        for season in await provider.seasons(locator)
    ]


@pytest.mark.parametrize("status", ["expired", "banned", "disabled"])
@pytest.mark.parametrize("failure", ["auth0", "401", "403", "404"])
async def test_a_stranger_is_refused_in_every_way(failure: Any, status: Any) -> None:
    others = (Account(username="someone", password="else", status=status),)
    async with panel("xtream", accounts=others, login_failure=failure) as (_, provider):
        assert not (await provider.test()).ok
        with pytest.raises(Rejected):
            await walked(provider, Kind.MOVIE)


async def test_players_are_let_in_where_libraries_are_not() -> None:
    async with panel("xtream", user_agent_filter="VLC|TiviMate", user_agent_status=884) as (portal, provider):
        assert set(await walked(provider, Kind.CHANNEL)) == portal.expected_ids(Kind.CHANNEL)
