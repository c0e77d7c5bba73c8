"""Tables kept by what changed, and by rows that were asked for."""

from typing import Any

import pytest

from app.domain.kinds import StepStatus
from app.domain.schemas import Strategy
from app.mirror.incremental import behind
from app.mirror.query import Mode, Source
from app.mirror.values import Kind
from tests.mirror.conftest import Lost, Site

CHANGING = {"strategy": Strategy.INCREMENTAL, "incremental_field": "updated_at"}
LATE = "2031-01-01 00:00:00"


async def test_only_what_changed_is_fetched(site: Site) -> None:
    site.describe("subscriber", **CHANGING, overlap=0)
    await site.sync("subscriber")
    assert (await site.record("subscriber")).last_sync_checkpoint == max(
        row[0] for row in site.portal.all_rows("subscriber", ["updated_at"])
    )
    site.portal.change(f"UPDATE subscriber SET phone = '112', updated_at = '{LATE}' WHERE id IN (5, 6, 90)")
    site.portal.change(f"INSERT INTO subscriber (id, username, updated_at) VALUES (700, 'new', '{LATE}')")
    site.portal.asked.clear()
    step = await site.sync("subscriber")
    assert step.status is StepStatus.COMPLETED
    assert step.fetched < 10
    assert await site.rows("SELECT * FROM subscriber ORDER BY id") == site.portal.all_rows("subscriber")
    assert (await site.record("subscriber")).last_sync_checkpoint == LATE


async def test_equal_times_are_not_lost(site: Site) -> None:
    site.describe("subscriber", **CHANGING, overlap=0)
    site.portal.change(f"UPDATE subscriber SET updated_at = '{LATE}'")
    await site.sync("subscriber")
    site.portal.change("UPDATE subscriber SET phone = '110' WHERE id = 44")  # in the second of the checkpoint
    step = await site.sync("subscriber")
    assert step.fetched == 95  # more than a page of equal times
    assert await site.rows("SELECT phone FROM subscriber WHERE id = 44") == [["110"]]


async def test_deleted_rows_are_found_by_a_comparison_of_ids(site: Site) -> None:
    site.describe("subscriber", **CHANGING, compare_every=10_000)
    await site.sync("subscriber")
    site.portal.change("DELETE FROM subscriber WHERE id IN (7, 8)")
    site.portal.change("INSERT INTO subscriber (id, username) VALUES (701, 'without a time')")
    await site.sync("subscriber")
    assert await site.rows("SELECT count(*) FROM subscriber") == [[95]]  # not compared yet
    site.resync("subscriber", compare_every=0)
    await site.sync("subscriber")  # described otherwise: fetched whole
    site.portal.change("DELETE FROM subscriber WHERE id = 9")
    site.portal.change("INSERT INTO subscriber (id, username) VALUES (702, 'without one either')")
    site.portal.asked.clear()
    step = await site.sync("subscriber")
    assert step.removed == 1
    assert step.fetched < 30
    assert await site.rows("SELECT * FROM subscriber ORDER BY id") == site.portal.all_rows("subscriber")


async def test_a_comparison_that_misses_too_many_removes_none_at_first(site: Site) -> None:
    site.describe("subscriber", **CHANGING, compare_every=0)
    await site.sync("subscriber")
    site.portal.change("DELETE FROM subscriber WHERE id > 30")
    step = await site.sync("subscriber")
    assert step.status is StepStatus.PARTIAL
    assert await site.rows("SELECT count(*) FROM subscriber") == [[95]]
    step = await site.sync("subscriber")
    assert step.status is StepStatus.COMPLETED
    assert await site.rows("SELECT count(*) FROM subscriber") == [[30]]


async def test_an_incremental_walk_goes_on_where_it_was_lost(site: Site) -> None:
    site.describe("subscriber", **CHANGING, overlap=0)
    await site.sync("subscriber")
    for at in range(1, 61):
        site.portal.change(
            "UPDATE subscriber SET updated_at = ?, phone = ? WHERE id = ?", f"2031-01-01 00:{at - 1:02}:00", str(at), at
        )
    job_id, pages = await site.job("subscriber"), 0

    def on_select(params: Any) -> None:
        nonlocal pages
        pages += "order_by" in params and params["order_by"] == ["updated_at", "id"]
        if pages > 3:
            raise Lost

    site.portal.on_select = on_select
    await site.lose(job_id)
    site.portal.on_select = None
    site.portal.asked.clear()
    await site.sync(job_id=job_id)
    assert len(site.portal.pages("subscriber")) <= 5
    assert await site.rows("SELECT * FROM subscriber ORDER BY id") == site.portal.all_rows("subscriber")


