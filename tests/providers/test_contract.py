"""The laws of the contract, each on every adapter."""

import asyncio
from itertools import islice
from typing import Any

import pytest

from app.core.errors import Malformed, ProviderError, Rejected, Unavailable
from app.domain.kinds import ITEM_STEPS, Kind, StepName
from app.domain.records import SeriesRecord
from app.simulator.behaviour import Account, Fault
from tests.providers.contract import (
    ADAPTERS,
    MAC,
    PASSWORD,
    USERNAME,
    Adapter,
    client_of,
    odd_portal,
    opener,
    pages_of,
    walk,
    walk_everything,
)

SECRETS = (MAC, MAC.lower(), MAC.replace(":", "%3A"), USERNAME, PASSWORD)
LISTS = {"stalker": "get_ordered_list", "xtream": "get_vod_streams", "m3u": "list", "iptvportal": "media"}
NONSENSE = {
    "empty": b"",
    "blank": b" \r\n",
    "text": b"Service is down",
    "html": b"<!DOCTYPE html><html><body>Please wait</body></html>",
    "number": b"42",
    "string": b'"hello"',
    "null": b"null",
    "true": b"true",
    "half an object": b'{"js":{"data":[{"id":"1","name":"a',
    "half a list": b'[{"stream_id":1,"name":"a"},{"stream',
    "an empty object": b"{}",
    "a strange object": b'{"foo":{"bar":[1,2,{"baz":null}]}}',
    "js of a number": b'{"js":7}',
    "js of a text": b'{"js":"nope"}',
    "js of nonsense": b'{"js":{"data":"nope","total_items":"many"}}',
    "deep nesting": b"[" * 5000,
    "deep object": b'{"js":' * 3000 + b"1" + b"}" * 3000,
    "binary": bytes(range(256)),
    "bad encoding": b'{"js":{"error":"\xff\xfe\xfa"}}',
    "infinite number": b'{"js":1e999}',
}


@pytest.fixture(params=ADAPTERS)
def adapter(request: pytest.FixtureRequest) -> Adapter:
    return ADAPTERS[request.param]


async def test_finds_every_item_exactly_and_proves_it(adapter: Adapter) -> None:
    async with client_of(adapter) as client:
        found, walks = await walk_everything(client.provider)
        for kind in adapter.kinds:
            assert found[kind] == client.portal.expected_ids(kind)
        assert [one.verdict.doubt for one in walks] == [None] * len(walks)
        assert all(one.verdict.proven for one in walks if one.reports)
        assert not any(one.rejected for one in walks)


async def test_lists_every_category_once(adapter: Adapter) -> None:
    async with client_of(adapter) as client:
        for kind in adapter.kinds:
            found = await client.provider.categories(kind)
            ids = [(one.space, one.external_id) for one in found.records]
            assert found.known
            assert len(set(ids)) == len(ids)
            assert "*" not in {own for _, own in ids}
            assert client.portal.category_titles(kind) <= {one.name for one in found.records}
            assert [one.position for one in found.records] == list(range(len(found.records)))


async def test_items_name_categories_that_exist(adapter: Adapter) -> None:
    async with client_of(adapter) as client:
        _, walks = await walk_everything(client.provider)
        for kind in adapter.kinds:
            known = {(one.space, one.external_id) for one in (await client.provider.categories(kind)).records}
            records = [record for one in walks for record in one.of(kind)]
            named = [
                {(record.category_space, own) for own in record.category_ids} <= known
                for record in records
                if record.category_ids
            ]
            # A few items lie in categories that no list names.
            assert sum(named) >= 0.9 * len(named) > 0


async def test_bad_records_are_refused_and_the_others_live(adapter: Adapter) -> None:
    async with client_of(adapter, broken_record_every=20) as client:
        found, walks = await walk_everything(client.provider)
        for kind in adapter.kinds:
            assert found[kind] == client.portal.expected_ids(kind)
        rejected = [one for walked in walks for one in walked.rejected]
        assert rejected
        assert all(one.reason and len(one.raw) <= 2000 for one in rejected)
        assert not any(secret in one.raw for one in rejected for secret in SECRETS)


