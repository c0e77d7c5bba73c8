"""Lists that move, lie, hide or repeat: what a walk makes of them, and what counts as proof."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from app.core.errors import Malformed, Unavailable
from app.domain.kinds import Kind, StepName
from app.providers.base import StepReport
from app.simulator.behaviour import Fault
from app.simulator.stalker.profile import PANEL as PANEL_PROFILE
from app.simulator.stalker.profile import STOCK as STOCK_PROFILE
from tests.providers.contract import ADAPTERS, SPEC, Adapter, client_of, walk, walk_everything

STOCK, PANEL = ADAPTERS["stalker-stock"], ADAPTERS["stalker-panel"]
KINDS = frozenset(Kind)


def names(found: Any) -> list[str]:
    return [report.scope.name for report in found.reports]


async def test_channels_that_the_big_answer_leaves_out_come_from_their_genres() -> None:
    async with client_of(STOCK) as client:
        found = await walk(client.provider, StepName.CHANNELS)
        assert found.ids(Kind.CHANNEL) == client.portal.expected_ids(Kind.CHANNEL)
        assert names(found)[0] == "itv:all"
        assert names(found)[1].startswith("itv:genre:")
        assert "itv:*" not in names(found)


async def test_a_portal_without_the_big_answer_is_paged() -> None:
    async with client_of(STOCK, all_channels="absent") as client:
        found = await walk(client.provider, StepName.CHANNELS)
        assert names(found) == ["itv:all", "itv:*"]
        assert found.ids(Kind.CHANNEL) == client.portal.expected_ids(Kind.CHANNEL)
        assert found.verdict.proven


@pytest.mark.parametrize("adapter", [STOCK, PANEL], ids=["stock", "panel"])
async def test_titles_of_hidden_categories_are_walked_there(adapter: Adapter) -> None:
    async with client_of(adapter, hide_adult=True) as client:
        found, walks = await walk_everything(client.provider)
        for kind in Kind:
            assert found[kind] == client.portal.expected_ids(kind)
        assert any(name.startswith("vod:category:") for one in walks for name in names(one))
        assert all(one.verdict.proven for one in walks if one.reports)


async def test_pages_that_are_short_in_the_middle_end_nothing() -> None:
    async with client_of(STOCK, short_page=True) as client:
        found = await walk(client.provider, StepName.MOVIES)
        assert found.ids(Kind.MOVIE) == client.portal.expected_ids(Kind.MOVIE)
        assert found.verdict.proven


@pytest.mark.parametrize("claim", ["low", "absent", "zero"])
async def test_a_claim_that_is_too_small_or_missing_ends_nothing(claim: Any) -> None:
    async with client_of(PANEL, total_as=claim) as client:
        found = await walk(client.provider, StepName.MOVIES)
        assert found.ids(Kind.MOVIE) == client.portal.expected_ids(Kind.MOVIE)
        assert found.verdict.proven is (claim == "low")
        assert claim == "low" or "does not say how many" in (found.verdict.doubt or "")


async def test_a_claim_that_is_too_big_is_a_doubt_after_all_categories_were_walked() -> None:
    async with client_of(PANEL, total_as="high") as client:
        found = await walk(client.provider, StepName.MOVIES)
        assert found.ids(Kind.MOVIE) == client.portal.expected_ids(Kind.MOVIE)
        assert not found.verdict.proven
        assert "delivered fewer" in (found.verdict.doubt or "")
        assert len(names(found)) > 3


@pytest.mark.parametrize("spelling", ["str", "zero", "absent"])
async def test_the_page_size_is_learned_where_it_is_not_said(spelling: Any) -> None:
    async with client_of(PANEL, max_page_items=spelling, page_size=10) as client:
        scope = (await client.provider.scopes(StepName.MOVIES, KINDS))[0]
        assert (await client.provider.page(scope, 1)).size == 10
        found = await walk(client.provider, StepName.MOVIES)
        assert found.ids(Kind.MOVIE) == client.portal.expected_ids(Kind.MOVIE)
        assert found.verdict.proven


async def test_a_portal_that_ignores_the_page_number_is_not_walked_for_ever() -> None:
    async with client_of(PANEL, ignore_page=True) as client:
        client.portal.reset()
        found = await walk(client.provider, StepName.MOVIES)
        assert not found.verdict.proven
        assert client.portal.stats.calls < 120
        assert len(found.ids(Kind.MOVIE)) > 14  # each category gave its first page


async def test_rows_in_an_object_are_rows() -> None:
    async with client_of(PANEL, data_as_object=True) as client:
        found, _ = await walk_everything(client.provider)
        for kind in Kind:
            assert found[kind] == client.portal.expected_ids(kind)


async def test_what_is_new_on_top_during_a_walk_is_found_by_a_second_look_at_the_head() -> None:
    async with client_of(STOCK, shift_every=10, shift="insert") as client:
        scope = (await client.provider.scopes(StepName.MOVIES, KINDS))[0]
        pages = [await client.provider.page(scope, number) for number in range(1, 12)]
        assert client.portal.stats.inserted
        seen = {own for page in pages for _, own in page.ids}
        assert not seen >= set(client.portal.stats.inserted)
        client.portal.behave(shift_every=None)
        found = await walk(client.provider, StepName.MOVIES)
        assert set(client.portal.stats.inserted) <= found.ids(Kind.MOVIE)


async def test_insertions_in_mid_walk_are_found_and_proven() -> None:
    async with client_of(STOCK, shift_every=14, shift="insert") as client:
        found = await walk(client.open(), StepName.MOVIES)
        assert client.portal.stats.inserted
        assert "vod:head" in names(found) or "vod:again" in names(found)
        if found.verdict.proven:
            assert found.ids(Kind.MOVIE) >= client.portal.expected_ids(Kind.MOVIE)


async def test_a_deletion_in_mid_walk_is_never_taken_for_proof() -> None:
    async with client_of(STOCK) as client:
        scopes = await client.provider.scopes(StepName.MOVIES, KINDS)
        first = await client.provider.page(scopes[0], 1)
        assert not first.last
        client.portal.behave(shift_every=1, shift="delete")
        await client.provider.page(scopes[0], 8)
        client.portal.behave(shift_every=None)
        found = await walk(client.provider, StepName.MOVIES)
        assert found.ids(Kind.MOVIE) >= client.portal.expected_ids(Kind.MOVIE)
        assert found.verdict.proven


async def test_a_list_that_keeps_losing_rows_is_a_doubt() -> None:
    async with client_of(STOCK, shift_every=6, shift="delete") as client:
        found = await walk(client.provider, StepName.MOVIES)
        assert "vod:again" in names(found)
        assert not found.verdict.proven
        assert found.verdict.doubt


async def test_a_page_that_a_bad_row_keeps_empty_does_not_end_the_walk() -> None:
    fault = Fault(do="empty", type="vod", action="get_ordered_list", page=3)
    async with client_of(STOCK, faults=(fault,)) as client:
        scope = (await client.provider.scopes(StepName.MOVIES, KINDS))[0]
        pages = [await client.provider.page(scope, number) for number in range(1, 6)]
        assert [page.doubtful for page in pages] == [False, False, True, False, False]
        assert not any(page.last for page in pages)
        assert client.portal.stats.handshakes == 1
        found = await walk(client.provider, StepName.MOVIES)
        assert not found.verdict.proven
        # Every category has its own page 3; most of what was on the bad page is found there.
        assert len(found.ids(Kind.MOVIE)) > len(client.portal.expected_ids(Kind.MOVIE)) * 0.8


@pytest.mark.parametrize("answer", ["hollow", "false", "null", "empty"])
async def test_a_first_page_that_stays_empty_is_doubted(answer: Any) -> None:
    fault = Fault(do=answer, type="vod", action="get_ordered_list", page=1)
    async with client_of(STOCK, faults=(fault,)) as client:
        scope = (await client.provider.scopes(StepName.MOVIES, KINDS))[0]
        page = await client.provider.page(scope, 1)
        assert (page.doubtful, page.last) == (True, False)
        assert page.total == len(client.portal.expected_ids(Kind.MOVIE)) + len(client.portal.expected_ids(Kind.SERIES))


@pytest.mark.parametrize("answer", ["hollow", "false", "null", "empty"])
async def test_single_empty_pages_under_load_are_asked_for_again(answer: Any) -> None:
    fault = Fault(do=answer, type="vod", action="get_ordered_list", every=4)
    async with client_of(STOCK, faults=(fault,)) as client:
        found = await walk(client.provider, StepName.MOVIES)
        assert found.ids(Kind.MOVIE) == client.portal.expected_ids(Kind.MOVIE)
        assert found.verdict.proven


async def test_a_portal_that_answers_nothing_at_all_is_unavailable_not_empty() -> None:
    async with client_of(PANEL) as client:
        scope = (await client.provider.scopes(StepName.MOVIES, KINDS))[0]
        await client.provider.page(scope, 1)
        client.portal.behave(empty_every=1)
        with pytest.raises(Unavailable):
            await client.provider.page(scope, 2)


async def test_a_list_that_the_portal_does_not_know_is_malformed_not_empty() -> None:
    async with client_of(PANEL) as client:
        scope = (await client.provider.scopes(StepName.MOVIES, KINDS))[0]
        client.portal.behave(faults=(Fault(do="false", type="vod", action="get_ordered_list"),))
        with pytest.raises(Malformed):
            await client.provider.page(scope, 1)


async def test_an_empty_list_is_believed_only_when_it_says_so_twice() -> None:
    async with client_of(PANEL, mute_kind="movie", mute_with="empty") as client:
        client.portal.reset()
        found = await walk(client.provider, StepName.MOVIES)
        assert not found.ids(Kind.MOVIE)
        assert client.portal.stats.actions["vod.get_ordered_list"] > 2


async def test_a_second_claim_or_a_repeated_last_page_ends_the_walk_without_doubt() -> None:
    async with client_of(PANEL) as client:
        scope = (await client.provider.scopes(StepName.MOVIES, KINDS))[0]
        pages = [await client.provider.page(scope, number) for number in range(1, 14)]
        behind = [page for page in pages if not page.records]
        assert behind
        assert all(page.last and not page.doubtful for page in behind)


async def test_series_beside_native_ones_have_a_space_and_categories_of_their_own() -> None:
    profile = replace(PANEL_PROFILE, series_in="both")
    async with client_of(replace(PANEL, profile=profile)) as client:
        categories = (await client.provider.categories(Kind.SERIES)).records
        assert {one.space for one in categories} == {"", "vod"}
        assert [one.position for one in categories] == list(range(len(categories)))
        movies = await walk(client.provider, StepName.MOVIES)
        mixed = movies.of(Kind.SERIES)
        assert mixed
        assert {(record.space, record.category_space) for record in mixed} == {("vod", "vod")}
        native = (await walk(client.provider, StepName.SERIES)).of(Kind.SERIES)
        assert {(record.space, record.category_space) for record in native} == {("", "")}
        scopes = await client.open().scopes(StepName.SERIES, frozenset({Kind.SERIES}))
        assert [scope.name for scope in scopes] == ["series:*", "vod:*"]
        assert all(scope.step is StepName.SERIES for scope in scopes)


async def test_series_of_stock_portals_come_with_the_movies() -> None:
    async with client_of(STOCK) as client:
        assert await client.provider.scopes(StepName.SERIES, KINDS) == []
        (scope,) = await client.provider.scopes(StepName.SERIES, frozenset({Kind.SERIES}))
        assert (scope.name, scope.kinds) == ("vod:*", frozenset({Kind.MOVIE, Kind.SERIES}))
        movies = await client.provider.categories(Kind.MOVIE)
        series = await client.provider.categories(Kind.SERIES)
        assert movies.records == series.records


async def test_pseudo_categories_and_empty_lists_are_no_categories() -> None:
    async with client_of(PANEL, no_categories=True) as client:
        for kind in Kind:
            found = await client.provider.categories(kind)
            assert (list(found.records), found.known) == ([], True)
        walked, walks = await walk_everything(client.provider)
        assert walked[Kind.MOVIE] == client.portal.expected_ids(Kind.MOVIE)
        assert all(one.verdict.proven for one in walks)


async def test_a_broken_big_answer_is_asked_for_again_and_hands_nothing_on_twice() -> None:
    fault = Fault(do="cut", action="get_all_channels", times=2, cut=0.7)
    async with client_of(PANEL, replace(SPEC, channels=3000), faults=(fault,)) as client:
        (scope,) = await client.provider.scopes(StepName.CHANNELS, KINDS)
        pages = [page async for page in client.provider.stream(scope)]
        ids = [own for page in pages for _, own in page.ids]
        assert len(ids) == len(set(ids)) == 3000
        assert [page.number for page in pages] == list(range(1, len(pages) + 1))
        assert [page.last for page in pages].count(True) == 1
        assert pages[-1].total == 3000
        assert {len(page.records) for page in pages} == {500}


async def test_a_big_answer_that_is_always_cut_is_unavailable() -> None:
    async with client_of(PANEL, faults=(Fault(do="truncate", action="get_all_channels", cut=0.8),)) as client:
        (scope,) = await client.provider.scopes(StepName.CHANNELS, KINDS)
        stream: Any = client.provider.stream(scope)
        with pytest.raises(Unavailable):
            await asyncio.wait_for(_drain(stream), 20)


async def test_stock_orders_by_name_where_it_ignores_the_wish_and_is_walked_all_the_same() -> None:
    profile = replace(STOCK_PROFILE, types="mixed", page_size=20)
    async with client_of(replace(STOCK, profile=profile)) as client:
        found, walks = await walk_everything(client.provider)
        for kind in Kind:
            assert found[kind] == client.portal.expected_ids(kind)
        assert all(one.verdict.proven for one in walks if one.reports)


async def _drain(stream: Any) -> None:
    async for _ in stream:
        pass


async def test_a_portal_without_vod_has_no_walk_for_it() -> None:
    async with client_of(PANEL, faults=(Fault(do="false", type="vod"),)) as client:
        assert not (await client.provider.categories(Kind.MOVIE)).known
        assert await client.provider.scopes(StepName.MOVIES, KINDS) == []
        found = await walk(client.provider, StepName.SERIES)
        assert found.ids(Kind.SERIES) == client.portal.expected_ids(Kind.SERIES)


async def test_a_portal_that_goes_down_before_the_review_is_a_doubt() -> None:
    async with client_of(PANEL) as client:
        found = await walk(client.provider, StepName.MOVIES)
        assert found.verdict.proven
        report = StepReport(step=StepName.MOVIES, scopes=tuple(found.reports), distinct=len(found.records))
        client.portal.behave(faults=(Fault(do="status", status=503),))
        verdict = await client.provider.review(report)
        assert not verdict.proven
        assert "could not be asked again" in (verdict.doubt or "")