async def test_new_columns_join_a_table_that_is_kept_by_changes(site: Site) -> None:
    site.describe("subscriber", **CHANGING)
    await site.sync("subscriber")
    site.portal.simulated.database.drift = "append"
    site.portal.change(f"UPDATE subscriber SET updated_at = '{LATE}' WHERE id < 4")
    assert (await site.sync("subscriber")).fetched < 20
    assert await site.rows('SELECT "Field_13" FROM subscriber_view WHERE id IN (3, 90) ORDER BY id') == [[7], [None]]


@pytest.mark.parametrize(
    ("checkpoint", "kind", "found"),
    [
        ("2026-01-01 00:00:30", Kind.TEXT, "2025-12-31 23:59:30"),
        ("2026-01-01T00:00:30+00:00", Kind.TEXT, "2025-12-31T23:59:30+00:00"),
        ("2026-01-01", Kind.TEXT, "2025-12-31"),
        ("77", Kind.INTEGER, 77),
        ("whatever", Kind.TEXT, "whatever"),
    ],
)
def test_a_checkpoint_is_gone_back_behind(checkpoint: str, kind: Kind, found: Any) -> None:
    assert behind(checkpoint, 60, kind) == found


async def test_rows_that_are_asked_for_by_id_are_fetched_once(site: Site) -> None:
    site.describe("package", strategy=Strategy.ON_DEMAND)
    sql = "SELECT id, name FROM package WHERE id IN (2, 3, 400) ORDER BY id"
    first = await site.queries.run(site.pk, sql)
    assert (first.source, [row[0] for row in first.rows]) == (Source.MIRROR, [2, 3])
    asked = len(site.portal.asked)
    again = await site.queries.run(site.pk, "SELECT name FROM package WHERE id = 3")
    assert (again.source, len(again.rows)) == (Source.MIRROR, 1)
    gone = await site.queries.run(site.pk, "SELECT name FROM package WHERE id = 400")
    assert (gone.source, gone.rows) == (Source.MIRROR, [])
    assert len(site.portal.asked) == asked
    whole = await site.queries.run(site.pk, "SELECT count(*) FROM package")
    assert (whole.source, whole.rows) == (Source.REMOTE, [[12]])
    local = await site.queries.run(site.pk, "SELECT count(*) FROM package", mode=Mode.LOCAL)
    assert local.rows == [[2]]


async def test_a_job_fetches_rows_on_demand_again(site: Site) -> None:
    site.describe("package", strategy=Strategy.ON_DEMAND)
    await site.queries.run(site.pk, "SELECT name FROM package WHERE id IN (2, 3)")
    site.portal.change("UPDATE package SET name = 'Other' WHERE id = 2")
    site.portal.change("DELETE FROM package WHERE id = 3")
    await site.sync("package")
    assert await site.rows("SELECT id, name FROM package") == [[2, "Other"]]


async def test_what_was_written_at_the_portal_is_written_through(site: Site) -> None:
    site.describe("package")
    await site.sync("package")
    sql = "SELECT name FROM package WHERE id = 2"
    assert (await site.queries.run(site.pk, sql)).source is Source.MIRROR
    site.portal.change("UPDATE package SET name = 'Other' WHERE id = 2")
    site.portal.change("DELETE FROM package WHERE id = 3")
    await site.mirror.written(site.pk, "package", [2, 3])
    found = await site.queries.run(site.pk, sql)
    assert (found.source, found.rows) == (Source.MIRROR, [["Other"]])
    assert await site.rows("SELECT count(*) FROM package WHERE id = 3") == [[0]]
    await site.mirror.written(site.pk, "package", [])
    assert (await site.mirror.table(site.pk, "package")).state == "stale"
