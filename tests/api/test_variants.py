from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col

from app.db.tables import Channel
from app.domain.kinds import Kind
from tests.support.server import Served
from tests.support.town import Town

FIRST = (
    "US: ESPN HD",
    "US: ESPN 2",
    "UK: Film4",
    "UK: Film4+1",
    "US: HBO East",
    "US: HBO West",
    "UK: BBC One",
    "UK: BBC One London",
)
SECOND = ("US| ESPN FHD", "UK | FILM4 4K", "UK | Film4 +1 HD", "US| HBO", "ESPN BACKUP", "AU: Sky News", "UK: ESPN2")


@pytest.fixture
async def town(served: Served, stalker: dict[str, Any]) -> Town:
    return Town(served, stalker)


async def groups_of(town: Town, kind: str = "channels", **query: Any) -> list[list[str]]:
    answer = await town.get(f"/api/{kind}/variants", **query)
    return [[one["name"] for one in group[kind]] for group in answer["groups"]]


async def test_copies_across_providers_stand_together_the_best_first(town: Town) -> None:
    await town.add({Kind.CHANNEL: FIRST})
    await town.add({Kind.CHANNEL: SECOND})
    answer = await town.get("/api/channels/variants")
    assert set(answer) == {"total", "page", "limit", "hasMore", "groups"}
    assert [[one["name"] for one in group["channels"]] for group in answer["groups"]] == [
        ["US| ESPN FHD", "US: ESPN HD", "ESPN BACKUP"],
        ["UK | FILM4 4K", "UK: Film4"],
        ["UK | Film4 +1 HD", "UK: Film4+1"],
        ["US: HBO East", "US| HBO"],
    ]
    espn = answer["groups"][0]
    assert set(espn) == {"id", "name", "count", "country", "shiftMinutes", "links", "channels"}
    assert (espn["id"], espn["count"], espn["country"]) == (espn["channels"][0]["id"], 3, "US")
    assert [one["quality"] for one in espn["channels"]] == ["FHD", "HD", None]
    assert {one["providerId"] for one in espn["channels"]} == set(town.ids)
    assert espn["channels"][0]["visibility"] == "shown"


async def test_time_shifts_are_linked_and_not_the_same(town: Town) -> None:
    await town.add({Kind.CHANNEL: FIRST})
    await town.add({Kind.CHANNEL: SECOND})
    groups = {group["channels"][0]["name"]: group for group in (await town.get("/api/channels/variants"))["groups"]}
    (later,) = groups["UK | FILM4 4K"]["links"]
    assert (later["shiftMinutes"], later["count"]) == (60, 2)
    assert later["id"] == groups["UK | Film4 +1 HD"]["id"]
    assert later["confidence"] > 0.9
    (sooner,) = groups["UK | Film4 +1 HD"]["links"]
    assert (sooner["shiftMinutes"], sooner["id"]) == (-60, groups["UK | FILM4 4K"]["id"])
    (west,) = groups["US: HBO East"]["links"]
    assert (west["shiftMinutes"], west["count"]) == (180, 1)
    assert (await town.get(f"/api/channels/{west['id']}"))["name"] == "US: HBO West"
    alone = await town.get(f"/api/channels/{west['id']}/variants")
    assert (alone["count"], alone["shiftMinutes"]) == (1, 180)
    assert [(link["shiftMinutes"], link["count"]) for link in alone["links"]] == [(-180, 2)]


async def test_an_item_knows_its_copies(town: Town) -> None:
    await town.add({Kind.CHANNEL: FIRST})
    await town.add({Kind.CHANNEL: SECOND})
    (listed,) = (await town.get("/api/channels/variants", search="espn"))["groups"]
    for member in listed["channels"]:
        assert await town.get(f"/api/channels/{member['id']}/variants") == listed
    lonely = (await town.get("/api/channels", search="london"))["channels"][0]
    answer = await town.get(f"/api/channels/{lonely['id']}/variants")
    assert (answer["count"], answer["channels"][0]["id"], answer["links"]) == (1, lonely["id"], [])
    assert (await town.served.client.get("/api/channels/nothing/variants")).status_code == 404


async def test_groups_are_searched_paged_and_of_some_providers(town: Town) -> None:
    one = await town.add({Kind.CHANNEL: FIRST})
    two = await town.add({Kind.CHANNEL: SECOND})
    assert await groups_of(town, search="fhd") == [["US| ESPN FHD", "US: ESPN HD", "ESPN BACKUP"]]
    assert await groups_of(town, providerIds=one) == []
    assert len(await groups_of(town, providerIds=f"{one},{two}")) == 4
    page = await town.get("/api/channels/variants", limit=3, page=2)
    assert (page["total"], page["hasMore"], len(page["groups"])) == (4, False, 1)
    assert (await town.get("/api/channels/variants", limit=3))["hasMore"] is True
    assert (await town.served.client.get("/api/channels/variants?providerIds=nobody")).status_code == 404
    assert (await town.served.client.get("/api/channels/variants?limit=0")).status_code == 422


async def test_titles_are_the_same_by_name_and_year(town: Town) -> None:
    years = {1: 1995, 2: 2017, 3: 2022}
    await town.add({Kind.MOVIE: ["Heat", "Blade Runner 2049", "The Batman"], Kind.SERIES: ["Dark"]}, year=years.get)
    await town.add(
        {Kind.MOVIE: ["EN - Heat [4K]", "Blade Runner", "Batman"], Kind.SERIES: ["DE: Dark HD"]}, year=years.get
    )
    (heat,) = (await town.get("/api/movies/variants"))["groups"]
    assert ([one["name"] for one in heat["movies"]], heat["year"], heat["count"]) == (
        ["EN - Heat [4K]", "Heat"],
        1995,
        2,
    )
    assert set(heat) == {"id", "name", "count", "year", "movies"}
    assert await groups_of(town, "series") == [["DE: Dark HD", "Dark"]]
    assert await town.get(f"/api/movies/{heat['movies'][1]['id']}/variants") == heat


async def test_what_a_sync_or_a_filter_changes_changes_the_groups(town: Town) -> None:
    one = await town.add({Kind.CHANNEL: ["ESPN", "CNN"]})
    await town.add({Kind.CHANNEL: ["ESPN HD"]})
    assert await groups_of(town) == [["ESPN HD", "ESPN"]]
    await town.fill(one, {Kind.CHANNEL: ["Fox", "ESPN 4K", "Fox HD"]})
    await town.publish(one)
    assert await groups_of(town) == [["Fox HD", "Fox"], ["ESPN 4K", "ESPN HD"]]


async def test_what_filters_hide_is_no_copy_and_knows_itself(town: Town) -> None:
    one = await town.add({Kind.CHANNEL: ["ESPN", "ESPN FHD"]})
    await town.add({Kind.CHANNEL: ["ESPN HD"]})
    hidden = (await town.get("/api/channels", search="fhd"))["channels"][0]["id"]
    async with town.served.context.database.writer() as writer:
        await writer.execute(update(Channel).where(col(Channel.id) == hidden).values(visibility=2))
    await town.publish(one)
    assert await groups_of(town) == [["ESPN HD", "ESPN"]]
    answer = await town.get(f"/api/channels/{hidden}/variants")
    assert [(one["name"], one["visibility"]) for one in answer["channels"]] == [("ESPN FHD", "filtered")]
    assert answer["channels"][0]["quality"] == "FHD"
