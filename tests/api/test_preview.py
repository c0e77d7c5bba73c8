from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col

from app.db.tables import Channel, Provider
from app.domain.kinds import Kind
from tests.support.scripted import sync
from tests.support.server import Served
from tests.support.town import Town

KEYS = {"total", "showing", "has_more", "channels", "using_database", "filter_tags"}
FIRST = ("US: ESPN HD", "US: ESPN 2 HD", "US: CNN SD", "UK: Film4 HD", "UK: Film4+1 HD", "US: Cinemax FHD")
SECOND = ("US| ESPN FHD", "UK | FILM4 4K", "US: ESPN backup")


@pytest.fixture
async def town(served: Served, stalker: dict[str, Any]) -> Town:
    return Town(served, stalker)


@pytest.fixture
def away(stalker: dict[str, Any]) -> dict[str, Any]:
    """A portal that nobody answers at."""
    return {**stalker, "url": "http://127.0.0.1:9/c/", "credentials": {"mac": "00:1A:79:00:00:99"}}


async def names(town: Town, path: str = "/api/channels/preview", **query: Any) -> list[str]:
    return [one["name"] for one in (await town.get(path, **query))["channels"]]


async def test_a_preview_has_the_shape_that_clients_expect(town: Town) -> None:
    one = await town.add({Kind.CHANNEL: FIRST})
    answer = await town.get(f"/api/providers/{one}/preview", tags="US, hd", limit=1)
    assert set(answer) == KEYS
    (channel,) = answer.pop("channels")
    assert answer == {
        "total": 2,
        "showing": 1,
        "has_more": True,
        "using_database": True,
        "filter_tags": ["US", "hd"],
    }
    stored = await town.get(f"/api/channels/{channel['id']}")
    stored.pop("extra")
    assert channel == {**stored, "visibility": "shown"}
    assert (channel["cleanedName"], channel["tags"]) == ("ESPN", ["HD", "US"])
    assert set(await town.get(f"/api/accounts/{one}/preview")) == KEYS


async def test_all_tags_and_all_words_and_the_category_have_to_fit(town: Town) -> None:
    kinds = {"category_ids": lambda at: ("1",) if at < 4 else ("2",)}
    one = await town.add({Kind.CHANNEL: FIRST}, ("Sport & News", "Cinema"), **kinds)
    assert await names(town, tags="us") == ["US: ESPN HD", "US: ESPN 2 HD", "US: CNN SD", "US: Cinemax FHD"]
    assert await names(town, tags="US,HD", search="espn 2") == ["US: ESPN 2 HD"]
    assert await names(town, tags="US,DE") == []
    assert await names(town, category="cinema", tags="US") == ["US: Cinemax FHD"]
    category = (await town.get(f"/api/providers/{one}/categories", search="cinema"))["categories"][0]["id"]
    assert await names(town, category=category, search="film") == ["UK: Film4 HD", "UK: Film4+1 HD"]
    assert await names(town, category="nothing") == []
    assert await names(town, search="ÉSP") == ["US: ESPN HD", "US: ESPN 2 HD"]


async def test_offsets_walk_all_of_it_once(town: Town) -> None:
    await town.add({Kind.CHANNEL: FIRST}, number=lambda at: 10 - at)
    await town.add({Kind.CHANNEL: SECOND}, number=lambda at: 20 - at)
    whole = await names(town)
    assert whole == [*reversed(FIRST), *reversed(SECOND)]
    parts = [await town.get("/api/channels/preview", limit=4, offset=offset) for offset in (0, 4, 8, 12)]
    assert [one["name"] for part in parts for one in part["channels"]] == whole
    assert [(part["total"], part["showing"], part["has_more"]) for part in parts] == [
        (9, 4, True),
        (9, 4, True),
        (9, 1, False),
        (9, 0, False),
    ]


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "offset=-1", "collapse_duplicates=perhaps"])
async def test_what_makes_no_sense_is_refused(town: Town, query: str) -> None:
    assert (await town.served.client.get(f"/api/channels/preview?{query}")).status_code == 422


async def test_previews_are_of_the_accounts_that_are_named(town: Town) -> None:
    one = await town.add({Kind.CHANNEL: FIRST})
    two = await town.add({Kind.CHANNEL: SECOND})
    assert (await town.get("/api/channels/preview", account_ids=two))["total"] == 3
    assert (await town.get("/api/channels/preview", account_ids=f" {one} ,{two}"))["total"] == 9
    assert (await town.served.client.get("/api/channels/preview?account_ids=nobody")).status_code == 404
    assert (await town.served.client.get("/api/providers/nobody/preview")).status_code == 404


async def test_copies_collapse_into_the_best(town: Town) -> None:
    await town.add({Kind.CHANNEL: FIRST})
    await town.add({Kind.CHANNEL: SECOND})
    answer = await town.get("/api/channels/preview", collapse_duplicates="true", search="espn")
    assert [(one["name"], one["variants"]) for one in answer["channels"]] == [("US| ESPN FHD", 3), ("US: ESPN 2 HD", 1)]
    assert (answer["total"], answer["showing"]) == (2, 2)
    ids = answer["channels"][0]["variantIds"]
    copies = [(await town.get(f"/api/channels/{one}"))["name"] for one in ids]
    assert copies == ["US| ESPN FHD", "US: ESPN HD", "US: ESPN backup"]
    grouped = (await town.get(f"/api/channels/{ids[0]}/variants"))["channels"]
    assert [one["id"] for one in grouped] == ids
    page = await town.get("/api/channels/preview", collapse_duplicates="true", limit=2, offset=4)
    assert (page["total"], page["showing"], page["has_more"]) == (6, 2, False)