@pytest.mark.parametrize(
    "switches",
    [
        {"bom": True},
        {"notice_prefix": True},
        {"gzip": True},
        {"truncate_every": 6},
        {"empty_every": 6},
        {"reset_every": 6},
        {"rate_429": 6, "retry_after": 0},
        {"burst_5xx": 3, "burst_from": 12},
        {"faults": (Fault(do="cut", every=6),)},
    ],
    ids=lambda switches: next(iter(switches)),
)
async def test_gets_everything_through_passing_trouble(adapter: Adapter, switches: dict[str, Any]) -> None:
    async with client_of(adapter, **switches) as client:
        found, walks = await walk_everything(client.provider)
        for kind in adapter.kinds:
            assert found[kind] == client.portal.expected_ids(kind)
        assert not any(one.rejected for one in walks)


@pytest.mark.parametrize("trouble", ["truncate", "reset", "cut", "empty"])
async def test_an_answer_that_never_comes_whole_raises_unavailable(adapter: Adapter, trouble: Any) -> None:
    async with client_of(adapter) as client:
        await client.provider.test()
        client.portal.behave(faults=(Fault(do=trouble, cut=0.5),))
        with pytest.raises(Unavailable):
            await walk(client.provider, StepName.MOVIES)


async def test_a_cut_list_is_never_taken_for_the_end(adapter: Adapter) -> None:
    async with client_of(adapter) as client:
        scopes = await client.provider.scopes(StepName.MOVIES, frozenset(Kind))
        client.portal.behave(faults=(Fault(do="truncate", cut=0.9),))
        ended: list[bool] = []
        with pytest.raises(Unavailable):
            await _collect(client.provider, scopes[0], ended)
        assert not any(ended)


async def test_retries_a_busy_portal_three_times_and_no_more(adapter: Adapter) -> None:
    async with client_of(adapter) as client:
        scopes = await client.provider.scopes(StepName.MOVIES, frozenset(Kind))
        await _warm(client.provider, scopes[0])
        client.portal.reset()
        client.portal.behave(faults=(Fault(do="status", status=503, action=LISTS[adapter.kind]),))
        with pytest.raises(Unavailable):
            await _warm(client.provider, scopes[0])
        assert client.portal.stats.actions.total() <= 5
        assert _lists_asked(client.portal, adapter) == 4


@pytest.mark.parametrize("status", [401, 403])
async def test_never_repeats_what_was_refused(adapter: Adapter, status: int) -> None:
    async with client_of(adapter) as client:
        scopes = await client.provider.scopes(StepName.MOVIES, frozenset(Kind))
        await _warm(client.provider, scopes[0])
        client.portal.reset()
        client.portal.behave(faults=(Fault(do="status", status=status, action=LISTS[adapter.kind]),))
        with pytest.raises(Rejected):
            await _warm(client.provider, scopes[0])
        assert _lists_asked(client.portal, adapter) == (2 if adapter.logs_in_anew and status == 401 else 1)


@pytest.mark.parametrize("status", [403, 511, 512, 513])
async def test_statuses_that_refuse_are_refusals(adapter: Adapter, status: int) -> None:
    async with client_of(adapter) as client:
        await client.provider.test()
        client.portal.behave(faults=(Fault(do="status", status=status),))
        with pytest.raises(Rejected):
            await walk(client.provider, StepName.MOVIES)


async def test_a_status_that_no_standard_knows_is_a_refusal(adapter: Adapter) -> None:
    async with odd_portal(884, b"nothing here") as (url, requests), opener(adapter, url) as make:
        with pytest.raises(Rejected):
            await walk(make(), StepName.MOVIES)
        assert len(set(requests)) == len(requests)


@pytest.mark.parametrize("status", [429, 458, 460, 509, 500, 502, 503, 504])
async def test_statuses_of_a_busy_portal_pass(adapter: Adapter, status: int) -> None:
    async with client_of(adapter) as client:
        await client.provider.test()
        client.portal.behave(faults=(Fault(do="status", status=status, retry_after=0),))
        with pytest.raises(Unavailable) as caught:
            await walk(client.provider, StepName.MOVIES)
        assert caught.value.retry_after in (0, None)


