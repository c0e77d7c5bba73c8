"""Tables fetched whole: nothing lost, nothing twice, the old rows until the new ones are there."""

from collections.abc import Mapping
from typing import Any

import pytest

from app.core.errors import LeaseLost
from app.domain.kinds import StepStatus
from app.domain.schemas import FieldSpec, FieldType, TableSchema
from app.mirror.records import mappings
from app.mirror.tablejob import TableJob
from app.simulator.iptvportal.tables import ALL
from tests.mirror.conftest import Lost, Site

TABLES = ("subscriber", "terminal", "package", "media", "tv_channel", "tv_category")


async def _shown(site: Site, table: str) -> list[Any]:
    return await site.rows(f"SELECT * FROM {table} ORDER BY id")


async def test_a_mirror_has_the_rows_of_the_portal(site: Site) -> None:
    for table in TABLES:
        site.describe(table)
    step = await site.sync(*TABLES)
    assert (step.status, step.error) == (StepStatus.COMPLETED, None)
    for table in TABLES:
        assert await _shown(site, table) == site.portal.all_rows(table), table
        found = await site.found(f"SELECT * FROM {table}")
        assert list(found.columns) == list(ALL[table].columns)
    assert step.fetched == sum(len(site.portal.all_rows(table)) for table in TABLES)


async def test_tables_that_nobody_described_keep_all_columns(site: Site) -> None:
    await site.sync("terminal")
    found = await site.found("SELECT * FROM terminal ORDER BY id")
    assert found.columns[0] == "id"
    assert list(found.columns[1:]) == [f"{'Field'}_{at}" for at in range(1, len(ALL["terminal"].columns))]
    assert [list(row) for row in found.rows] == site.portal.all_rows("terminal")
    assert (await site.found("SELECT * FROM terminal_view")).columns == found.columns


async def test_the_view_has_friendly_names_and_the_mirror_says_what_is_what(site: Site) -> None:
    fields = (
        FieldSpec(position=0, name="id", type=FieldType.INTEGER),
        FieldSpec(position=1, name="name", alias="title", description="What it is called"),
    )
    site.schemas["package"] = TableSchema(name="package", fields=fields)
    await site.sync("package")
    found = await site.found("SELECT * FROM package_view WHERE title = 'Base 6'")
    assert list(found.columns) == ["id", "title", "Field_2", "Field_3", "Field_4"]
    assert len(found.rows) == 1
    async with site.homes.of(site.account.id).reader() as reader:
        known = await mappings(reader, "package")
    assert [(one.position, one.name, one.shown) for one in known[:3]] == [
        (0, "id", "id"),
        (1, "name", "title"),
        (2, "Field_2", "Field_2"),
    ]
    assert known[1].description == "What it is called"
    record = await site.record("package")
    assert (record.local_row_count, record.row_count, record.min_id, record.max_id) == (12, 12, "1", "12")
    assert record.schema_hash == site.schemas["package"].hash
    assert record.total_syncs == 1


async def test_a_lost_worker_costs_pages_not_rows(site: Site) -> None:
    site.describe("subscriber", chunk_size=3)
    site.portal.limit = 1
    served = 0

    def on_select(params: Mapping[str, Any]) -> None:
        nonlocal served
        served += 1
        if served > 20:
            raise Lost

    job_id = await site.job("subscriber")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.mirror.full.BATCH", 9)
        site.portal.on_select = on_select
        await site.lose(job_id)
        site.portal.on_select = None
        before = len(site.portal.pages("subscriber"))
        step = await site.sync(job_id=job_id)
    again = len(site.portal.pages("subscriber")) - before
    assert step.status is StepStatus.COMPLETED
    assert await _shown(site, "subscriber") == site.portal.all_rows("subscriber")
    assert before + again < 32 + 10  # 32 pages in all; what waited to be stored is asked for twice
    assert step.fetched == 95


