"""Queries: who answers, that all of them answer the same, and what nobody answers."""

import asyncio
import time
from typing import Any

import pytest

from app.core.errors import Conflict, Invalid, NotFound, Unavailable
from app.domain.jsonsql.errors import Inexpressible
from app.domain.jsonsql.transpile import transpile
from app.mirror.local import TooSlow
from app.mirror.memory import Kept, Memory
from app.mirror.query import Mode, Source
from app.simulator.iptvportal.tables import ALL
from tests.mirror.conftest import Site, T
from tests.simulator.test_iptvportal_semantics import COPIED, SELECTS

SQL = "SELECT id, name FROM package WHERE cost > 5"


async def test_the_portal_then_the_mirror_then_memory(site: Site) -> None:
    site.describe("package")
    first = await site.queries.run(site.pk, SQL)
    assert first.source is Source.REMOTE
    assert first.transpiled == {"method": "select", "params": transpile(SQL).params}
    await site.sync("package")
    second = await site.queries.run(site.pk, SQL)
    third = await site.queries.run(site.pk, SQL)
    assert [one.source for one in (second, third)] == [Source.MIRROR, Source.MEMORY]
    for one in (second, third):
        assert (list(one.columns), [list(row) for row in one.rows]) == (list(first.columns), list(first.rows))


async def test_what_is_remembered_goes_with_a_sync_of_its_table_alone(site: Site) -> None:
    site.describe("package")
    site.describe("tv_category")
    await site.sync("package", "tv_category")
    other = "SELECT count(*) FROM tv_category"
    for sql in (SQL, other):
        await site.queries.run(site.pk, sql)
    site.portal.change("UPDATE package SET cost = 0")
    await site.sync("package")
    assert (await site.queries.run(site.pk, other)).source is Source.MEMORY
    found = await site.queries.run(site.pk, SQL)
    assert (found.source, found.rows) == (Source.MIRROR, [])


async def test_a_sync_by_another_process_is_noticed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.describe("package")
    await site.sync("package")
    await site.queries.run(site.pk, SQL)
    forgotten: list[Any] = []
    monkeypatch.setattr(Memory, "forget", lambda *args: forgotten.append(args))  # it was told in the other process
    site.portal.change("UPDATE package SET cost = 0")
    await site.sync("package")
    monkeypatch.setattr("app.mirror.query.STATE_SECONDS", 0)
    site.queries._states.clear()
    found = await site.queries.run(site.pk, SQL)
    assert (found.source, found.rows) == (Source.MIRROR, [])


async def test_mirror_and_portal_give_the_same_rows(site: Site) -> None:
    for table in COPIED:
        site.describe(table)
    await site.sync(*COPIED)
    for sql in filter(str.strip, SELECTS.split(";")):
        local = await site.queries.run(site.pk, sql, mode=Mode.LOCAL)
        remote = await site.queries.run(site.pk, sql, mode=Mode.REMOTE)
        ordered = "ORDER BY" in sql
        shown = [_plain(one.rows, ordered=ordered) for one in (local, remote)]
        assert shown[0] == shown[1], sql


def _plain(rows: Any, *, ordered: bool) -> list[str]:
    found = [
        str([float(one) if isinstance(one, int) and not isinstance(one, bool) else _number(one) for one in row])
        for row in rows
    ]
    return found if ordered else sorted(found)


def _number(value: Any) -> Any:
    return round(value, 6) if isinstance(value, float) else value


