"""A job that goes on: nothing that is done is asked for again, through the real pages of a portal."""

from typing import Any

import pytest
from sqlalchemy import select

from app.db.engine import Database
from app.db.tables import metadata
from app.domain.kinds import Kind
from app.providers.base import Page, Provider, Scope
from app.simulator.spec import CatalogueSpec
from tests.providers.contract import ADAPTERS, Client, client_of
from tests.support.scripted import active_ids, add_job, add_provider, run, run_and_lose, sync

SPEC = CatalogueSpec(channels=20, movies=900, series=300, categories=20, censored=0.1)
CHECKPOINT = metadata.tables["sync_checkpoint"]
LISTED = "vod.get_ordered_list"


class Killed(Exception):
    """The worker is gone."""


async def lose_midway(database: Database, pk: int, client: Client, patch: pytest.MonkeyPatch) -> str:
    """A job whose worker was killed at page 40."""
    provider, job_id = client.open(), await add_job(database, pk, only=["movies", "series"])
    read = type(provider).page

    async def dying(self: Provider, scope: Scope, number: int) -> Page:
        if scope.name == "vod:*" and number == 40:
            raise Killed
        return await read(self, scope, number)

    patch.setattr(type(provider), "page", dying)
    patch.setattr("app.sync.walks.BATCH_ROWS", 100)
    with pytest.raises(Killed):
        await run_and_lose(database, pk, provider, job_id)
    return job_id


async def done(database: Database) -> int:
    """How many pages of the common list the newest job's checkpoint knows."""
    async with database.reader() as reader:
        rows = await reader.rows(select(CHECKPOINT).where(CHECKPOINT.c.scope == "vod:*").order_by(CHECKPOINT.c.pk))
    return sum(len(row.pages) for row in rows if row.job_id == rows[-1].job_id)


@pytest.mark.parametrize("switches", [{}, {"hide_adult": True}], ids=["open", "hidden"])
async def test_only_pages_that_are_missing_are_asked_for(database: Database, switches: dict[str, Any]) -> None:
    async with client_of(ADAPTERS["stalker-stock"], SPEC, **switches) as client:
        asked = client.portal.stats.actions
        await sync(database, await add_provider(database, "whole"), client.open(), only=["movies", "series"])
        needed = asked[LISTED]
        pk = await add_provider(database)
        with pytest.MonkeyPatch.context() as patch:
            job_id = await lose_midway(database, pk, client, patch)
        stored, before = await done(database), asked[LISTED]
        await run(database, pk, client.open(), job_id)
        assert stored > 10
        assert asked[LISTED] - before - (needed - stored) <= 1  # the first page, which tells how long the list is
        for kind in (Kind.MOVIE, Kind.SERIES):
            assert set(await active_ids(database, kind, pk)) == client.portal.expected_ids(kind)
