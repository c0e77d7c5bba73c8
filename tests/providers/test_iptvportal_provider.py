"""The adapter against a simulated portal whose tables are not what was expected, or move while they are read."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.core.errors import Invalid, Malformed
from app.domain.kinds import Kind, ProviderKind, StepName
from app.domain.programmes import ProgrammeRecord
from app.domain.records import ChannelRecord, MovieRecord
from app.providers.base import Provider
from app.providers.registry import parse_address
from app.simulator.behaviour import Fault
from app.simulator.draw import below
from app.simulator.facts import NO_CATEGORY
from app.simulator.spec import CatalogueSpec
from tests.providers.contract import ADAPTERS, USER_ACCOUNT, Client, client_of, opener, walk
from tests.providers.raw_server import Asked, RawServer, reply

SPEC = CatalogueSpec(channels=60, movies=700, series=5, categories=12)
LOGIN = {"username": "fake-operator", "password": "fake-secret-9"}


@asynccontextmanager
async def tables(wishes: Any = None, **switches: Any) -> AsyncIterator[tuple[Client, Provider]]:
    async with client_of(ADAPTERS["iptvportal"], SPEC, **switches) as client:
        yield client, client.open(options={} if wishes is None else {"tables": wishes})


async def shows(provider: Provider, hours: int = 6) -> list[ProgrammeRecord]:
    return [record async for batch in provider.programmes((), hours) for record in batch]


@pytest.mark.parametrize(
    "switches",
    [{"row_cap": 37}, {"numbers_as_text": True}, {"drift": "insert"}, {"lose_session_after": 3}],
    ids=lambda switches: next(iter(switches)),
)
async def test_gets_everything_from_an_odd_database(switches: dict[str, Any]) -> None:
    async with tables(**switches) as (client, provider):
        for step, kind in ((StepName.CHANNELS, Kind.CHANNEL), (StepName.MOVIES, Kind.MOVIE)):
            found = await walk(provider, step)
            assert found.ids(kind) == client.portal.expected_ids(kind)
            assert found.verdict.proven


async def test_rows_that_come_and_go_meanwhile_hide_no_other() -> None:
    async with tables(row_cap=50) as (client, provider):
        before = client.portal.expected_ids(Kind.MOVIE)
        client.portal.behave(row_cap=50, shift_every=1)
        found = (await walk(provider, StepName.MOVIES)).ids(Kind.MOVIE)
        stats = client.portal.stats
        assert len(stats.deleted) > 10
        assert before - found <= set(stats.deleted)
        assert set(stats.inserted) & found  # the reading ends although the table grows on


async def test_a_row_is_what_it_was_in_the_table() -> None:
    async with tables() as (client, provider):
        catalogue = client.portal.catalogue
        movie = (await walk(provider, StepName.MOVIES)).records[Kind.MOVIE, "", "7"]
        known = catalogue.title(Kind.MOVIE, 7)
        assert isinstance(movie, MovieRecord)
        assert (movie.name, movie.director, movie.added_at) == (known.name, known.director or None, known.added * 1000)
        assert (movie.duration, movie.is_hd, movie.rating_imdb) == (known.minutes, known.hd, known.imdb / 10 or None)
        assert movie.year == (None if below(SPEC.dirt, known.d[2]) else known.year)
        channel = (await walk(provider, StepName.CHANNELS)).records[Kind.CHANNEL, "", "5"]
        live = catalogue.channel(5)
        assert isinstance(channel, ChannelRecord)
        assert (channel.number, channel.archive_days, channel.is_hd) == (5, live.archive_days, live.hd)
        assert bool(channel.category_ids) == (live.category != NO_CATEGORY)
        assert (await provider.resolve(Kind.CHANNEL, channel.locator)).url == "udp://239.0.0.5:1234"


async def test_columns_that_a_portal_does_not_have_are_left_out() -> None:
    wishes = {"movies": {"fields": {"poster": "cover", "imdb": "stars"}}}
    async with tables(wishes) as (client, provider):
        found = await walk(provider, StepName.MOVIES)
        assert found.ids(Kind.MOVIE) == client.portal.expected_ids(Kind.MOVIE)
        movies = found.of(Kind.MOVIE)
        assert not any(one.poster or one.rating_imdb for one in movies if isinstance(one, MovieRecord))
        assert any(one.description for one in movies if isinstance(one, MovieRecord))
        assert client.portal.stats.actions["batch.media"] == 1


async def test_a_column_that_is_needed_is_not_left_out() -> None:
    async with tables({"movies": {"fields": {"name": "title"}}}) as (_, provider):
        with pytest.raises(Malformed, match='column "title" does not exist'):
            await walk(provider, StepName.MOVIES)


async def test_other_tables_and_conditions_may_be_named() -> None:
    fields = dict.fromkeys(("category", "media", "logo", "number", "hd", "censored", "archiveDays", "epgId"))
    wish = {"table": "package", "fields": {**fields, "url": None}, "where": {"eq": ["paid", True]}}
    async with tables({"channels": wish, "movies": None}) as (_, provider):
        found = await walk(provider, StepName.CHANNELS)
        assert found.ids(Kind.CHANNEL) == {"1", "2", "4", "5", "7", "8", "10", "11"}
        assert await provider.scopes(StepName.MOVIES, frozenset(Kind)) == []


async def test_categories_are_those_that_items_name() -> None:
    async with tables() as (client, provider):
        for kind in (Kind.CHANNEL, Kind.MOVIE):
            found = await provider.categories(kind)
            assert {one.name for one in found.records} == client.portal.category_titles(kind)
        assert not (await provider.categories(Kind.SERIES)).known


async def test_a_table_that_is_forbidden_takes_nothing_else_with_it() -> None:
    async with tables(forbidden_tables=("tv_category", "tv_program")) as (client, provider):
        assert not (await provider.categories(Kind.MOVIE)).known
        assert (await walk(provider, StepName.MOVIES)).ids(Kind.MOVIE) == client.portal.expected_ids(Kind.MOVIE)
        with pytest.raises(Malformed, match="tv_program"):
            await shows(provider)


async def test_the_guide_is_what_is_on_from_now_on() -> None:
    async with tables() as (client, provider):
        assert provider.own_guide
        found = await shows(provider)
        known = client.portal.expected_ids(Kind.CHANNEL)
        assert {record.channel for record in found} <= known
        assert len({record.channel for record in found}) > 10
        spans = [record.stop_ms - record.start_ms for record in found if record.stop_ms is not None]
        assert len(spans) == len(found)
        assert set(spans) <= {1_800_000, 3_600_000}
        assert all(json.loads(record.body)["title"] for record in found)
        assert len(await shows(provider, hours=12)) > len(found)
        assert not client.open(options={"tables": {"guide": None}}).own_guide


async def test_a_portal_that_repeats_itself_is_not_read_for_ever() -> None:
    def answer(asked: Asked) -> bytes:
        login = asked.path.endswith("/jsonrpc/")
        return reply(json.dumps({"id": 1, "result": {"session_id": "fake-session-2"} if login else [[1, "a"]]}))

    async with RawServer(answer) as server, opener(ADAPTERS["iptvportal"], server.url) as make:
        provider = make(options={"tables": {"categories": None}})
        with pytest.raises(Malformed, match="repeats itself"):
            await walk(provider, StepName.MOVIES)


async def test_a_fault_of_one_page_is_no_end() -> None:
    async with tables(row_cap=50, faults=(Fault(do="truncate", action="media", every=4),)) as (client, provider):
        assert (await walk(provider, StepName.MOVIES)).ids(Kind.MOVIE) == client.portal.expected_ids(Kind.MOVIE)


def test_an_operator_is_known_by_host_and_user() -> None:
    found = parse_address(ProviderKind.IPTVPORTAL, "acme", LOGIN, {})
    assert (found.url, found.address) == ("https://acme.admin.iptvportal.ru", "acme.admin.iptvportal.ru:443")
    assert (found.account, found.credentials) == ("fake-operator", LOGIN)
    assert USER_ACCOUNT["password"] not in repr(found)


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ([], "an object with some of channels"),
        ({"series": {}}, "There is no series"),
        ({"movies": {"columns": {}}}, "movies: this must be an object"),
        ({"movies": {"table": ""}}, "movies: table must be"),
        ({"movies": {"where": "id > 1"}}, "movies: where must be"),
        ({"movies": {"fields": {"colour": "c"}}}, "movies: there is no field colour"),
        ({"guide": {"fields": {"start": None}}}, "guide: the field start is needed"),
        ({"guide": {"fields": {"start": 7}}}, "guide: the field start must be"),
    ],
)
def test_what_is_no_map_of_tables_is_refused_in_words(wishes: Any, said: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_address(ProviderKind.IPTVPORTAL, "acme", LOGIN, {"tables": wishes})
    [(field, words)] = caught.value.errors
    assert field == "options.tables"
    assert words.startswith(said) or said in words
