"""The client in Python and its blocking twin, against a simulated portal."""

import asyncio
import inspect
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from app.core.errors import NotFound
from app.domain.jsonsql.builder import Join, Table, delete, insert, select, update
from app.domain.jsonsql.errors import Inexpressible
from app.domain.jsonsql.language import transpile
from app.domain.jsonsql.terms import Field, Q, fn
from app.domain.schema_models import Models, generated
from app.domain.schemas import FieldType, Schemas, TableSchema
from app.providers.iptvportal.blocking import BlockingPortalClient
from app.providers.iptvportal.client import Options
from app.providers.iptvportal.errors import QueryRefused
from app.providers.iptvportal.portal import PortalClient
from app.simulator.behaviour import Behaviour
from app.simulator.iptvportal.tables import ALL
from app.simulator.process import PortalThread
from app.simulator.server import create_portal
from app.simulator.spec import CatalogueSpec

SMALL = CatalogueSpec(channels=10, movies=20, series=2, categories=6, subscribers=100)
USERNAME, PASSWORD = "fake-operator", "fake-secret-9"


@dataclass
class Town:
    url: str
    portal: Any  # of the simulator, reached into

    def client(self, **more: Any) -> PortalClient:
        return PortalClient(self.url, USERNAME, PASSWORD, options=Options(retry_base_seconds=0.001), **more)

    def blocking(self) -> BlockingPortalClient:
        return BlockingPortalClient(self.url, USERNAME, PASSWORD, options=Options(retry_base_seconds=0.001))


@pytest.fixture
def town(request: pytest.FixtureRequest) -> Iterator[Town]:
    simulated = create_portal(SMALL, "iptvportal", Behaviour(**getattr(request, "param", {})))
    with PortalThread({"": simulated}) as thread:
        yield Town(thread.url, simulated)


async def test_sql_and_what_is_built_give_the_same_rows(town: Town) -> None:
    built = select(
        ["s.username", fn.count().as_("boxes")],
        [Table("terminal", "t"), Join("subscriber", "s", on=Field("t.subscriber_id") == Field("s.id"))],
        where=Field("s.username").like("%1%") & ~Q(s__disabled=True),
        group_by="s.username",
        order_by=["-boxes", "s.username"],
        limit=5,
    )
    sql = (
        "SELECT s.username, COUNT(*) AS boxes FROM terminal t JOIN subscriber s ON t.subscriber_id = s.id"
        " WHERE s.username LIKE '%1%' AND NOT s.disabled = TRUE GROUP BY s.username ORDER BY boxes DESC, s.username"
        " LIMIT 5"
    )
    async with town.client() as portal:
        ours, theirs = await portal.run(built), await portal.run(sql)
        assert ours.statement.params == transpile(sql).params
    assert ours.columns == ("username", "boxes")
    assert ours.rows == theirs.rows
    assert ours.dicts()[0] == {"username": ours.rows[0][0], "boxes": ours.rows[0][1]}
    assert len(ours.rows) == 5


async def test_rows_are_added_changed_and_deleted(town: Town) -> None:
    async with town.client() as portal:
        added = await portal.run(insert("package", ["name", "paid"], [["A", True], ["B", False]], returning="id"))
        ids = [row[0] for row in added.rows]
        assert (added.columns, added.count, len(ids)) == (("id",), 2, 2)
        await portal.run(update("package", {"name": "C"}, where=Field("id").in_(ids)))
        found = await portal.run(select(["id", "name"], "package", where=Field("name") == "C"))
        assert found.dicts() == [{"id": one, "name": "C"} for one in ids]
        gone = await portal.run(delete("package", where=Field("id").in_(ids), returning="id"))
        assert sorted(row[0] for row in gone.rows) == sorted(ids)
        assert (await portal.run(select(["id"], "package", where=Field("name") == "C"))).rows == []


async def test_columns_of_a_star_have_the_names_of_the_schema(town: Town) -> None:
    async with town.client() as portal:
        bare = await portal.run("SELECT * FROM tv_category LIMIT 1")
        assert bare.columns == ("Field_0", "Field_1", "Field_2")
        portal.schemas = Schemas(tables={"tv_category": await portal.introspect("tv_category")})
        named = await portal.run("SELECT * FROM tv_category LIMIT 1")
        assert named.columns == ("id", "name", "genre")
        assert named.statement.params["data"] == ["id", "name", "genre"]
        assert named.rows == bare.rows


async def test_rows_become_generated_models(town: Town) -> None:
    async with town.client() as portal:
        schema = await portal.introspect("package")
        names: dict[str, Any] = {"__name__": "generated_packages"}
        exec(compile(generated([schema], Models.PYDANTIC), "models.py", "exec"), names)
        found = (await portal.run("SELECT id, name, paid FROM package WHERE id = 1")).models(names["Package"])
    assert [(one.id, type(one.paid), one.cost) for one in found] == [(1, bool, None)]


