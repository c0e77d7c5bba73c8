"""Statements that people write are shut in with the mirror's own tables, and end when they should."""

import asyncio
import threading
import time
from typing import Any

import pytest

from app.core.errors import Invalid, NotFound
from app.domain.jsonsql.errors import Inexpressible
from app.domain.kinds import ProviderKind
from app.mirror import local
from app.mirror.homes import Home
from app.mirror.local import TooSlow, run
from app.mirror.query import Mode
from app.mirror.spelling import quoted
from tests.mirror.conftest import Site
from tests.support.effort import SLACK

WRITES = """
DELETE FROM package
UPDATE package SET name = 'x'
INSERT INTO package (id) VALUES (99)
WITH gone AS (DELETE FROM package RETURNING id) SELECT id FROM gone
WITH more AS (INSERT INTO package (id) VALUES (99) RETURNING id) SELECT id FROM more
SELECT id FROM package WHERE id IN (WITH x AS (UPDATE package SET name = 'x' RETURNING id) SELECT id FROM x)
SELECT id INTO other FROM package
SELECT id FROM package FOR UPDATE
CREATE TABLE other AS SELECT id FROM package
EXPLAIN ANALYZE DELETE FROM package
COPY package TO '/tmp/x'
COPY (SELECT id FROM package) TO PROGRAM 'true'
SELECT 1; SELECT 2
SELECT id FROM package; DROP TABLE package
PRAGMA query_only = OFF
ATTACH DATABASE '/tmp/x.db' AS other
SET search_path TO public
DO $$ BEGIN END $$
VACUUM
"""
CALLS = """
pg_sleep(10)
pg_catalog.pg_sleep(10)
load_extension('x')
readfile('/etc/passwd')
writefile('/tmp/x', 'y')
pg_read_file('/etc/passwd')
pg_catalog.pg_read_file('/etc/passwd')
"pg_read_file"('/etc/passwd')
pg_ls_dir('/')
lo_import('/etc/passwd')
lo_export(1, '/tmp/x')
dblink('dbname=x', 'SELECT 1')
query_to_xml('SELECT 1 FROM public.provider', true, false, '')
table_to_xml('public.provider', true, false, '')
set_config('transaction_read_only', 'off', true)
current_setting('data_directory')
nextval('x')
pg_terminate_backend(1)
"""


@pytest.fixture
async def packages(site: Site) -> Site:
    site.describe("package")
    await site.sync("package")
    return site


async def test_nothing_but_a_select_is_run(packages: Site) -> None:
    packages.portal.asked.clear()
    calls = [f"SELECT {call} FROM package" for call in CALLS.split("\n") if call]
    calls += [f"SELECT id FROM package WHERE EXISTS (SELECT * FROM {call})" for call in CALLS.split("\n") if call]
    for sql in [*filter(None, WRITES.split("\n")), *calls]:
        for mode in Mode:
            with pytest.raises(Inexpressible):
                await packages.queries.run(packages.pk, sql, mode=mode)
    assert packages.portal.asked == []
    assert await packages.rows("SELECT count(*) FROM package WHERE name <> 'x'") == [[12]]