async def test_old_rows_are_served_until_the_new_ones_are_all_there(site: Site) -> None:
    site.describe("package", chunk_size=5)
    await site.sync("package")
    old = await _shown(site, "package")
    site.portal.change("UPDATE package SET name = 'New ' || id")
    job_id = await site.job("package")

    def on_select(params: Mapping[str, Any]) -> None:
        if (params.get("where") or {}).get("gt") == ["id", 10]:
            raise Lost

    site.portal.limit = 1
    site.portal.on_select = on_select
    await site.lose(job_id)
    assert await _shown(site, "package") == old
    site.portal.on_select = None
    await site.sync(job_id=job_id)
    assert await _shown(site, "package") == site.portal.all_rows("package") != old


async def test_ranges_are_walked_side_by_side_and_the_last_one_is_open(site: Site) -> None:
    site.describe("subscriber")
    added = False

    def on_select(params: Mapping[str, Any]) -> None:
        nonlocal added
        if not added:  # behind the largest id that the walk knows of
            added = True
            site.portal.change("INSERT INTO subscriber (id, username) VALUES (5000, 'late')")

    site.portal.on_select = on_select
    step = await site.sync("subscriber")
    assert (step.pages_done, step.pages_total) == (12, 13)
    assert (await site.rows("SELECT username FROM subscriber WHERE id = 5000")) == [["late"]]
    firsts = {str(one["where"]) for one in site.portal.pages("subscriber")[:4]}
    assert len(firsts) == 4


async def test_many_missing_rows_are_kept_until_two_syncs_agree(site: Site) -> None:
    site.describe("subscriber")
    await site.sync("subscriber")
    site.portal.change("DELETE FROM subscriber WHERE id > 30")
    site.portal.change("UPDATE subscriber SET phone = '112' WHERE id = 1")
    step = await site.sync("subscriber")
    assert step.status is StepStatus.PARTIAL
    assert "65 of 95 rows of subscriber were missing" in str(step.error)
    assert await site.rows("SELECT count(*) FROM subscriber") == [[95]]
    assert await site.rows("SELECT phone FROM subscriber WHERE id = 1") == [["112"]]
    step = await site.sync("subscriber")
    assert (step.status, step.removed) == (StepStatus.COMPLETED, 65)
    assert await site.rows("SELECT count(*) FROM subscriber") == [[30]]


async def test_force_removes_what_is_gone(site: Site) -> None:
    site.describe("subscriber")
    await site.sync("subscriber")
    site.portal.change("DELETE FROM subscriber WHERE id > 30")
    await site.sync("subscriber", force=True)
    assert await site.rows("SELECT count(*) FROM subscriber") == [[30]]


async def test_a_forbidden_table_is_disabled_and_no_error(site: Site) -> None:
    site.describe("package")
    site.portal.simulated.database.forbidden = frozenset({"subscriber"})
    step = await site.sync("package", "subscriber")
    assert (step.status, step.error) == (StepStatus.COMPLETED, None)
    view = await site.mirror.table(site.pk, "subscriber")
    assert view.state == "disabled"
    assert "403" in str((await site.record("subscriber")).disabled_reason)
    registered = await site.mirror.register(site.pk, "subscriber")
    assert registered.state == "disabled"
    site.portal.simulated.database.forbidden = frozenset()
    assert (await site.mirror.register(site.pk, "subscriber")).state == "empty"


async def test_columns_that_come_are_added(site: Site) -> None:
    site.describe("package")
    await site.sync("package")
    site.portal.simulated.database.drift = "append"
    await site.sync("package")
    assert (await site.found("SELECT * FROM package")).columns[-1] == "Field_5"
    assert await _shown(site, "package") == site.portal.all_rows("package")


async def test_columns_that_come_in_the_middle_of_a_walk_are_added(site: Site) -> None:
    site.describe("package", chunk_size=3)
    site.portal.limit = 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.mirror.full.BATCH", 3)
        site.portal.change_rows = lambda rows: [row if row[0] < 7 else [*row, {"a": 1}] for row in rows]
        await site.sync("package")
    assert await site.rows('SELECT id, "Field_5" FROM package WHERE id IN (6, 7) ORDER BY id') == [
        [6, None],
        [7, {"a": 1}],
    ]


