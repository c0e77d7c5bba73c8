import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import update

from app.context import ProcessContext
from app.db.tables import metadata
from app.domain.kinds import JobStatus, ProviderKind
from app.registry.views import NewProvider
from tests.providers.raw_server import Asked, RawServer, reply
from tests.workers.conftest import Workers, until
from workers.lifecycle import embedded_worker
from workers.tasks.notify import ring

SECRET = "whsec_ZmFrZS1mYWtlLWZha2UtZmFrZS1mYWtl"
WEBHOOK = metadata.tables["webhook"]


class Receiver:
    def __init__(self) -> None:
        self.status = 200

    def answer(self, _asked: Asked) -> bytes:
        return reply(b"", self.status)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def hook(receiver: Receiver) -> AsyncIterator[RawServer]:
    async with RawServer(receiver.answer) as server:
        yield server


async def add(context: ProcessContext, portal: str, hook: RawServer) -> int:
    new = NewProvider(
        name="Quick",
        kind=ProviderKind.XTREAM,
        url=portal,
        credentials={"username": "demo", "password": "demo", "webhookSecret": SECRET},
        options={"webhookUrl": f"{hook.url}/tell"},
    )
    return (await context.registry.add(new)).pk


async def told(hook: RawServer, version: str | None, seconds: float) -> list[Any]:
    """What was posted, once this version was."""
    deadline = time.monotonic() + seconds
    while True:
        bodies = [json.loads(asked.body) for asked in hook.asked]
        if any(body["data"]["version"] == version for body in bodies):
            return bodies
        assert time.monotonic() < deadline, bodies
        await asyncio.sleep(0.05)


async def test_a_new_version_is_told_right_after_it_was_published(
    context: ProcessContext, workers: Workers, quick_portal: str, hook: RawServer
) -> None:
    pk = await add(context, quick_portal, hook)
    workers.start()
    job = await until(context, (await context.jobs.start(pk)).job_id, JobStatus.COMPLETED)
    bodies = await told(hook, job.version, 5)
    versions = [body["data"]["version"] for body in bodies]
    assert len(set(versions)) == len(versions)
    assert bodies[-1]["data"]["stats"]["totalMovies"] == 900
    await until(context, (await context.jobs.start(pk)).job_id, JobStatus.COMPLETED)
    await ring(context)
    assert [json.loads(asked.body)["data"]["version"] for asked in hook.asked] == versions


async def test_what_nobody_told_is_told_by_the_next_tick(
    context: ProcessContext, quick_portal: str, hook: RawServer, receiver: Receiver
) -> None:
    receiver.status = 500
    pk = await add(context, quick_portal, hook)
    async with embedded_worker(context):
        job = await until(context, (await context.jobs.start(pk)).job_id, JobStatus.COMPLETED)
        await told(hook, job.version, 5)
        receiver.status = 200
        async with context.database.writer() as writer:
            await writer.execute(update(WEBHOOK).values(next_at=None))
        asked = len(hook.asked)
        deadline = time.monotonic() + 15
        while len(hook.asked) == asked:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        while (await context.registry.list())[0].health.webhook_error is not None:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
