"""Finding a portal, logging in, and losing the session, against simulated portals."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from app.core.errors import Rejected, Unavailable
from app.domain.kinds import Kind, StepName
from app.domain.records import ChannelRecord
from app.providers.stalker.box import serial_of
from app.simulator.behaviour import Account, Fault
from app.simulator.process import PortalThread
from app.simulator.server import create_portal
from tests.providers.contract import ADAPTERS, MAC, PASSWORD, SPEC, USERNAME, Client, client_of, opener, walk

STOCK, PANEL, TOKEN_FREE = (ADAPTERS[f"stalker-{name}"] for name in ("stock", "panel", "token_free"))
BOTH = pytest.mark.parametrize("adapter", [STOCK, PANEL], ids=["stock", "panel"])
KINDS = frozenset(Kind)


@asynccontextmanager
async def warm(adapter: Any, **switches: Any) -> AsyncIterator[tuple[Client, Any]]:
    """A client that knows its scopes, and the scope of movies."""
    async with client_of(adapter, **switches) as client:
        scope = (await client.provider.scopes(StepName.MOVIES, KINDS))[0]
        await client.provider.page(scope, 1)
        yield client, scope


@BOTH
@pytest.mark.parametrize(
    "path", ["", "/", "/c", "/c/", "/c/index.html", "/stalker_portal/c/", "/stalker_portal/server/load.php"]
)
async def test_finds_the_loader_behind_whatever_was_pasted(adapter: Any, path: str) -> None:
    async with client_of(adapter) as client:
        provider = client.open(url=client.url + path)
        assert (await provider.test()).ok
        assert str(provider.endpoint).endswith(("/portal.php", "/server/load.php"))


@pytest.mark.parametrize("path", ["/portal.php", "/c/portal.php", "/server/load.php"])
async def test_finds_panels_by_any_of_their_loaders(path: str) -> None:
    async with client_of(PANEL) as client:
        provider = client.open(url=client.url + path)
        assert (await provider.test()).ok


async def test_follows_a_loader_that_moved_and_remembers_where_to() -> None:
    stock = create_portal(SPEC, "stock", mount="/deep")
    with PortalThread({"deep": stock}) as thread:
        async with opener(STOCK, f"{thread.url}/deep/stalker_portal/c/") as make:
            provider = make()
            assert (await provider.test()).ok
            assert provider.endpoint == f"{thread.url}/deep/stalker_portal/server/load.php"


async def test_a_remembered_loader_that_is_gone_is_looked_for_anew() -> None:
    async with client_of(PANEL) as client:
        provider = client.open(endpoint=f"{client.url}/old/portal.php")
        assert (await provider.test()).ok
        assert provider.endpoint == f"{client.url}/portal.php"


async def test_a_host_without_a_portal_is_refused_with_a_sentence() -> None:
    async with client_of(ADAPTERS["xtream"]) as client, opener(STOCK, client.url) as make:
        status = await make().test()
        assert not status.ok
        assert status.message


async def test_a_portal_without_sessions_is_not_bothered_with_a_login() -> None:
    async with client_of(TOKEN_FREE) as client:
        await walk(client.provider, StepName.MOVIES)
        assert client.portal.stats.handshakes == 0


@BOTH
async def test_logs_in_once_for_many_pages_at_once(adapter: Any) -> None:
    async with client_of(adapter) as client:
        scope = (await client.open().scopes(StepName.MOVIES, KINDS))[0]
        client.portal.reset()
        await asyncio.gather(*(client.provider.page(scope, number) for number in range(1, 9)))
        assert client.portal.stats.handshakes == 1
        assert client.portal.stats.logins == 1


@BOTH
async def test_pages_that_lose_the_session_together_cause_one_handshake(adapter: Any) -> None:
    async with warm(adapter) as (client, scope):
        handshakes = client.portal.stats.handshakes
        assert client.portal.steal(MAC)
        pages = await asyncio.gather(*(client.provider.page(scope, number) for number in range(1, 9)))
        assert [page.number for page in pages] == list(range(1, 9))
        assert all(page.records and not page.doubtful for page in pages)
        assert client.portal.stats.handshakes == handshakes + 1


@BOTH
async def test_a_session_lost_in_mid_walk_costs_nothing_but_a_login(adapter: Any) -> None:
    async with client_of(adapter, lose_session_after=25) as client:
        found = await walk(client.provider, StepName.MOVIES)
        assert found.ids(Kind.MOVIE) == client.portal.expected_ids(Kind.MOVIE)
        assert found.verdict.proven


@BOTH
async def test_sessions_that_end_sooner_than_a_round_of_pages_are_renewed(adapter: Any) -> None:
    async with warm(adapter) as (client, scope):
        await asyncio.gather(*(client.provider.page(scope, number) for number in range(1, 12)))
        client.portal.behave(lose_session_after=9)
        pages = await asyncio.gather(*(client.provider.page(scope, number) for number in range(1, 12)))
        assert [page.number for page in pages if page.records and not page.doubtful] == list(range(1, 12))


async def test_gives_up_when_the_new_session_is_refused_too() -> None:
    async with warm(STOCK) as (client, scope):
        handshakes = client.portal.stats.handshakes
        client.portal.behave(faults=(Fault(do="auth", type="vod"),))
        results = await asyncio.gather(*(client.provider.page(scope, n) for n in range(1, 9)), return_exceptions=True)
        assert all(isinstance(result, Rejected) for result in results)
        assert client.portal.stats.handshakes == handshakes + 1


async def test_a_stolen_session_says_so_and_stays_refused() -> None:
    async with warm(STOCK) as (client, scope):
        client.portal.behave(faults=(Fault(do="auth", type="vod"),))
        with pytest.raises(Rejected, match="taken over"):
            await client.provider.page(scope, 2)
        handshakes = client.portal.stats.handshakes
        with pytest.raises(Rejected, match="taken over"):
            await client.provider.page(scope, 3)
        assert client.portal.stats.handshakes == handshakes


async def test_a_panel_that_says_nothing_to_anybody_is_unavailable() -> None:
    async with warm(PANEL) as (client, scope):
        client.portal.behave(empty_every=1)
        with pytest.raises(Unavailable):
            await client.provider.page(scope, 2)


@BOTH
async def test_username_and_password_are_given_where_they_are_asked_for(adapter: Any) -> None:
    account = Account(mac=MAC, username=USERNAME, password=PASSWORD, login_required=True)
    async with client_of(adapter, accounts=(account,)) as client:
        status = await client.provider.test()
        assert (status.ok, status.message) == (
            False,
            "The portal asks for a username and a password beside the MAC address.",
        )
        wrong = await client.open(credentials={"mac": MAC, "username": USERNAME, "password": "fake-other"}).test()
        assert wrong.message == "The portal does not accept this username and password."
        right = client.open(credentials={"mac": MAC, "username": USERNAME, "password": PASSWORD})
        assert (await right.test()).ok


async def test_device_conflicts_are_told_from_other_refusals() -> None:
    async with client_of(STOCK, accounts=(Account(mac=MAC, status="conflict"),)) as client:
        status = await client.provider.test()
        assert not status.ok
        assert "Device conflict" in (status.message or "")


@BOTH
async def test_an_unknown_mac_is_refused_and_not_shown(adapter: Any) -> None:
    async with client_of(adapter, accounts=(Account(mac="00:1A:79:00:00:01"),)) as client:
        status = await client.provider.test()
        assert not status.ok
        assert MAC not in (status.message or "")


async def test_a_refused_login_is_not_tried_again() -> None:
    async with client_of(PANEL, accounts=(Account(mac=MAC, status="blocked"),)) as client:
        scopes: Any = client.provider.scopes
        for _ in range(3):
            with pytest.raises(Rejected):
                await scopes(StepName.MOVIES, KINDS)
        assert client.portal.stats.handshakes == 1


async def test_the_serial_number_is_stable_so_that_strict_panels_stay_friendly() -> None:
    async with client_of(PANEL, require_serial=True) as client:
        assert (await client.provider.test()).ok
        assert (await client.open().test()).ok
        assert serial_of(MAC) == serial_of(MAC.lower())
        refused = await client.open(credentials={"mac": MAC, "serialNumber": "SN-FAKE-OTHER"}).test()
        assert not refused.ok


async def test_an_empty_403_is_a_ban() -> None:
    async with warm(PANEL) as (client, scope):
        client.portal.behave(ban_parallel=1)
        client.portal.gate.ban("127.0.0.1")
        with pytest.raises(Rejected, match="banned"):
            await client.provider.page(scope, 2)


@pytest.mark.parametrize("encoding", ["raw", "percent", "lower"])
async def test_the_mac_goes_out_in_the_chosen_spelling(encoding: str) -> None:
    async with client_of(STOCK, accounts=(Account(mac=MAC),)) as client:
        provider = client.open(options={"macEncoding": encoding})
        assert (await provider.test()).ok


async def test_a_handshake_without_a_token_is_a_request_to_wait() -> None:
    async with warm(STOCK) as (client, scope):
        client.portal.steal(MAC)
        client.portal.behave(faults=(Fault(do="hollow", type="stb", action="handshake"),))
        with pytest.raises(Unavailable, match="holds this client back"):
            await client.provider.page(scope, 2)


@BOTH
async def test_a_failed_login_answers_for_all_who_wait_for_it(adapter: Any) -> None:
    async with warm(adapter) as (client, scope):
        client.portal.steal(MAC)
        before = client.portal.stats.actions["stb.handshake"]
        client.portal.behave(faults=(Fault(do="status", status=503, type="stb"),))
        results = await asyncio.gather(*(client.provider.page(scope, n) for n in range(1, 20)), return_exceptions=True)
        assert all(isinstance(result, Unavailable) for result in results)
        assert client.portal.stats.actions["stb.handshake"] == before + 4


async def test_the_window_of_the_host_is_what_may_run_in_parallel() -> None:
    async with warm(STOCK) as (client, scope):
        await asyncio.gather(*(client.provider.page(scope, number) for number in range(1, 12)))
        assert client.provider.parallel > 4
        limited = client.open(options={"maxParallelPages": 2})
        await limited.test()
        assert limited.parallel <= 2


async def test_portals_of_a_folder_have_their_pictures_there() -> None:
    adapter = replace(STOCK, path="/stalker_portal/c/")
    async with client_of(adapter) as client:
        found = await walk(client.provider, StepName.CHANNELS)
        records = [record for record in found.of(Kind.CHANNEL) if isinstance(record, ChannelRecord)]
        logos = [record.logo for record in records if record.logo]
        assert any(logo.startswith(f"{client.url}/stalker_portal/misc/logos/320/") for logo in logos)
        assert all(logo.startswith(("http://", "https://")) for logo in logos)
