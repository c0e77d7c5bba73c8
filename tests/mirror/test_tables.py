"""Tables as they stand in a database: indexed, typed, cleared."""

import re
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from app.core.errors import Conflict, NotFound
from app.domain.kinds import StepStatus
from app.domain.schemas import FieldType, Strategy
from app.jobs import lease
from app.mirror.clearing import clear, forget_answers
from app.mirror.query import Mode, Source
from tests.mirror.conftest import Lost, Site

COUNT = "SELECT count(*) FROM package"
INDEX = re.compile(r"SEARCH \w+ USING (COVERING )?INDEX _ix_\w+ \(subscriber_id=|Scan (using|on) \w*subscriber_id_idx")


async def _plan(site: Site, sql: str) -> str:
    home = site.homes.of(site.account.id)
    async with home.writer() as writer:
        if home.schema is not None:  # a table of a page is read whole however it is indexed
            await writer.execute(text("SET LOCAL enable_seqscan = off"))
        word = "EXPLAIN QUERY PLAN" if home.schema is None else "EXPLAIN"
        return str([list(row) for row in await writer.rows(text(f"{word} {sql}"))])


async def test_tables_are_joined_by_an_index(site: Site) -> None:
    for table in ("terminal", "subscriber"):
        site.describe(table)
    await site.sync("terminal", "subscriber")
    sql = "SELECT t.id FROM terminal t JOIN subscriber s ON t.subscriber_id = s.id WHERE s.id = 7"
    for _ in range(2):
        assert INDEX.search(await _plan(site, sql)), await _plan(site, sql)
        await site.sync("terminal", force=True)  # the next table has its own
    site.portal.change_rows = lambda rows: [[*row[:1], f"no {row[1]}", *row[2:]] for row in rows]
    await site.sync("terminal", force=True)  # and so has one whose column is another by now
    assert INDEX.search(await _plan(site, "SELECT id FROM terminal WHERE subscriber_id = 'no 7'"))