async def test_who_is_shown_a_channel_is_told(town: Town) -> None:
    await town.add({Kind.CHANNEL: FIRST})
    async with town.served.context.database.writer() as writer:
        await writer.execute(update(Channel).where(col(Channel.name) == FIRST[0]).values(visibility=2))
    found = {one["name"]: one["visibility"] for one in (await town.get("/api/channels/preview"))["channels"]}
    assert found[FIRST[0]] == "filtered"
    assert found[FIRST[1]] == "shown"


@pytest.mark.parametrize("dialect", ["stalker", "xtream"])
async def test_a_provider_never_synced_is_answered_live_as_it_will_be_stored(
    served: Served, request: pytest.FixtureRequest, dialect: str
) -> None:
    added = await served.json("POST", "/api/providers", 201, json=request.getfixturevalue(dialect))
    path = f"/api/providers/{added['id']}/preview"
    live = await served.json("GET", path, params={"limit": 1000})
    assert (set(live), live["using_database"], live["total"]) == (KEYS, False, 60)
    tag = next(tag for one in live["channels"] for tag in one["tags"])
    some = {"search": live["channels"][7]["name"].split()[0], "limit": 1000}
    queries = [{"limit": 1000}, some, {"tags": tag.lower()}, {"limit": 7, "offset": 50}, {"collapse_duplicates": "1"}]
    queries += [{"category": live["channels"][3]["categoryId"]}]
    before = [await served.json("GET", path, params=query) for query in queries]
    view = await served.context.registry.by_id(added["id"])
    async with served.context.open_provider(await served.context.registry.account(view.pk)) as provider:
        await sync(served.context.database, view.pk, provider)
    after = [await served.json("GET", path, params=query) for query in queries]
    assert after[0]["using_database"] is True
    for one in (*before, *after):
        del one["using_database"]
        for channel in one["channels"]:
            channel.pop("updatedAt")
    assert before == after


async def test_each_is_read_where_it_is(town: Town) -> None:
    await town.add({Kind.CHANNEL: FIRST})
    two = await town.add(None)
    answer = await town.get("/api/channels/preview", limit=1000)
    assert (answer["total"], answer["using_database"]) == (66, False)
    assert {one["providerId"] for one in answer["channels"]} == set(town.ids)
    assert (await town.get("/api/channels/preview", account_ids=town.ids[0]))["using_database"] is True
    assert (await town.get("/api/channels/preview", account_ids=two))["using_database"] is False
    collapsed = await town.get("/api/channels/preview", collapse_duplicates="true", limit=1000)
    assert sum(one["variants"] for one in collapsed["channels"]) == 66


async def test_a_provider_that_cannot_be_read_is_a_problem_where_it_was_named(town: Town, away: dict[str, Any]) -> None:
    added = await town.served.json("POST", "/api/providers", 201, json=away)
    for path in (f"/api/providers/{added['id']}/preview", f"/api/channels/preview?account_ids={added['id']}"):
        answer = await town.served.client.get(path)
        assert answer.status_code == 502
        assert answer.json()["code"] == "provider_unavailable"
    assert (await town.served.client.get("/api/channels/preview")).status_code == 502
    await town.add({Kind.CHANNEL: FIRST})
    answer = await town.get("/api/channels/preview")
    assert (answer["total"], answer["using_database"]) == (6, False)


async def test_never_synced_is_judged_alike_by_previews_and_processing(town: Town) -> None:
    async def told(provider: str) -> tuple[bool, bool]:
        preview = await town.get(f"/api/providers/{provider}/preview")
        done = await town.served.json("POST", f"/api/providers/{provider}/process-tags")
        return preview["using_database"], done["using_database"]

    assert await told(await town.add(None)) == (False, False)
    assert await told(await town.add({Kind.CHANNEL: FIRST})) == (True, True)
    films, begun = await town.add({Kind.MOVIE: ["EN - Heat (1995)"]}), await town.add({Kind.CHANNEL: FIRST})
    async with town.served.context.database.writer() as writer:  # a sync of films alone, a first sync that broke off
        never = update(Provider).where(col(Provider.id).in_([films, begun])).values(channels_synced_at=None)
        await writer.execute(never)
    # Channels are shown live where there are none, and the films that are there are tagged where they are.
    assert await told(films) == (False, True)
    assert await told(begun) == (True, True)
    empty = await town.add({Kind.CHANNEL: []})
    assert await told(empty) == (True, True)


async def test_fields_that_are_empty_are_as_if_they_were_not_there(town: Town) -> None:
    one = await town.add({Kind.CHANNEL: FIRST})
    fields = "tags=&category=&search=&limit=&offset=&collapse_duplicates="
    assert (await town.get(f"/api/providers/{one}/preview?{fields}"))["showing"] == 6
    assert (await town.get(f"/api/channels/preview?{fields}&account_ids="))["showing"] == 6
    assert [tag["name"] for tag in (await town.get("/api/tags?account_id=&with_counts=true"))["tags"]][:2] == [
        "+1",
        "FHD",
    ]
