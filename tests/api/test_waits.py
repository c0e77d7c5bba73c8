"""Waiting for a version: heads that are held back and events, over real sockets."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import event, update
from sqlalchemy.engine import Engine

from app.api.waits import VersionStream
from app.config import Settings
from app.db.tables import CatalogueHead
from app.snapshots import waiting
from app.snapshots.publish import Publisher
from app.snapshots.versions import Version
from tests.snapshots.catalogue import PROVIDER, find_or_add, simple, take_lease, write
from tests.support.effort import SLACK
from tests.support.publishing import publish
from tests.support.server import Served, listening

HEAD = f"/api/providers/{PROVIDER}/snapshot/head"
EVENTS = f"/api/providers/{PROVIDER}/snapshot/events"
FIRST = Version("k7f2", 1)
SECONDS = 10.0
MANY = 1_000


def ask(live: Served, query: str = "after=k7f2.1&wait=60") -> "asyncio.Task[httpx.Response]":
    return asyncio.create_task(live.client.get(f"{HEAD}?{query}"))


async def until_waiting(live: Served, count: int) -> None:
    async with asyncio.timeout(SECONDS):
        while live.context.versions.waiting != count:  # noqa: ASYNC110 - nobody is told that somebody waits
            await asyncio.sleep(0.01)


@pytest.fixture
def chosen(database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    return Settings(database_url=database_url, redis_url=redis_url, secret_key="not-a-real-key", data_dir=tmp_path)


@asynccontextmanager
async def live_server(chosen: Settings) -> AsyncIterator[Served]:
    async with listening(chosen, patience=2 * SECONDS) as live:
        await publish(live.context, simple(5, 5, 5))
        yield live


@pytest.fixture
async def live(chosen: Settings) -> AsyncIterator[Served]:
    async with live_server(chosen) as made:
        yield made


@contextmanager
def queries() -> Iterator[list[str]]:
    """The statements that this process sends meanwhile."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def test_another_version_than_the_known_one_is_told_at_once(live: Served) -> None:
    for after in ("k7f2.7", "0ld.1"):
        began = time.monotonic()
        answer = await live.client.get(f"{HEAD}?after={after}&wait=60")
        assert (answer.status_code, answer.json()["version"]) == (200, "k7f2.1")
        assert time.monotonic() - began < SECONDS
        assert answer.headers["cache-control"] == "public, max-age=5"


async def test_nothing_new_is_told_in_the_end_and_kept_by_no_cache(live: Served) -> None:
    plain = (await live.client.get(HEAD)).json()
    began = time.monotonic()
    answer = await live.client.get(f"{HEAD}?after=k7f2.1&wait=1")
    assert 0.9 < time.monotonic() - began < SECONDS
    assert answer.json() == plain
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-catalog-version"] == "k7f2.1"


@pytest.mark.parametrize(("query", "field"), [("wait=61", "wait"), ("wait=-1", "wait"), ("after=x&wait=1", "after")])
async def test_what_cannot_be_used_is_named(live: Served, query: str, field: str) -> None:
    answer = await live.client.get(f"{HEAD}?{query}")
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == [field]


async def test_a_new_epoch_is_waited_for_until_it_has_a_version(live: Served) -> None:
    context = live.context
    async with context.database.writer() as writer:
        await writer.execute(update(CatalogueHead).values(epoch="n3w", version=0, floor=0, pending=False))
    began = time.monotonic()
    answer = await live.client.get(f"{HEAD}?after=k7f2.1&wait=1")
    assert (answer.json()["version"], answer.headers["cache-control"]) == (None, "no-store")
    assert time.monotonic() - began > 0.9
    asked = ask(live)
    await until_waiting(live, 1)
    await publish(context, simple(6, 5, 5))
    assert (await asked).json()["version"] == "n3w.1"


async def test_a_provider_that_is_not_there_is_not_waited_for(live: Served) -> None:
    for path in (f"{HEAD}?after=k7f2.1&wait=60", EVENTS):
        assert (await live.client.get(path.replace(PROVIDER, "nobody"))).status_code == 404


async def test_thousands_are_woken_within_a_second_by_a_few_queries(live: Served) -> None:
    context = live.context
    pk = await find_or_add(context.database)
    waiting_ones = [asyncio.create_task(context.versions.head(PROVIDER, FIRST, 60)) for _ in range(MANY)]
    await until_waiting(live, MANY)
    await write(context.database, pk, simple(6, 5, 5))
    fence = await take_lease(context.database, pk)
    assert await context.publisher.publish(pk, fence) == "k7f2.2"
    began = time.monotonic()
    with queries() as sent:
        found = await asyncio.gather(*waiting_ones)
    assert time.monotonic() - began < 1 * SLACK
    assert len(sent) < 12
    assert {one.version for one in found} == {"k7f2.2"}
    assert len({id(one.body) for one in found}) == 1
    assert context.versions.waiting == 0