@pytest.mark.parametrize("late", [False, True])
async def test_a_column_that_turns_out_to_be_text_keeps_what_was_written(site: Site, *, late: bool) -> None:
    """SQLite would make 12 of the text 012 in a column of numbers."""
    site.portal.limit = 1
    site.schemas["package"] = replace(site.describe("package", chunk_size=3), fields=(), width=None)
    odd = ["007", "0x1f", "1e3"]
    site.portal.change_rows = lambda rows: [
        [row[0], odd[row[0] % 3] if row[0] > 6 else row[0], row[0] % 2 == 0 if row[0] < 7 else "00"] for row in rows
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.mirror.full.BATCH", 3)
        patch.setattr("app.mirror.remote.SAMPLE", 3)
        if late:
            job_id = await site.job("package")
            site.portal.on_select = lambda params: _lost_behind(params, 9)
            await site.lose(job_id)
            site.portal.on_select = None
            await site.sync(job_id=job_id)
        else:
            await site.sync("package")
    found = await site.rows('SELECT id, "Field_1", "Field_2" FROM package WHERE id IN (1, 2, 7, 8, 9) ORDER BY id')
    assert found == [
        [1, "1", "false"],
        [2, "2", "true"],
        [7, "0x1f", "00"],
        [8, "1e3", "00"],
        [9, "007", "00"],
    ]


def _lost_behind(params: Any, last: int) -> None:
    if (params.get("where") or {}).get("gt") == ["id", last]:
        raise Lost


async def test_rows_that_are_kept_fit_columns_of_another_kind(site: Site) -> None:
    schema = site.describe("subscriber")
    fields = tuple(replace(one, type=FieldType.STRING) if one.name == "max_terminal" else one for one in schema.fields)
    site.schemas["subscriber"] = replace(schema, fields=fields)
    await site.sync("subscriber")
    site.schemas["subscriber"] = schema  # whole numbers from now on
    site.portal.change("DELETE FROM subscriber WHERE id > 30")
    assert (await site.sync("subscriber")).status is StepStatus.PARTIAL
    found = await site.rows("SELECT max_terminal FROM subscriber ORDER BY id")
    assert len(found) == 95
    assert all(isinstance(one, str) for (one,) in found)


async def test_rows_that_are_shorter_than_before_end_in_nulls(site: Site) -> None:
    site.describe("package")
    await site.sync("package")
    site.portal.simulated.database.drift = "short"
    assert (await site.sync("package")).status is StepStatus.COMPLETED
    last = (await site.found("SELECT * FROM package LIMIT 1")).columns[-1]
    assert await site.rows(f'SELECT count(*), count("{last}") FROM package') == [[12, 0]]


async def test_a_table_is_cleared_but_under_no_job(site: Site) -> None:
    site.describe("package")
    await site.sync("package")
    await site.queries.run(site.pk, COUNT)
    async with lease.held(site.database, provider_pk=site.pk, job_id="another"):
        with pytest.raises(Conflict):
            await clear(site.mirror, site.database, site.pk, "package")
    assert (await site.queries.run(site.pk, COUNT)).source is Source.MEMORY
    await clear(site.mirror, site.database, site.pk, "package")
    assert (await site.queries.run(site.pk, COUNT)).source is Source.REMOTE
    with pytest.raises(NotFound):
        await clear(site.mirror, site.database, site.pk, "package")
    with pytest.raises(NotFound):
        await forget_answers(site.mirror, site.pk, "package")


async def test_a_table_that_comes_back_is_not_taken_for_the_one_that_went(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By another process, which heard of neither and remembers answers of the first."""
    site.describe("package")
    await site.sync("package")
    await site.queries.run(site.pk, COUNT)
    monkeypatch.setattr("app.mirror.memory.Memory.forget", lambda *_: 0)
    await clear(site.mirror, site.database, site.pk, "package")
    site.portal.change("DELETE FROM package WHERE id = 12")
    await site.sync("package")
    site.queries._states.clear()
    found = await site.queries.run(site.pk, COUNT)
    assert (found.source, found.rows) == (Source.MIRROR, [[11]])


async def test_a_row_that_is_written_during_a_sync_is_not_lost_in_the_swap(site: Site) -> None:
    site.describe("package", chunk_size=5)
    await site.sync("package")
    site.portal.limit = 1
    written = False
    select = site.portal.select

    async def changed_behind_the_walk(params: Any) -> Any:
        nonlocal written
        rows = await select(params)
        if not written and (params.get("where") or {}).get("gt") == ["id", 5]:
            written = True
            site.portal.change("UPDATE package SET name = 'Other' WHERE id = 2")
            site.portal.change("DELETE FROM package WHERE id = 3")
            await site.mirror.written(site.pk, "package", [2, 3])
        return rows

    site.portal.select = changed_behind_the_walk  # type: ignore[method-assign]
    await site.sync("package")
    assert written
    assert await site.rows("SELECT id, name FROM package WHERE id IN (2, 3)") == [[2, "Other"]]


async def test_a_write_leaves_a_mirror_of_an_older_schema_whole(site: Site) -> None:
    site.describe("package")
    await site.sync("package")
    site.resync("package", ttl=7)
    await site.mirror.written(site.pk, "package", [2])
    assert await site.rows(COUNT) == [[12]]
    assert (await site.mirror.table(site.pk, "package")).state == "stale"


async def test_a_strategy_that_asks_for_all_rows_is_stale_with_those_of_on_demand(site: Site) -> None:
    site.describe("package", strategy=Strategy.ON_DEMAND)
    await site.queries.run(site.pk, "SELECT name FROM package WHERE id = 2")
    site.describe("package")
    assert (await site.queries.run(site.pk, COUNT)).source is Source.REMOTE
    with pytest.raises(Conflict, match="has not been synced"):
        await site.queries.run(site.pk, COUNT, mode=Mode.LOCAL)


async def test_memory_tells_how_often_it_helped(site: Site) -> None:
    site.describe("package")
    await site.sync("package")
    assert (await site.queries.remembered(site.pk)).rate is None
    for _ in range(4):
        await site.queries.run(site.pk, COUNT)
    view = await site.queries.remembered(site.pk)
    assert (view.entries, view.hits, view.misses, view.rate) == (1, 3, 1, 0.75)
    await site.queries.run(site.pk, COUNT, mode=Mode.REMOTE)  # is neither looked up nor kept
    assert await site.queries.remembered(site.pk) == view
    await site.sync("package")
    assert (await site.queries.remembered(site.pk)).entries == 0