@pytest.mark.parametrize("body", NONSENSE.values(), ids=NONSENSE)
async def test_only_the_three_errors_leave_whatever_a_portal_says(adapter: Adapter, body: bytes) -> None:
    async with odd_portal(200, body) as (url, _), opener(adapter, url) as make:
        said = [await _said(ask, make()) for ask in (_test, _walk_movies, _walk_channels)]
        assert not any(secret in text for text in said for secret in SECRETS)


@pytest.mark.parametrize("status", [200, 204, 206, 301, 400, 404, 405, 418, 444, 451, 521, 600, 999])
async def test_only_the_three_errors_leave_whatever_the_status_is(adapter: Adapter, status: int) -> None:
    async with odd_portal(status, b"nothing here") as (url, _), opener(adapter, url) as make:
        with pytest.raises((Unavailable, Rejected, Malformed)):
            await walk(make(), StepName.MOVIES)


async def test_a_host_that_refuses_connections_is_unavailable(adapter: Adapter) -> None:
    async with odd_portal(200, b"") as (url, _):
        pass
    async with opener(adapter, url) as make:
        with pytest.raises(Unavailable):
            await make().test()


async def test_no_secret_in_records_errors_and_reprs(adapter: Adapter) -> None:
    async with client_of(adapter) as client:
        status = await client.provider.test()
        _, walks = await walk_everything(client.provider)
        texts = [repr(client.provider), str(client.provider.endpoint), repr(status)]
        texts += [repr(record) for one in walks for record in one.records.values()]
        texts += [repr(report) for one in walks for report in one.reports]
        client.portal.behave(faults=(Fault(do="status", status=403),))
        with pytest.raises(ProviderError) as caught:
            await walk(client.provider, StepName.MOVIES)
        texts += [str(caught.value), repr(caught.value), repr(caught.value.__cause__)]
        for secret in SECRETS:
            assert not any(secret in text for text in texts)


async def test_seasons_and_episodes_are_all_there_in_order(adapter: Adapter) -> None:
    if Kind.SERIES not in adapter.kinds:
        pytest.skip("a dialect without series")
    async with client_of(adapter) as client:
        _, walks = await walk_everything(client.provider)
        catalogue = client.portal.catalogue
        chosen = [record for one in walks for record in one.of(Kind.SERIES) if isinstance(record, SeriesRecord)][:12]
        assert len(chosen) == 12
        for record in chosen:
            expected = dict(catalogue.seasons(client.portal.number_of(record.external_id)))
            seasons = await client.provider.seasons(record.locator)
            assert [season.number for season in seasons] == sorted(expected)
            assert len({season.external_id for season in seasons}) == len(seasons)
            for season in islice(seasons, 3):
                episodes = await client.provider.episodes(record.locator, season)
                assert [episode.number for episode in episodes] == list(range(1, expected[season.number] + 1))
                assert len({episode.external_id for episode in episodes}) == len(episodes)
                assert {episode.season for episode in episodes} == {season.number}


async def test_resolves_a_link_for_each_kind(adapter: Adapter) -> None:
    async with client_of(adapter) as client:
        _, walks = await walk_everything(client.provider)
        channel = next(
            one for walked in walks for one in walked.of(Kind.CHANNEL) if "localhost" in str(one.cmd or "localhost")
        )
        movie = next(one for walked in walks for one in walked.of(Kind.MOVIE))
        wanted: list[tuple[Kind, Any]] = [(Kind.CHANNEL, channel), (Kind.MOVIE, movie)]
        if Kind.SERIES in adapter.kinds:
            series = next(one for walked in walks for one in walked.of(Kind.SERIES))
            season = (await client.provider.seasons(series.locator))[0]
            wanted.append((Kind.MOVIE, (await client.provider.episodes(series.locator, season))[0]))
        links = [await client.provider.resolve(kind, one.locator) for kind, one in wanted]
        assert all(link.url.startswith(client.url) for link in links)
        assert len({link.url for link in links}) == len(wanted)
        assert not any(link.url in repr(link) for link in links)