async def test_what_cannot_be_said_is_not_sent_and_a_dry_run_is_not_either(town: Town) -> None:
    async with town.client() as portal:
        with pytest.raises(Inexpressible):
            await portal.run("SELECT CASE WHEN paid THEN 1 END FROM package")
        shown = str(portal.prepare("SELECT id FROM package"))
    assert '"from":"package"' in shown
    assert "sessionid=***" in shown
    assert town.portal.stats.calls == 0


@pytest.mark.parametrize("table", ["tv_channel", "media", "subscriber", "terminal", "tv_category", "package"])
async def test_introspection_finds_types_names_and_numbers(town: Town, table: str) -> None:
    async with town.client() as portal:
        schema = await portal.introspect(table)
        portal.schemas = Schemas(tables={table: schema})
        match = await portal.validate(table)
    real = ALL[table].columns
    [[count, low, high]] = town.portal.database.run(
        "select",
        {
            "data": [
                {"function": "count", "args": ["*"]},
                {"function": "min", "args": "id"},
                {"function": "max", "args": "id"},
            ],
            "from": table,
        },
    )
    assert (schema.facts.row_count, schema.facts.min_id, schema.facts.max_id) == (count, low, high)
    assert schema.width == len(real)
    assert schema.field("id") == schema.fields[0]
    types = {"text": "string", "timestamp": "datetime", "inet": "string", "mac": "string"}
    for place, (name, kind) in enumerate(real.items()):
        one = schema.fields[place]
        # Who is named is named rightly; a column of nothing but nulls, or equal to another, cannot be told.
        assert one.name == name or not one.named
        assert one.type in (types.get(kind, kind), FieldType.UNKNOWN)
    assert sum(one.named for one in schema.fields) >= min(3, len(real))
    assert match.good, [(one.field, one.ratio, one.name_ratio) for one in match.fields]


async def test_columns_that_moved_are_found_by_validation(town: Town) -> None:
    async with town.client() as portal:
        portal.schemas = Schemas(tables={"tv_category": await portal.introspect("tv_category")})
        town.portal.become(Behaviour(drift="insert"))
        match = await portal.validate("tv_category")
    assert not match.good
    assert match.faults == ("The portal gives 4 columns, the schema says 3.",)
    assert any(one.name_ratio == 0 for one in match.fields)


@pytest.mark.parametrize("town", [{"forbidden_tables": ("domain",)}], indirect=True)
async def test_a_table_that_is_kept_back_is_disabled_and_one_that_is_not_there_is_an_error(town: Town) -> None:
    async with town.client() as portal:
        kept_back = await portal.introspect("domain")
        assert (kept_back.sync.disabled, kept_back.fields) == (True, ())
        with pytest.raises(QueryRefused):
            await portal.introspect("nothing")
        with pytest.raises(NotFound):
            await portal.validate("package")


async def test_a_table_without_an_id_is_described_without_names(town: Town) -> None:
    async with town.client() as portal:
        schema = await portal.introspect("subscriber_package")
    assert schema.facts.row_count
    assert schema.facts.max_id is None
    assert schema.width == 3
    assert not any(one.named for one in schema.fields)


def test_the_twin_has_every_method_with_the_same_parameters() -> None:
    def public(kind: type) -> dict[str, Any]:
        found = inspect.getmembers(kind, inspect.isfunction)
        return {name: one for name, one in found if not name.startswith("_") and name not in ("wait", "close")}

    ours, theirs = public(PortalClient), public(BlockingPortalClient)
    assert ours.keys() == theirs.keys()
    for name, method in ours.items():
        assert inspect.signature(method) == inspect.signature(theirs[name])


def test_the_twin_waits_also_within_another_loop_and_ends(town: Town) -> None:
    async def within() -> list[Any]:
        with town.blocking() as portal:
            assert portal.schemas.tables == {}
            assert isinstance(portal.introspect("package"), TableSchema)
            return list(portal.run("SELECT id FROM package LIMIT 2").rows)

    assert asyncio.run(within()) == [[1], [2]]
    portal = town.blocking()
    with portal, pytest.raises(QueryRefused):
        portal.run("SELECT nothing FROM package")
    portal.close()
    assert not portal._thread.is_alive()


def test_a_twin_that_cannot_be_made_leaves_no_thread() -> None:
    with pytest.raises(TypeError):
        BlockingPortalClient("acme")
    assert "portal-client" not in [one.name for one in threading.enumerate()]