async def test_a_slow_portal_is_not_waited_for_for_ever(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.describe("package")

    async def slow(params: Any) -> Any:
        await asyncio.sleep(60)

    monkeypatch.setattr(site.portal, "select", slow)
    monkeypatch.setattr(site.queries, "_seconds", 0.05)
    with pytest.raises(TooSlow):
        await site.queries.run(site.pk, SQL)


async def test_rows_are_limited_on_each_level(site: Site) -> None:
    site.describe("subscriber")
    sql = "SELECT id FROM subscriber ORDER BY id"
    remote = await site.queries.run(site.pk, sql, limit=7)
    assert (len(remote.rows), remote.truncated) == (7, True)
    await site.sync("subscriber")
    for source in (Source.MIRROR, Source.MEMORY):
        found = await site.queries.run(site.pk, sql, limit=7)
        assert (found.source, len(found.rows), found.truncated) == (source, 7, True)
    exact = await site.queries.run(site.pk, f"{sql} LIMIT 7", limit=7)
    assert (len(exact.rows), exact.truncated) == (7, False)


async def _jobs(site: Site) -> list[Any]:
    async with site.database.reader() as reader:
        return [row.only for row in await reader.rows(T["sync_job"].select()) if row.status == "queued"]


async def test_stale_rows_are_synced_and_the_portal_is_asked_meanwhile(site: Site) -> None:
    site.describe("package", ttl=0)
    await site.sync("package")
    found = await site.queries.run(site.pk, SQL)
    assert (found.source, found.stale) == (Source.REMOTE, False)
    assert await _jobs(site) == [["table:package"]]
    local = await site.queries.run(site.pk, SQL, mode=Mode.LOCAL)
    assert (local.source, local.stale, list(local.rows)) == (Source.MIRROR, True, list(found.rows))


async def test_the_mirror_answers_while_the_portal_is_away(site: Site) -> None:
    site.describe("package", ttl=0)
    await site.sync("package")

    def away(_: Any) -> None:
        raise Unavailable("The portal cannot be reached.")

    site.portal.on_select = away
    found = await site.queries.run(site.pk, SQL)
    assert (found.source, found.stale) == (Source.MIRROR, True)
    with pytest.raises(Unavailable):
        await site.queries.run(site.pk, "SELECT id FROM service")
    with pytest.raises(Unavailable):
        await site.queries.run(site.pk, SQL, mode=Mode.REMOTE)


async def test_what_jsonsql_cannot_say_is_answered_by_the_mirror_alone(site: Site) -> None:
    site.describe("package")
    sql = "SELECT CASE WHEN cost > 5 THEN 'dear' ELSE 'cheap' END AS how, count(*) FROM package GROUP BY 1 ORDER BY 1"
    with pytest.raises(Inexpressible, match="CASE"):
        await site.queries.run(site.pk, sql)
    await site.sync("package")
    found = await site.queries.run(site.pk, sql)
    assert (found.source, found.transpiled) == (Source.MIRROR, None)
    assert [row[0] for row in found.rows] == ["cheap", "dear"]


async def test_local_says_what_is_missing(site: Site) -> None:
    site.describe("package")
    with pytest.raises(NotFound, match="package is not mirrored"):
        await site.queries.run(site.pk, SQL, mode=Mode.LOCAL)
    await site.mirror.register(site.pk, "package")
    with pytest.raises(Conflict, match="not been synced"):
        await site.queries.run(site.pk, SQL, mode=Mode.LOCAL)


async def test_a_dry_run_asks_nobody(site: Site) -> None:
    site.describe("package")
    found = await site.queries.run(site.pk, SQL, dry_run=True)
    assert (found.source, found.rows) == (Source.REMOTE, ())
    assert found.request == {
        "url": "http://portal.test/",
        "headers": {},
        "body": {**transpile(SQL).params, "limit": 10_001},
    }
    await site.sync("package")
    site.portal.asked.clear()
    assert (await site.queries.run(site.pk, SQL, dry_run=True)).source is Source.MIRROR
    assert site.portal.asked == []


async def test_columns_of_rows_without_names(site: Site) -> None:
    site.describe("package")
    found = await site.queries.run(site.pk, "SELECT * FROM package", mode=Mode.REMOTE)
    assert list(found.columns) == list(ALL["package"].columns)
    unknown = await site.queries.run(site.pk, "SELECT * FROM service", mode=Mode.REMOTE)
    assert all(one.startswith("Field_") for one in unknown.columns)


async def test_results_are_named_the_same_wherever_they_come_from(site: Site) -> None:
    site.describe("package")
    await site.sync("package")
    sql = (
        "SELECT id, name AS title, count(*), MAX(cost), (lower(name)), cast(name AS text), (SELECT min(id) "
        "FROM package) FROM package GROUP BY id, name, cost ORDER BY id"
    )
    found = await site.found(sql)
    assert list(found.columns) == ["id", "title", "count", "max", "lower", "name", "min"]
    both = await site.found("SELECT count(*), CASE WHEN true THEN 1 END FROM package UNION SELECT 1, 2")
    assert list(both.columns) == ["count", "case"]


async def test_a_name_that_is_none_is_no_answer(site: Site) -> None:
    """SQLite takes it for a text when it stands in double quotes."""
    site.describe("package")
    await site.sync("package")
    for name in ('"Field_99"', "nothing", '"a`b"'):
        with pytest.raises(Invalid, match="mirror says"):
            await site.queries.run(site.pk, f"SELECT {name} FROM package", mode=Mode.LOCAL)


def _kept(weight: int) -> Kept:
    return Kept(columns=("a",), rows=[], tables=frozenset({"t"}), stamp=(), weight=weight)


def test_memory_is_bounded_by_size_number_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory(ttl=10, entries=3, room=100)
    for at in range(5):
        memory.put(("p", str(at), "auto", 1), _kept(20))
    assert [memory.get(("p", str(at), "auto", 1)) is not None for at in range(5)] == [False, False, True, True, True]
    memory.put(("p", "large", "auto", 1), _kept(26))
    assert memory.get(("p", "large", "auto", 1)) is None
    memory.get(("p", "2", "auto", 1))
    memory.put(("p", "5", "auto", 1), _kept(20))
    assert memory.get(("p", "2", "auto", 1)) is not None  # asked for a moment ago
    assert memory.get(("p", "3", "auto", 1)) is None
    now = time.monotonic()
    monkeypatch.setattr("app.mirror.memory.time.monotonic", lambda: now + 11)
    assert memory.get(("p", "2", "auto", 1)) is None
    assert memory.forget("p", "t") == 2
    assert (len(memory), memory.weight) == (0, 0)
