from typing import Any

import pytest

from app.domain.kinds import Kind
from tests.support.scripted import ScriptedProvider, record, sync
from tests.support.server import Served


@pytest.fixture
async def path(served: Served, stalker: dict[str, Any]) -> str:
    added = await served.json("POST", "/api/providers", 201, json=stalker)
    view = await served.context.registry.by_id(added["id"])
    for count in (5, 4):
        lists = {kind: [record(kind, number) for number in range(1, count + 1)] for kind in Kind}
        await sync(served.context.database, view.pk, ScriptedProvider(lists=lists), force=True)
    return f"/api/providers/{added['id']}"


@pytest.mark.parametrize("kind", list(Kind))
async def test_every_kind_is_listed_below_its_provider_and_across(served: Served, path: str, kind: Kind) -> None:
    below = await served.json("GET", f"{path}/{kind.plural}?limit=2")
    assert set(below) == {"total", "page", "limit", "hasMore", "nextCursor", kind.plural}
    assert await served.json("GET", f"/api/{kind.plural}?limit=2") | {"nextCursor": None} == below | {
        "nextCursor": None
    }
    provider = path.rsplit("/", 1)[1]
    assert (await served.json("GET", f"/api/{kind.plural}?providerId={provider}"))["total"] == 4
    item = below[kind.plural][0]
    assert (await served.json("GET", f"/api/{kind.plural}/{item['id']}"))["name"] == item["name"]
    following = await served.json("GET", f"{path}/{kind.plural}", params={"limit": 2, "cursor": below["nextCursor"]})
    assert (following["page"], following["hasMore"], len(following[kind.plural])) == (2, False, 2)


@pytest.mark.parametrize(("active", "total"), [("true", 4), ("false", 1), ("all", 5)])
async def test_active_is_one_of_three_words(served: Served, path: str, active: str, total: int) -> None:
    assert (await served.json("GET", f"{path}/movies?active={active}"))["total"] == total


async def test_categories_are_asked_for_by_plural_kinds(served: Served, path: str) -> None:
    answer = await served.json("GET", f"{path}/categories?kind=movies")
    assert [(row["kind"], row["name"], row["count"]) for row in answer["categories"]] == [("movie", "One", 4)]
    assert (await served.json("GET", "/api/categories"))["total"] == 3
    category = answer["categories"][0]["id"]
    assert (await served.json("GET", f"{path}/movies?category={category}&search=movie&sort=-name"))["total"] == 4


async def test_a_link_that_the_provider_cannot_make_is_a_bad_gateway(served: Served, path: str) -> None:
    movie = (await served.json("GET", f"{path}/movies"))["movies"][0]
    answer = await served.client.get(movie["stream"])
    assert answer.status_code == 502
    assert answer.json()["code"].startswith("provider_")
