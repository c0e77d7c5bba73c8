"""Streams of events, over real sockets."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from sqlmodel import col
from starlette.types import Message

from app.api.events import EventStream
from app.config import Settings
from app.db.tables import SyncJob
from app.domain.kinds import JobStatus, StepName
from app.jobs.run import Run
from tests.support.effort import SLACK
from tests.support.scripted import add_job, add_provider
from tests.support.server import Served, listening

SECONDS = 10.0
KEY = "first-fake-key"


async def end(live: Served, job_id: str) -> None:
    async with Run(live.context.database, live.context.hints, job_id) as job:
        await job.finish(JobStatus.COMPLETED, errors=(), version=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    name: str
    id: str
    job: Any


class Stream:
    """An open stream of events; comments and hints are kept apart."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.others: list[str] = []
        self._lines = answer.aiter_lines()

    async def next(self) -> Event:
        """The next event, awaited; `StopAsyncIteration` when the stream has ended."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(SECONDS):
            while True:
                line = await anext(self._lines)
                name, _, value = line.partition(": ")
                if line and name in ("event", "id", "data"):
                    fields[name] = value
                elif line:
                    self.others.append(line)
                elif fields:
                    return Event(name=fields["event"], id=fields["id"], job=json.loads(fields["data"]))

    async def rest(self) -> list[Event]:
        found = []
        try:
            while True:
                found.append(await self.next())
        except StopAsyncIteration:
            return found


@pytest.fixture
async def live(settings: Settings) -> AsyncIterator[Served]:
    async with listening(settings) as found:
        yield found


@pytest.fixture
async def provider_pk(live: Served) -> int:
    return await add_provider(live.context.database)


@pytest.fixture
async def job_id(live: Served, provider_pk: int) -> str:
    return await add_job(live.context.database, provider_pk)


@asynccontextmanager
async def opened(live: Served, path: str, **headers: str) -> AsyncIterator[Stream]:
    async with live.client.stream("GET", path, headers=headers) as answer:
        assert answer.status_code == 200, await answer.aread()
        yield Stream(answer)


async def test_a_job_is_told_from_its_present_state_to_its_end(live: Served, job_id: str) -> None:
    async with opened(live, f"/api/jobs/{job_id}/events") as stream:
        headers = stream.answer.headers
        assert headers["content-type"].startswith("text/event-stream")
        assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-store", "no")
        assert "x-request-id" not in headers
        first = await stream.next()
        assert (first.name, first.id, first.job["status"]) == ("progress", job_id, "queued")
        assert first.job == (await live.client.get(f"/api/jobs/{job_id}")).json()
        async with Run(live.context.database, live.context.hints, job_id) as job:
            await job.plan([StepName.MOVIES])
            await job.begin(StepName.MOVIES)
            job.note(StepName.MOVIES, pages_done=1, pages_total=4, fetched=14, added=14)
            while (event := await stream.next()).job["moviesSynced"] != 14:
                assert event.name == "progress"
            assert event.job["currentStep"] == "Syncing movies"
            await job.finish(JobStatus.COMPLETED, errors=(), version=None)
        events = await stream.rest()
        assert [one.name for one in events].count("done") == 1
        assert (events[-1].name, events[-1].id) == ("done", f"{job_id}.done")
        assert events[-1].job == (await live.client.get(f"/api/jobs/{job_id}")).json()
        assert stream.others == ["retry: 2000"]


async def test_who_has_heard_the_end_of_a_job_is_told_to_ask_no_more(live: Served, job_id: str) -> None:
    await end(live, job_id)
    path = f"/api/jobs/{job_id}/events"
    async with opened(live, path, **{"Last-Event-ID": job_id}) as stream:
        assert [event.name for event in await stream.rest()] == ["progress", "done"]
    assert (await live.client.get(path, headers={"Last-Event-ID": f"{job_id}.done"})).status_code == 204


async def test_a_provider_is_told_of_one_job_after_the_other(live: Served, provider_pk: int) -> None:
    provider = (await live.context.registry.list())[0].id
    async with opened(live, f"/api/providers/{provider}/sync/events") as stream:
        told = []
        for _ in range(2):
            job_id = await add_job(live.context.database, provider_pk)
            told.append(await stream.next())
            assert (told[-1].name, told[-1].job["id"]) == ("progress", job_id)
            await end(live, job_id)
            while (event := await stream.next()).name != "done":
                pass
            told.append(event)
            assert (event.id, event.job["status"]) == (f"{job_id}.done", "completed")
        assert len({event.job["id"] for event in told}) == 2


async def test_who_comes_back_to_a_provider_hears_what_was_missed_and_nothing_twice(
    live: Served, provider_pk: int, job_id: str
) -> None:
    path = f"/api/accounts/{(await live.context.registry.list())[0].id}/sync/events"
    await end(live, job_id)
    async with opened(live, path, **{"Last-Event-ID": f"{job_id}.done"}) as stream:
        assert (await stream.next()).name == "progress"
        second = await add_job(live.context.database, provider_pk)
        event = await stream.next()
        assert (event.name, event.id) == ("progress", second)
    async with opened(live, path, **{"Last-Event-ID": job_id}) as stream:
        events = [await stream.next(), await stream.next()]
        assert [(event.name, event.job["id"]) for event in events] == [("done", job_id), ("progress", second)]
    for unknown in ("nothing", second, f"{job_id}.done"):
        async with opened(live, path, **{"Last-Event-ID": unknown}) as stream:
            assert (await stream.next()).id == second


@pytest.mark.parametrize("path", ["/api/jobs/nothing/events", "/api/providers/nothing/sync/events"])
async def test_what_is_not_there_is_a_problem_and_no_stream(live: Served, path: str) -> None:
    answer = await live.client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_client_that_leaves_frees_everything(live: Served, job_id: str) -> None:
    before = len(asyncio.all_tasks())
    for _ in range(3):
        async with opened(live, f"/api/jobs/{job_id}/events") as stream:
            await stream.next()
            assert len(asyncio.all_tasks()) > before
    async with asyncio.timeout(SECONDS):
        while len(asyncio.all_tasks()) > before:  # noqa: ASYNC110 - tasks of a library end by themselves
            await asyncio.sleep(0.01)


async def test_a_server_that_ends_lets_its_streams_go_at_once(settings: Settings) -> None:
    async with listening(settings) as live:
        job_id = await add_job(live.context.database, await add_provider(live.context.database))
        stream = Stream(
            await live.client.send(live.client.build_request("GET", f"/api/jobs/{job_id}/events"), stream=True)
        )
        await stream.next()
        began = time.monotonic()
        live.context.watches.end()
        assert await stream.rest() == []
        await stream.answer.aclose()
    assert time.monotonic() - began < 2 * SLACK


async def test_streams_want_a_key_like_all_else(settings: Settings) -> None:
    async with listening(settings.model_copy(update={"api_keys": (KEY,)})) as live:
        job_id = await add_job(live.context.database, await add_provider(live.context.database))
        path = f"/api/jobs/{job_id}/events"
        assert (await live.client.get(path)).status_code == 401
        async with opened(live, f"{path}?key={KEY}") as stream:
            assert (await stream.next()).id == job_id


async def test_a_quiet_stream_pings_and_a_slow_reader_gets_the_newest_state(live: Served, job_id: str) -> None:
    sent: list[bytes] = []
    ready, told = asyncio.Event(), asyncio.Event()

    async def send(message: Message) -> None:
        sent.append(message.get("body", b""))
        told.set()
        if b"event: progress" in sent[-1]:
            await ready.wait()

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    scope = {"type": "http", "asgi": {"version": "3.0"}}
    streaming = asyncio.create_task(
        EventStream(live.context.watches.job(job_id), ping_seconds=0.3)(scope, receive, send)
    )
    await until(told, lambda: len(sent) == 3)
    for progress in (1, 2, 3):
        async with live.context.database.writer() as writer:
            await writer.execute(update(SyncJob).where(col(SyncJob.id) == job_id).values(progress=progress))
        await asyncio.sleep(0.4)
    ready.set()
    await until(told, lambda: b": ping\n\n" in sent)
    await end(live, job_id)
    async with asyncio.timeout(SECONDS):
        await streaming
    states = [json.loads(body.split(b"data: ")[1].split(b"\n")[0])["progress"] for body in sent if b"data: " in body]
    assert states[:2] == [0, 3]
    assert states[-1] == 100


async def until(told: asyncio.Event, true: Any) -> None:
    async with asyncio.timeout(SECONDS):
        while not true():
            told.clear()
            await told.wait()