@pytest.mark.parametrize(
    "table",
    [
        *("provider", "public.provider", "main.provider", "portal_session", "sqlite_master", "pg_user", "pg_authid"),
        *("information_schema.tables", "pg_catalog.pg_authid", "_sync_metadata", "_stage_package", "package_view_view"),
    ],
)
async def test_tables_beside_the_mirror_are_out_of_reach(
    packages: Site, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.mirror.query.run", _never)
    for sql in (
        f"SELECT * FROM {table}",
        f"SELECT id FROM package WHERE id IN (SELECT 1 FROM {table})",
        f"WITH x AS (SELECT * FROM {table}) SELECT package.id FROM package, x",
        f"SELECT (SELECT count(*) FROM {table}) FROM package",
        f"WITH package AS (SELECT * FROM {table}) SELECT * FROM package",
    ):
        with pytest.raises((NotFound, Invalid)):
            await packages.queries.run(packages.pk, sql, mode=Mode.LOCAL)


async def _never(*_: Any, **__: Any) -> None:
    raise AssertionError("a database was asked")


async def test_the_mirror_of_another_provider_is_out_of_reach(packages: Site) -> None:
    """Even were a name looked up wrongly: what the database itself finds under it is nothing."""
    other = packages.homes.of(f"{'two':b<16}")
    async with other.writer() as writer:
        await writer.connection.exec_driver_sql("CREATE TABLE secret (id INTEGER)")
    for table in ("secret", f"{other.schema}.secret", "provider", "portal_session"):
        with pytest.raises((NotFound, Invalid)):
            await packages.queries.run(packages.pk, f"SELECT * FROM {table}", mode=Mode.LOCAL)
    for table in ("secret", "provider", "portal_session"):
        with pytest.raises(Invalid, match=table):
            await run(packages.homes.of(packages.account.id), f"SELECT * FROM {table}", limit=1, seconds=5)
    assert packages.account.kind is ProviderKind.IPTVPORTAL


async def test_a_table_of_the_portal_hides_none_of_the_database(site: Site) -> None:
    """A portal that has a `pg_authid` must not make ours one that may be asked for."""
    for table in ("pg_authid", "sqlite_master", "_mirror"):
        with pytest.raises(Invalid):
            await site.mirror.sync(site.pk, table)
        with pytest.raises(Invalid):
            await site.mirror.register(site.pk, table)


async def test_the_mirrors_own_database_refuses_what_is_no_read(
    packages: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the reading of statements ever wrong."""
    for name in ("for_sqlite", "for_postgres"):
        monkeypatch.setattr(f"app.mirror.local.{name}", lambda sql: sql)
    home = packages.homes.of(packages.account.id)
    refused = ["DELETE FROM package", "UPDATE package SET name = 'x'", "CREATE TABLE other (id INTEGER)"]
    if home.file is not None:
        refused += [f"ATTACH '{home.file}' AS other", "PRAGMA query_only = OFF", "SELECT load_extension('x')"]
    for sql in refused:
        with pytest.raises(Invalid):
            await run(home, sql, limit=10, seconds=5)
    monkeypatch.undo()
    assert await packages.rows("SELECT count(*) FROM package WHERE name <> 'x'") == [[12]]


SLOW = "SELECT count(*) FROM subscriber a, subscriber b, subscriber c, subscriber d, subscriber e"
HOPELESS = f"SELECT count(*) FROM package WHERE '{'a' * 60}!' ~ '^(a|aa)+$'"


async def test_a_query_ends_in_time(packages: Site) -> None:
    packages.describe("subscriber")
    await packages.sync("subscriber")
    home = packages.homes.of(packages.account.id)
    began = time.monotonic()
    with pytest.raises(TooSlow):
        await run(home, SLOW, limit=10, seconds=0.2)
    assert time.monotonic() - began < 3 * SLACK
    assert await _running(packages, home) == 0


async def _running(site: Site, home: Home) -> int:
    """Statements that go on at the server although nobody waits for them."""
    if home.schema is None:
        return 0
    async with site.database.reader() as reader:
        found = await reader.connection.exec_driver_sql(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%subscriber a,%' "
            "AND pid <> pg_backend_pid()"
        )
        return int(found.scalar_one())


async def test_a_pattern_without_end_ends_in_time(packages: Site) -> None:
    home = packages.homes.of(packages.account.id)
    began = time.monotonic()
    if home.file is None:  # Postgres' patterns do not go back; it counts the right answer
        assert (await run(home, HOPELESS, limit=10, seconds=5)).rows == [[0]]
    else:
        with pytest.raises(TooSlow):
            await run(home, HOPELESS, limit=10, seconds=0.2)
    assert time.monotonic() - began < 3 * SLACK


async def test_a_query_that_nobody_waits_for_ends(packages: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    packages.describe("subscriber")
    await packages.sync("subscriber")
    ended = threading.Event()
    thread = local._on_sqlite

    def watched(*args: Any) -> Any:
        try:
            return thread(*args)
        finally:
            ended.set()

    monkeypatch.setattr(local, "_on_sqlite", watched)
    home = packages.homes.of(packages.account.id)
    waiting = asyncio.create_task(run(home, SLOW, limit=10, seconds=60))
    await asyncio.sleep(0.2)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert home.file is None or await asyncio.to_thread(ended.wait, 10)
    assert await _running(packages, home) == 0


async def test_a_few_statements_run_at_once(packages: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    running, most = 0, 0

    async def counted(*args: Any, **kwargs: Any) -> local.Found:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        return await run(*args, **kwargs)

    monkeypatch.setattr("app.mirror.query.run", counted)
    asked = [packages.queries.run(packages.pk, f"SELECT {at} FROM package", mode=Mode.LOCAL) for at in range(12)]
    assert [len(one.rows) for one in await asyncio.gather(*asked)] == [12] * 12
    assert most == 4


async def test_an_answer_has_an_end(packages: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "MOST_LETTERS", 5_000)
    sql = "SELECT lpad(name, 1000) FROM package"
    home = packages.homes.of(packages.account.id)
    assert len((await run(home, sql, limit=4, seconds=5)).rows) == 4
    with pytest.raises(Invalid, match="more than 5,000 letters"):
        await run(home, sql, limit=10, seconds=5)


async def test_names_that_hold_anything_are_kept_as_names(site: Site) -> None:
    """Columns are named by people, in schemas."""
    assert quoted('a"; DROP TABLE package; --') == '"a""; DROP TABLE package; --"'
    schema = site.describe("package")
    odd = 'a :b"; DROP TABLE package; --'
    fields: Any = tuple(_named(one, odd) if one.position == 1 else one for one in schema.fields)
    site.schemas["package"] = type(schema)(name="package", fields=fields, sync=schema.sync, width=schema.width)
    await site.sync("package")
    async with site.homes.of(site.account.id).reader() as reader:
        found = await reader.connection.exec_driver_sql(f"SELECT count({quoted(odd)}) FROM package_view")
        assert found.scalar_one() == 12


def _named(field: Any, alias: str) -> Any:
    return type(field)(position=field.position, name=field.name, type=field.type, alias=alias)