async def test_who_waits_costs_no_query(live: Served) -> None:
    asked = [ask(live) for _ in range(50)]
    await until_waiting(live, 50)
    with queries() as sent:
        await asyncio.sleep(4 * waiting.LOOK_SECONDS)
    assert 0 < len([one for one in sent if "catalogue_head" in one]) < 10
    await publish(live.context, simple(6, 5, 5))
    assert {answer.json()["version"] for answer in await asyncio.gather(*asked)} == {"k7f2.2"}


async def test_a_publish_in_another_process_is_heard_through_redis(
    live: Served, chosen: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LOOK_SECONDS", 60)
    asked = ask(live)
    await until_waiting(live, 1)
    environment = {
        "LINEUP_DATABASE_URL": str(chosen.database_url),
        "LINEUP_REDIS_URL": str(chosen.redis_url),
        "LINEUP_SECRET_KEY": "not-a-real-key",
        "LINEUP_DATA_DIR": str(chosen.data_dir),
    }
    command = [sys.executable, "-m", "tests.support.publishing", "6"]
    child = await asyncio.create_subprocess_exec(*command, env=os.environ | environment, stdout=asyncio.subprocess.PIPE)
    answer = await asked
    heard = time.time()
    out, _ = await child.communicate()
    assert (answer.json()["version"], child.returncode) == ("k7f2.2", 0)
    assert heard - float(out) < 1


async def test_a_publish_that_nobody_called_out_is_seen_within_a_second(live: Served) -> None:
    context = live.context
    asked = ask(live)
    await until_waiting(live, 1)
    pk = await find_or_add(context.database)
    await write(context.database, pk, simple(6, 5, 5))
    quiet = Publisher(context.database, context.artifacts)
    await quiet.publish(pk, await take_lease(context.database, pk))
    began = time.monotonic()
    assert (await asked).json()["version"] == "k7f2.2"
    assert time.monotonic() - began < 1 * SLACK


async def test_a_client_that_leaves_is_not_waited_with(live: Served) -> None:
    asked = ask(live)
    await until_waiting(live, 1)
    asked.cancel()
    await until_waiting(live, 0)
    async with live.client.stream("GET", EVENTS) as answer:
        await anext(answer.aiter_lines())
        await until_waiting(live, 1)
    await until_waiting(live, 0)


async def test_the_end_of_the_server_ends_all_waits_at_once(chosen: Settings) -> None:
    async with live_server(chosen) as live:
        asked = ask(live)
        async with live.client.stream("GET", EVENTS) as answer:
            await until_waiting(live, 2)
            began = time.monotonic()
            signal.raise_signal(signal.SIGTERM)
            lines = [line async for line in answer.aiter_lines()]
        assert (await asked).json()["version"] == "k7f2.1"
        assert time.monotonic() - began < 2 * SLACK
        assert "data: k7f2.1" in lines
        assert (await live.context.versions.head(PROVIDER, FIRST, 60)).version == "k7f2.1"  # and none begins anew


async def test_events_tell_the_current_version_and_each_new_one(live: Served) -> None:
    async with live.client.stream("GET", EVENTS) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        lines = answer.aiter_lines()
        for number in (1, 2, 3):
            async with asyncio.timeout(SECONDS):
                found = [line async for line in until_data(lines)]
            assert found[-2:] == ["event: version", f"data: k7f2.{number}"]
            await publish(live.context, simple(5 + number, 5, 5))


async def until_data(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    async for line in lines:
        yield line
        if line.startswith("data:"):
            return


async def test_silence_is_filled_with_comments(live: Served) -> None:
    pk = await find_or_add(live.context.database)
    stream = VersionStream(live.context.versions.watch(pk), FIRST, ping_seconds=0.05)
    heard: list[bytes] = []
    over = asyncio.Event()

    async def send(message: Any) -> None:
        heard.append(message.get("body", b""))
        if heard.count(b": ping\n\n") == 2:
            over.set()

    async def receive() -> Any:
        await over.wait()
        return {"type": "http.disconnect"}

    async with asyncio.timeout(SECONDS):
        await stream({"type": "http", "asgi": {"spec_version": "2.3"}}, receive, send)
    assert heard.count(b": ping\n\n") >= 2
