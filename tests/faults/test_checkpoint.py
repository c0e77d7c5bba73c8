"""The checkpoint as a rule: wherever a walk is killed, and however often, nothing is lost and nothing counts twice."""

from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import chain

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.core.ids import new_id
from app.db import progress
from app.db.engine import Database
from app.db.tables import metadata
from app.domain.kinds import Kind, StepName
from app.providers.base import Scope
from app.sync import walks
from tests.support.effort import examples
from tests.support.scripted import (
    ScriptedProvider,
    active_ids,
    add_job,
    add_provider,
    counts,
    record,
    run,
    run_and_lose,
)

CHECKPOINT = metadata.tables["sync_checkpoint"]
PAGE = 10


class Killed(Exception):
    """The worker is gone."""


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    found = Database(database_url)
    yield found
    await found.close()


@settings(
    max_examples=examples(25, short=10), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    items=st.integers(1, 180),
    rows=st.sampled_from([1, 25, 60]),
    parallel=st.integers(1, 6),
    deaths=st.lists(st.integers(2, 19), max_size=4),
)
async def test_every_page_is_stored_once_wherever_workers_die(
    database: Database, items: int, rows: int, parallel: int, deaths: list[int]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walks, "BATCH_ROWS", rows)
        pk = await add_provider(database, name=new_id()[:16])
        job_id = await add_job(database, pk, mode="full")
        listed = [record(Kind.MOVIE, number) for number in range(1, items + 1)]
        for death in deaths:

            def die(_: Scope, number: int, death: int = death) -> None:
                if number == death:
                    raise Killed

            dying = ScriptedProvider(lists={Kind.MOVIE: listed}, size=PAGE, parallel=parallel, on_page=die)
            with suppress(Killed):  # which it is not when the list ends before that page
                await run_and_lose(database, pk, dying, job_id)
        await run(database, pk, ScriptedProvider(lists={Kind.MOVIE: listed}, size=PAGE, parallel=parallel), job_id)
    assert await active_ids(database, Kind.MOVIE, pk) == [str(number) for number in range(1, items + 1)]
    async with database.reader() as reader:
        stored = await reader.rows(select(CHECKPOINT.c.pages).where(CHECKPOINT.c.job_id == job_id))
        walked = await progress.checkpoints(reader, job_id)
    pages = list(chain.from_iterable(row.pages for row in stored))
    assert set(range(1, -(-items // PAGE) + 1)) <= set(pages)
    again = [page for page in set(pages) if pages.count(page) > 1]
    assert set(again) <= {1} | {
        page for page in pages if page > items // PAGE
    }  # the first and the last tell the length
    assert len(walked["movie"].seen[Kind.MOVIE]) == items
    step = (await counts(database, job_id))[StepName.MOVIES]
    assert step["added"] == items