async def test_pages_may_be_asked_for_in_any_order(adapter: Adapter) -> None:
    async with client_of(adapter) as client:
        scope = (await client.provider.scopes(StepName.MOVIES, frozenset(Kind)))[0]
        if not scope.paged:
            assert [page.number async for page in client.provider.stream(scope)] == list(
                range(1, len([page async for page in client.provider.stream(scope)]) + 1)
            )
            return
        straight = [await client.provider.page(scope, number) for number in range(1, 6)]
        fresh = client.open()
        mixed = await asyncio.gather(*(fresh.page(scope, number) for number in (1, 5, 3, 2, 4)))
        assert {page.number: page.ids for page in mixed} == {page.number: page.ids for page in straight}


async def test_a_second_look_is_the_same(adapter: Adapter) -> None:
    async with client_of(adapter) as client:
        first = await walk(client.provider, StepName.MOVIES)
        second = await walk(client.open(), StepName.MOVIES)
        assert list(first.records.items()) == list(second.records.items())


@pytest.mark.parametrize("status", ["blocked", "banned", "disabled"])
async def test_an_account_that_may_not_come_in_is_told_so(adapter: Adapter, status: Any) -> None:
    account = Account(mac=MAC, username=USERNAME, password=PASSWORD, status=status)
    async with client_of(adapter, accounts=(account,)) as client:
        if adapter.profile == "token_free":
            pytest.skip("a portal without sessions knows no accounts")
        status = await client.provider.test()
        assert not status.ok
        with pytest.raises(Rejected) as caught:
            await walk(client.open(), StepName.MOVIES)
        assert str(caught.value).endswith(".")


async def test_a_good_account_says_when_it_ends(adapter: Adapter) -> None:
    if not adapter.tells_expiry:
        pytest.skip("a dialect without an expiry")
    account = Account(mac=MAC, username=USERNAME, password=PASSWORD, expires_at=1_893_456_000)
    async with client_of(adapter, accounts=(account,)) as client:
        status = await client.provider.test()
        assert status.ok
        assert status.expires_at is not None
        assert abs(status.expires_at - 1_893_456_000_000) <= 86_400_000


async def test_the_endpoint_is_remembered_and_holds_no_secret(adapter: Adapter) -> None:
    async with client_of(adapter) as client:
        await client.provider.test()
        endpoint = client.provider.endpoint
        assert endpoint
        assert endpoint.startswith(client.url)
        again = client.open(endpoint=endpoint)
        assert (await again.test()).ok
        assert again.endpoint == endpoint


async def test_steps_of_one_kind_bring_that_kind_whole(adapter: Adapter) -> None:
    async with client_of(adapter) as client:
        for kind, step in ((kind, ITEM_STEPS[kind]) for kind in adapter.kinds):
            found = await walk(client.open(), step, frozenset({kind}))
            assert found.ids(kind) == client.portal.expected_ids(kind)
            assert found.verdict.proven


async def _said(ask: Any, provider: Any) -> str:
    try:
        await ask(provider)
    except (Unavailable, Rejected, Malformed) as error:
        return str(error)
    return ""


async def _collect(provider: Any, scope: Any, ended: list[bool]) -> None:
    async for page in pages_of(provider, scope):
        ended.append(page.last)  # noqa: PERF401 - what came before the error counts


async def _test(provider: Any) -> None:
    await provider.test()


async def _walk_movies(provider: Any) -> None:
    await walk(provider, StepName.MOVIES)


async def _walk_channels(provider: Any) -> None:
    await walk(provider, StepName.CHANNELS)


async def _warm(provider: Any, scope: Any) -> None:
    if scope.paged:
        await provider.page(scope, 2)
    else:
        _ = [page async for page in provider.stream(scope)]


def _lists_asked(portal: Any, adapter: Adapter) -> int:
    return sum(count for name, count in portal.stats.actions.items() if name.endswith(LISTS[adapter.kind]))
