"""The lease as a rule: whatever workers do in whatever order, an old fence never writes."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from app.core.errors import Conflict, LeaseLost
from app.core.ids import new_id
from app.db.engine import Database
from app.db.tables import CatalogueHead
from app.jobs import lease
from tests.support.effort import examples
from tests.support.scripted import add_provider

# What a worker does; `expire` is time passing, `back` a clock that was set back, `revoke` the reaper.
DEEDS = ("acquire", "renew", "write", "release", "expire", "back", "revoke")
STEPS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(DEEDS)), min_size=4, max_size=30)
FUTURE_MS = 10**14


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    found = Database(database_url)
    yield found
    await found.close()


class World:
    """The database beside a model of it: who took the lease last, and whether that was undone."""

    def __init__(self, database: Database, pk: int) -> None:
        self._database = database
        self._pk = pk
        self._fences = {0: -1, 1: -1, 2: -1}  # what each worker believes
        self._newest: int | None = None  # the fence that may write
        self._holder: int | None = None  # whose lease it is
        self._held = False  # by a lease that did not run out

    async def do(self, worker: int, deed: str) -> None:
        if deed == "acquire":
            await self._acquire(worker)
        elif deed in ("renew", "write"):
            await self._write(worker, renew=deed == "renew")
        elif deed == "release":
            async with self._database.writer() as writer:
                await lease.release(writer, provider_pk=self._pk, fence=self._fences[worker])
            if self._fences[worker] == self._newest:
                self._holder, self._held = None, False
        elif deed == "revoke":
            await self._revoke(worker)
        else:
            async with self._database.writer() as writer:
                until = 1 if deed == "expire" else FUTURE_MS
                await writer.execute(update(CatalogueHead).values(lease_until=until))
            self._held = False

    async def _acquire(self, worker: int) -> None:
        try:
            async with self._database.writer() as writer:
                fence = await lease.acquire(writer, provider_pk=self._pk, job_id=str(worker))
        except Conflict:
            assert self._held
            return
        assert not self._held
        assert fence > max(self._fences.values())
        self._fences[worker], self._newest = fence, fence
        self._holder, self._held = worker, True

    async def _write(self, worker: int, *, renew: bool) -> None:
        fence = self._fences[worker]
        try:
            async with self._database.writer() as writer:
                call = lease.renew if renew else lease.require
                await call(writer, provider_pk=self._pk, fence=fence)
        except LeaseLost:
            assert fence != self._newest
        else:
            assert fence == self._newest
            self._held = self._held or renew

    async def _revoke(self, worker: int) -> None:
        async with self._database.writer() as writer:
            await lease.revoke(writer, provider_pk=self._pk, job_id=str(worker))
        if self._holder == worker:
            self._newest, self._holder, self._held = None, None, False


@settings(
    max_examples=examples(60, short=25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
async def test_an_old_fence_never_writes(database: Database, steps: list[tuple[int, str]]) -> None:
    pk = await add_provider(database, name=new_id())
    world = World(database, pk)
    for worker, deed in steps:
        await world.do(worker, deed)
