"""A provider whose portal is the simulated one, asked without HTTP, and whose tables are synced by real jobs."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import pytest
from sqlalchemy import select, update

from app.core.errors import ProviderError
from app.db.engine import Database
from app.db.tables import metadata
from app.domain.kinds import ProviderKind, StepName
from app.domain.outcomes import job_outcome
from app.domain.schemas import FieldSpec, FieldType, SyncSpec, TableSchema
from app.jobs.requests import JobRequests
from app.jobs.run import Run
from app.jobs.views import StepView
from app.mirror.homes import Homes
from app.mirror.local import Found, run
from app.mirror.memory import Memory
from app.mirror.query import Queries
from app.mirror.records import TableRecord
from app.mirror.service import Mirror
from app.providers.base import ProviderAccount
from app.providers.iptvportal.errors import QueryRefused, TableForbidden
from app.simulator.behaviour import Behaviour
from app.simulator.iptvportal.fragments import QueryError
from app.simulator.iptvportal.fragments import TableForbidden as Forbidden
from app.simulator.iptvportal.portal import IptvPortal
from app.simulator.iptvportal.tables import ALL
from app.simulator.server import create_portal
from app.simulator.spec import CatalogueSpec
from tests.support.queues import NoQueue
from tests.support.scripted import add_job, add_provider

SPEC = CatalogueSpec(channels=40, movies=80, series=3, categories=10, subscribers=95)
T = metadata.tables
TYPES = {"integer": FieldType.INTEGER, "float": FieldType.FLOAT, "boolean": FieldType.BOOLEAN, "json": FieldType.JSON}


class Lost(BaseException):
    """The worker is killed."""


class DirectPortal:
    """Asks the simulated portal's database. `on_select` may raise, or change what is there, before each select."""

    limit = 4

    def __init__(self, simulated: IptvPortal) -> None:
        self.simulated = simulated
        self.asked: list[Mapping[str, Any]] = []
        self.on_select: Callable[[Mapping[str, Any]], None] | None = None
        self.change_rows: Callable[[list[Any]], list[Any]] = list

    async def select(self, params: Mapping[str, Any]) -> Sequence[Any]:
        self.asked.append(params)
        if self.on_select:
            self.on_select(params)
        return self._run(params)

    async def selects(self, several: Sequence[Mapping[str, Any]]) -> Sequence[Any]:
        found: list[Any] = []
        for params in several:
            try:
                found.append(self._run(params))
            except ProviderError as error:
                found.append(error)
        return found

    def prepare(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"url": "http://portal.test/", "headers": {}, "body": params}

    def change(self, sql: str, *values: Any) -> None:
        self.simulated.database.fill("subscriber", "package")
        self.simulated.database.change(sql, values)

    def pages(self, table: str) -> list[Mapping[str, Any]]:
        return [one for one in self.asked if one["from"] == table and one["data"] == ["*"]]

    def all_rows(self, table: str, columns: Sequence[str] = ("*",)) -> list[Any]:
        return self._run({"data": list(columns), "from": table, "order_by": next(iter(ALL[table].columns))})

    def _run(self, params: Mapping[str, Any]) -> list[Any]:
        try:
            found = self.simulated.database.run("select", orjson.loads(orjson.dumps(params)))
        except QueryError as error:
            raise QueryRefused(str(error)) from None
        except Forbidden as error:
            raise TableForbidden(error.table) from None
        rows: list[Any] = orjson.loads(orjson.dumps(found))
        return self.change_rows(rows) if params["data"] == ["*"] else rows


@dataclass(slots=True)
class Site:
    """One provider, its portal and its mirror."""

    database: Database
    homes: Homes
    mirror: Mirror
    queries: Queries
    portal: DirectPortal
    account: ProviderAccount
    pk: int
    schemas: dict[str, TableSchema] = field(default_factory=dict)

    def describe(self, table: str, **sync: Any) -> TableSchema:
        """The schema that says all that is known of a simulated table."""
        columns = ALL[table].columns
        fields = tuple(
            FieldSpec(position=at, name=name, type=TYPES.get(kind, FieldType.STRING))
            for at, (name, kind) in enumerate(columns.items())
        )
        spec = SyncSpec(**{"chunk_size": 10, **sync})
        made = self.schemas[table] = TableSchema(name=table, fields=fields, sync=spec, width=len(columns))
        return made

    def resync(self, table: str, **sync: Any) -> None:
        self.schemas[table] = replace(self.schemas[table], sync=replace(self.schemas[table].sync, **sync))

    async def job(self, *names: str, **fields: Any) -> str:
        return await add_job(self.database, self.pk, only=[f"table:{one}" for one in names], **fields)

    async def sync(self, *names: str, force: bool = False, job_id: str | None = None) -> StepView:
        """One job of these tables, or another attempt at one; the step as it ended."""
        job_id = job_id or await self.job(*names, force=force)
        async with Run(self.database, None, job_id) as job:
            assert await self.mirror.plan(job, self.account)
            await self.mirror.refresh(job, self.account)
            (step,) = job.steps
            await job.finish(job_outcome({StepName.TABLES: step.status}), errors=job.errors, version=None)
        return step

    async def lose(self, job_id: str) -> None:
        """Runs a job as a worker that is killed: the error leaves, no outcome is written, the lease runs out."""
        attempt = Run(self.database, None, job_id)
        job = await attempt.__aenter__()
        with pytest.raises(Lost):
            await self._work(job)
        await attempt._pulse.stop()
        head = T["catalogue_head"]
        async with self.database.writer() as writer:
            await writer.execute(update(head).where(head.c.provider_pk == self.pk).values(lease_until=1))

    async def _work(self, job: Any) -> None:
        assert await self.mirror.plan(job, self.account)
        await self.mirror.refresh(job, self.account)

    async def found(self, sql: str, *, limit: int = 10_000) -> Found:
        return await run(self.homes.of(self.account.id), sql, limit=limit, seconds=5)

    async def rows(self, sql: str) -> list[Any]:
        return [list(one) for one in (await self.found(sql)).rows]

    async def record(self, table: str) -> TableRecord:
        return (await self.mirror.records(self.account, [table]))[table]

    async def job_row(self, job_id: str) -> Any:
        async with self.database.reader() as reader:
            return await reader.row(select(T["sync_job"]).where(T["sync_job"].c.id == job_id))


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[Site]:
    database = Database(database_url)
    pk = await add_provider(database)
    simulated = create_portal(SPEC, "iptvportal", Behaviour())
    assert isinstance(simulated, IptvPortal)
    portal = DirectPortal(simulated)
    provider_id = f"{'one':a<16}"
    account = ProviderAccount(
        id=provider_id, name="one", kind=ProviderKind.IPTVPORTAL, url="http://portal.test", credentials={}, options={}
    )
    homes, memory = Homes(database), Memory()
    schemas: dict[str, TableSchema] = {}

    async def accounts(_: int) -> ProviderAccount:
        return account

    mirror = Mirror(
        database,
        homes,
        accounts=accounts,
        opener=lambda _: portal,
        schemas=lambda _: schemas,
        jobs=JobRequests(database, NoQueue()),
        memory=memory,
    )
    queries = Queries(mirror, memory, seconds=5)
    yield Site(database, homes, mirror, queries, portal, account, pk, schemas)
    await homes.close()
    await database.close()
