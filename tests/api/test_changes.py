"""Deltas over HTTP: one operation per id, pages, resets, caching."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from app.api import errors
from app.api.routes import changes, snapshots
from app.core.jsonio import loads
from app.db.bulk import insert_rows
from app.db.tables import CatalogueHead, Change, Channel, Publication
from app.domain.kinds import Kind
from app.snapshots.delta_files import ReadyDeltas, starts
from app.snapshots.publish import Publisher
from app.snapshots.retention import HOUR_MS, Published
from tests.snapshots.catalogue import PROVIDER, Catalogue, Item, simple
from tests.snapshots.client import Copy
from tests.snapshots.conftest import Stand, open_stand
from tests.support.effort import examples

BASE = f"/api/providers/{PROVIDER}"
URL = f"{BASE}/changes"
LISTS = ("categories", "channels", "movies", "series")


@pytest.fixture
async def stand(database_url: str, tmp_path: Path) -> AsyncIterator[Stand]:
    async with opened(database_url, tmp_path) as made:
        yield made


@asynccontextmanager
async def opened(database_url: str, folder: Path) -> AsyncIterator[Stand]:
    made = await open_stand(database_url, folder / "artifacts")
    ready = ReadyDeltas(made.database, made.artifacts)
    made.publisher = Publisher(made.database, made.artifacts, makers=(ready,), published=made.snapshots.forget)
    try:
        yield made
    finally:
        await made.database.close()


@pytest.fixture
async def client(stand: Stand) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(stand) as made:
        yield made


def asking(stand: Stand) -> httpx.AsyncClient:
    app = FastAPI()
    app.state.context = SimpleNamespace(
        snapshots=stand.snapshots, settings=SimpleNamespace(snapshot_max_age=60, api_keys=())
    )
    for router in (snapshots.router, changes.router):
        app.include_router(router, prefix="/api/providers")
    errors.install(app)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test")


def changed(*, channels: int = 30, movies: int = 40) -> tuple[Catalogue, Catalogue]:
    """A catalogue and what becomes of it: some items renamed, one removed, one new, a category hidden."""
    before, after = simple(channels, movies, 10), simple(channels, movies, 10)
    for item in after.items[5:10]:
        item.name = "Renamed"
    after.items[2].is_active = False
    after.items.append(Item(Kind.MOVIE, movies, "New", ("amovie",)))
    after.hidden.add("bseries")
    return before, after


async def delta(client: httpx.AsyncClient, since: str, query: str = "") -> list[dict[str, Any]]:
    """All pages of a delta."""
    url: str | None = f"{URL}?since={since}{query}"
    pages: list[dict[str, Any]] = []
    while url is not None:
        response = await client.get(url)
        assert response.status_code == 200, response.text
        pages.append(response.json())
        url = pages[-1]["next"]
    return pages


async def document(client: httpx.AsyncClient, version: str = "", view: str = "full") -> dict[str, Any]:
    named = f"&version={version}" if version else ""
    found: dict[str, Any] = (await client.get(f"{BASE}/snapshot?view={view}{named}")).json()
    return found


async def test_one_operation_for_each_id(client: httpx.AsyncClient, stand: Stand) -> None:
    before, after = changed()
    await stand.publish(before)
    await stand.publish(after)
    [found] = await delta(client, "k7f2.1")
    names = [f"{row['kind']}:{row['id']}" for row in found["upserts"]]
    assert (found["from"], found["to"], found["next"]) == ("k7f2.1", "k7f2.2", None)
    assert set(names) >= {f"channel:channel-{number}" for number in range(5, 10)} | {"movie:movie-40"}
    assert sorted(found["deletes"]) == ["category:bseries", "channel:channel-2"]
    assert len(set(names) | set(found["deletes"])) == len(names) + 2
    assert found["countAfter"] == 30 - 1 + 41 + 10
    movie = next(row for row in found["upserts"] if row["id"] == "movie-40")
    assert movie == {**after.items[-1].document, "ordinal": 40, "place": 41}
    category = next(row for row in found["upserts"] if row["kind"] == "category")
    assert category["itemKind"] in set(Kind)


async def test_the_current_version_has_nothing_new(client: httpx.AsyncClient, stand: Stand) -> None:
    await stand.publish(simple(3, 3, 3))
    response = await client.get(f"{URL}?since=k7f2.1")
    expected: dict[str, Any] = {
        "from": "k7f2.1",
        "to": "k7f2.1",
        "upserts": [],
        "deletes": [],
        "next": None,
        "countAfter": 9,
    }
    assert (response.status_code, response.json()) == (200, expected)


async def test_what_came_back_is_put_and_what_went_again_is_taken_away(client: httpx.AsyncClient, stand: Stand) -> None:
    catalogue = simple(40, 0, 0)
    await stand.publish(catalogue)
    for active, extra in ((False, True), (True, False)):
        catalogue.items[1].is_active = active
        added = [Item(Kind.CHANNEL, 40, "Brief")] if extra else []
        await stand.publish(replace(catalogue, items=[*catalogue.items, *added]))
    [found] = await delta(client, "k7f2.1")
    assert [row["id"] for row in found["upserts"] if row["kind"] == "channel"] == ["channel-1"]
    assert found["deletes"] == ["channel:channel-40"]


@pytest.mark.parametrize("limit", [1, 2, 7, 1000])
async def test_pages_of_any_size_hold_the_same_operations(client: httpx.AsyncClient, stand: Stand, limit: int) -> None:
    before, after = changed()
    await stand.publish(before)
    base = await document(client)
    await stand.publish(after)
    newest = await document(client)
    pages: list[dict[str, Any]] = []
    url = f"{URL}?since=k7f2.1&limit={limit}"
    while url:
        response = await client.get(url)
        pages.append(response.json())
        url = pages[-1]["next"]
        assert len(pages[-1]["upserts"]) + len(pages[-1]["deletes"]) <= limit
        assert url is None or "to=k7f2.2" in url
        if len(pages) == 1:
            after.items[0].name = "Later"
            await stand.publish(after)  # whoever follows `next` reads one version
    mine = Copy(base)
    mine.apply(*pages)
    assert mine.lists() == {name: newest[name] for name in LISTS}
    assert [page["to"] for page in pages] == ["k7f2.2"] * len(pages)


async def test_a_page_past_the_end_is_an_error(client: httpx.AsyncClient, stand: Stand) -> None:
    await stand.publish(simple(3, 3, 3))
    response = await client.get(f"{URL}?since=k7f2.1&page=2")
    assert (response.status_code, response.json()["code"]) == (404, "page_out_of_range")


UNUSABLE = (
    ("", "since"),
    ("since=x", "since"),
    ("since=k7f2.0", "since"),
    ("since=k7f2.1&to=x", "to"),
    ("since=k7f2.2&to=k7f2.1", "to"),
    ("since=k7f2.1&limit=0", "limit"),
    ("since=k7f2.1&limit=5001", "limit"),
    ("since=k7f2.1&page=0", "page"),
    ("since=k7f2.1&view=tiny", "view"),
)


async def test_what_cannot_be_used_is_named(client: httpx.AsyncClient, stand: Stand) -> None:
    await stand.publish(simple(3, 3, 3))
    await stand.publish(simple(3, 4, 3))
    for query, field in UNUSABLE:
        response = await client.get(f"{URL}?{query}")
        assert response.status_code == 422, query
        assert [one["field"] for one in response.json()["errors"]] == [field]


async def refusal(client: httpx.AsyncClient, query: str) -> tuple[int, str, str | None]:
    response = await client.get(f"{URL}?{query}")
    problem = response.json()
    if response.status_code == 410:
        assert problem["manifest"] == f"{BASE}/snapshot/manifest"
    else:
        assert int(response.headers["retry-after"]) > 0
    return response.status_code, problem["code"], problem.get("reason")


async def test_before_the_first_version_it_is_building(client: httpx.AsyncClient) -> None:
    assert await refusal(client, "since=k7f2.1") == (503, "building", None)


async def test_what_the_log_does_not_tell_is_fetched_anew(client: httpx.AsyncClient, stand: Stand) -> None:
    catalogue = simple(20, 20, 0)
    for number in range(3):
        catalogue.items[number].name = "Renamed"
        await stand.publish(catalogue)
    head = (await client.get(f"{BASE}/snapshot/head")).json()
    assert head["minSince"] == "k7f2.1"
    async with stand.database.writer() as writer:
        await writer.execute(update(CatalogueHead).values(floor=2))
    stand.snapshots.forget(stand.pk)
    assert (await client.get(f"{BASE}/snapshot/head")).json()["minSince"] == "k7f2.2"
    assert await refusal(client, "since=k7f2.1") == (410, "reset", "too_old")
    assert (await client.get(f"{URL}?since=k7f2.2")).status_code == 200
    assert await refusal(client, "since=0ld.1") == (410, "reset", "epoch_changed")
    assert await refusal(client, "since=k7f2.4") == (409, "version_ahead", None)
    assert await refusal(client, "since=k7f2.3&to=k7f2.9") == (409, "version_ahead", None)


async def test_a_first_load_under_way_leaves_the_oldest_version_within_what_is_published(
    client: httpx.AsyncClient, stand: Stand
) -> None:
    """A kind that is loaded for the first time is not in the log: the sync raises the floor above what is current."""
    await stand.publish(simple(3, 0, 0))
    async with stand.database.writer() as writer:
        await writer.execute(update(CatalogueHead).values(floor=2))
    stand.snapshots.forget(stand.pk)
    assert (await client.get(f"{BASE}/snapshot/head")).json()["minSince"] == "k7f2.1"
    await stand.publish(simple(3, 5, 0))
    assert await refusal(client, "since=k7f2.1") == (410, "reset", "too_old")
    manifest = (await client.get(f"{BASE}/snapshot/manifest")).json()
    assert manifest["deltas"] == []


async def test_a_log_that_lost_lines_is_never_told_in_part(client: httpx.AsyncClient, stand: Stand) -> None:
    before, after = changed()
    await stand.publish(before)
    await stand.publish(after)
    async with stand.database.writer() as writer:
        await writer.execute(delete(Change).where(Change.item_id == "channel-7"))  # type: ignore[arg-type]
    assert await refusal(client, "since=k7f2.1&view=lite") == (410, "reset", "too_old")


async def test_a_catalogue_that_is_being_emptied_is_not_told(client: httpx.AsyncClient, stand: Stand) -> None:
    before, after = changed()
    await stand.publish(before)
    await stand.publish(after)
    async with stand.database.writer() as writer:
        await writer.execute(delete(Channel))
    assert await refusal(client, "since=k7f2.1&view=lite") == (503, "building", None)


async def test_a_delta_larger_than_a_snapshot_is_not_sent(client: httpx.AsyncClient, stand: Stand) -> None:
    await stand.publish(simple(9, 9, 0))
    await stand.publish(simple(9, 10, 0))
    gone = (stand.pk, 2, "job", "movie", "m" * 20_000, "removed", None)
    async with stand.database.writer() as writer:
        columns = ("provider_pk", "version", "job_id", "kind", "item_id", "op", "document")
        await insert_rows(writer, "change", columns, [gone])
        await writer.execute(update(Publication).values(operations=Publication.operations + 1))
    assert await refusal(client, "since=k7f2.1&limit=4999&view=lite") == (410, "reset", "larger_than_snapshot")


async def test_a_version_that_is_not_kept_ends_no_delta(client: httpx.AsyncClient, stand: Stand) -> None:
    catalogue = simple(40, 40, 0)
    for number in range(10):
        catalogue.items[number].name = "Renamed"
        await stand.publish(catalogue)
    async with stand.database.writer() as writer:
        for table in ("snapshot", "publication"):
            driver = await writer.driver()
            await driver.execute(f"UPDATE {table} SET published_at = 1000 + version")
    stand.snapshots.forget(stand.pk)
    assert await refusal(client, "since=k7f2.1&to=k7f2.2") == (410, "reset", "version_pruned")
    assert (await client.get(f"{URL}?since=k7f2.1")).json()["to"] == "k7f2.10"


async def test_pinned_deltas_are_kept_for_ever_and_tags_are_answered(client: httpx.AsyncClient, stand: Stand) -> None:
    before, after = changed()
    await stand.publish(before)
    await stand.publish(after)
    free = await client.get(f"{URL}?since=k7f2.1")
    assert free.headers["cache-control"] == "public, max-age=60, stale-while-revalidate=3600"
    for query in ("", "&limit=3", "&view=lite"):
        for accept in ("gzip", "zstd", "identity"):
            url, headers = f"{URL}?since=k7f2.1&to=k7f2.2{query}", {"Accept-Encoding": accept}
            got = await client.get(url, headers=headers)
            assert got.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert got.headers.get("content-encoding", "identity") == accept
            assert got.headers["x-catalog-version"] == "k7f2.2"
            assert got.headers["repr-digest"].startswith("sha-256=:")
            head = await client.head(url, headers=headers)
            assert (head.content, dict(head.headers)) == (b"", dict(got.headers))
            again = await client.get(url, headers={**headers, "If-None-Match": got.headers["etag"]})
            assert again.status_code == 304


async def test_ready_deltas_are_in_the_manifest_and_say_what_changes_says(
    client: httpx.AsyncClient, stand: Stand
) -> None:
    before, after = changed()
    await stand.publish(before)
    await stand.publish(after)
    [ready] = (await client.get(f"{BASE}/snapshot/manifest")).json()["deltas"]
    blob = await client.get(f"{BASE}/blobs/{ready['sha256']}")
    assert len(blob.content) == ready["bytes"]
    found = blob.json()
    assert ready["from"] == "k7f2.1"
    assert ready["operations"] == len(found["upserts"]) + len(found["deletes"])
    assert (await client.get(f"{URL}?since=k7f2.1")).content == blob.content
    made = await delta(client, "k7f2.1", "&limit=4")
    for name in ("upserts", "deletes"):
        assert [one for page in made for one in page[name]] == found[name]


def test_deltas_lie_ready_from_the_version_before_and_from_an_hour_six_and_a_day_ago() -> None:
    now = 1_000 * HOUR_MS
    hours = (0.5, 0.9, 1.5, 5, 7, 20, 30, 50)
    known = [Published(100 - place, int(now - hour * HOUR_MS)) for place, hour in enumerate(hours)]
    assert starts(known, now) == [100, 98, 96, 94]
    assert starts(known[:1], now) == [100]
    assert starts([], now) == []


def histories() -> st.SearchStrategy[list[tuple[int, int]]]:
    """Seeds of changes, and how many of them."""
    return st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 25)), min_size=1, max_size=5)


def advance(catalogue: Catalogue, seed: int, count: int) -> None:
    """Adds, renames, moves, removes, revives; hides, shows and adds categories."""
    chance = random.Random(seed)
    for _ in range(count):
        kind = chance.choice(list(Kind))
        mine = [item for item in catalogue.items if item.kind is kind]
        fitting = [public for public, own in catalogue.categories.items() if own is kind]
        categories = tuple(chance.sample(fitting, chance.randint(0, min(2, len(fitting)))))
        what = chance.randint(0, 9)
        if what == 0 or not mine:
            catalogue.items.append(Item(kind, len(mine), f"New {seed}", categories))
        elif what == 1:
            public = chance.choice(["c", "d", *fitting])
            catalogue.categories.setdefault(f"{public}{kind}"[:9] if len(public) == 1 else public, kind)
            catalogue.hidden ^= {public} & set(catalogue.categories)
        elif what < 6:
            item = chance.choice(mine)
            item.is_active = not item.is_active
        else:
            item = chance.choice(mine)
            item.name, item.categories = f"Name {chance.random()}", categories


@settings(
    max_examples=examples(8, short=4),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(history=histories(), limit=st.sampled_from((1, 3, 5000)), view=st.sampled_from(("full", "lite")))
def test_any_chain_of_deltas_leads_to_the_newest_version(
    database_url: str, tmp_path: Path, history: list[tuple[int, int]], limit: int, view: str
) -> None:
    """Each example goes on where the one before ended."""

    async def check() -> None:
        async with opened(database_url, tmp_path) as stand, asking(stand) as client:
            catalogue = simple(60, 70, 20)
            await stand.publish(catalogue)
            base = await document(client, view=view)
            bases, chained = {base["version"]: base}, Copy(base)
            for seed, count in history:
                advance(catalogue, seed, count)
                await stand.publish(catalogue)
                newest = await document(client, view=view)
                bases[newest["version"]] = newest
                if seed % 2:  # some versions are skipped
                    chained.apply(*await delta(client, chained.version, f"&view={view}"))
            newest = await document(client, view=view)
            copies = [chained, *(Copy(loads(dumped(one))) for one in bases.values())]
            for copy in copies:
                response = await client.get(f"{URL}?since={copy.version}&view={view}&limit={limit}")
                if response.status_code == 410:
                    assert response.json()["reason"] in ("too_old", "larger_than_snapshot")
                    continue
                copy.apply(*await delta(client, copy.version, f"&view={view}&limit={limit}"))
                assert copy.lists() == {name: newest[name] for name in LISTS}
                assert copy.version == newest["version"]

    asyncio.run(check())


def dumped(value: Any) -> bytes:
    return httpx.Response(200, json=value).content