async def test_a_table_without_an_id_is_read_by_places(site: Site) -> None:
    site.describe("terminal_playlog", chunk_size=4)
    site.describe("subscriber_package", chunk_size=4)
    step = await site.sync("subscriber_package", "terminal_playlog")
    assert (step.status, step.error) == (StepStatus.COMPLETED, None)
    for table in ("subscriber_package", "terminal_playlog"):
        found = await site.rows(f"SELECT * FROM {table}")
        assert sorted(map(str, found)) == sorted(map(str, site.portal.all_rows(table))), table
    assert all("offset" not in one or one["offset"] > 0 for one in site.portal.pages("subscriber_package"))


async def test_a_lost_worker_doubles_no_row_without_an_id(site: Site) -> None:
    site.describe("subscriber_package", chunk_size=4)
    job_id = await site.job("subscriber_package")

    def on_select(params: Mapping[str, Any]) -> None:
        if params.get("offset", 0) >= 40:
            raise Lost

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.mirror.full.BATCH", 8)
        patch.setattr("app.mirror.tablejob.TableJob.note", _lost_after(3))
        site.portal.on_select = on_select
        await site.lose(job_id)
    site.portal.on_select = None
    await site.sync(job_id=job_id)
    found = await site.rows("SELECT * FROM subscriber_package")
    assert sorted(map(str, found)) == sorted(map(str, site.portal.all_rows("subscriber_package")))


def _lost_after(batches: int) -> Any:
    """Rows are stored, and the worker is killed before it can say so."""
    original, noted = TableJob.note, 0

    async def note(self: Any, *args: Any, **kwargs: Any) -> None:
        nonlocal noted
        noted += 1
        if noted > batches:
            raise Lost
        await original(self, *args, **kwargs)

    return note


async def test_one_table_in_trouble_stops_no_other(site: Site) -> None:
    site.describe("package")
    step = await site.sync("no_such_table", "package")
    assert step.status is StepStatus.PARTIAL
    assert "no_such_table" in str(step.error)
    assert (await site.record("no_such_table")).failed_syncs == 1
    assert await site.rows("SELECT count(*) FROM package") == [[12]]


async def test_values_of_other_kinds_make_a_column_of_texts(site: Site) -> None:
    odd = {3: "12", 4: True, 5: {"a": [1]}, 6: 2.5, 7: 2**70, 8: "x\0y"}
    site.portal.change_rows = lambda rows: [[row[0], row[1], odd.get(row[0], row[0] * 10)] for row in rows]
    await site.sync("package")
    shown = {row[0]: row[1] for row in await site.rows('SELECT id, "Field_2" FROM package ORDER BY id')}
    assert {at: shown[at] for at in (1, 3, 4, 5, 6, 7, 8)} == {
        1: "10",
        3: "12",
        4: "true",
        5: '{"a":[1]}',
        6: "2.5",
        7: str(2**70),
        8: "xy",
    }


async def test_numbers_that_came_as_texts_are_numbers_where_the_schema_says_so(site: Site) -> None:
    site.describe("package")
    site.portal.change_rows = lambda rows: [
        [str(one) if type(one) in (int, float) else one for one in row] for row in rows
    ]
    await site.sync("package")
    assert await site.rows("SELECT id, cost * 2 FROM package WHERE id = 3") == [
        [3, 2 * site.portal._run({"data": ["cost"], "from": "package", "where": {"eq": ["id", 3]}})[0][0]]
    ]


async def test_a_worker_that_was_followed_by_another_writes_nothing(site: Site) -> None:
    site.describe("package")
    await site.sync("package")
    home = site.homes.of(site.account.id)
    async with home.writer(fence=1_000) as writer:
        del writer
    with pytest.raises(LeaseLost):
        async with home.writer(fence=999):
            pass


async def test_a_removed_mirror_is_gone_and_may_come_back(site: Site) -> None:
    site.describe("package")
    await site.sync("package")
    await site.homes.remove(site.account.id)
    assert await site.mirror.records(site.account) == {}
    await site.sync("package")
    assert await site.rows("SELECT count(*) FROM package") == [[12]]
