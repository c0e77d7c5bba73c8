"""The other side of `bench.mirror`: what is measured, without the simulator and the floor in the same process."""

import time
from statistics import median
from typing import Any, Final

from sqlalchemy import update

from app.core.memory import calm_collector
from app.db import migrate
from app.db.engine import Database
from app.domain.jsonsql.language import transpile
from app.domain.kinds import ProviderKind, StepName, StepStatus
from app.domain.outcomes import job_outcome
from app.domain.portal_settings import PortalSettings
from app.domain.schemas import FieldSpec, FieldType, Schemas, SyncSpec, TableSchema
from app.jobs.requests import JobRequests
from app.jobs.run import Run
from app.mirror.desk import MirrorDesk, open_desk
from app.mirror.homes import Homes
from app.mirror.query import Source
from app.providers.base import ProviderAccount
from app.providers.iptvportal.session import MemoryStore
from app.providers.transport import Transport
from app.registry.breakers import Breakers
from bench.measure import Clock
from tests.support.queues import NoQueue
from tests.support.scripted import T, add_job, add_provider

CHUNK: Final = 1_000
ASKED: Final = 200
TABLE: Final = "subscriber"
OTHER: Final = "terminal"
TYPES: Final = {"integer": FieldType.INTEGER, "boolean": FieldType.BOOLEAN, "json": FieldType.JSON}
JOIN: Final = (
    "SELECT s.username, t.mac_addr FROM terminal t JOIN subscriber s ON t.subscriber_id = s.id "
    "WHERE s.id BETWEEN {low} AND {high} ORDER BY t.id"
)
STATEMENT: Final = (
    "SELECT s.max_terminal, COUNT(*) AS n FROM terminal t LEFT JOIN subscriber s ON t.subscriber_id = s.id "
    "WHERE s.disabled = FALSE AND (s.username LIKE 'a%' OR t.id IN (1, 2, 3)) GROUP BY s.max_terminal "
    "HAVING COUNT(*) > {number} ORDER BY n DESC LIMIT 10"
)


async def sync(clock: Clock, given: dict[str, Any]) -> dict[str, Any]:
    """One job of one table; then questions, outside the clock."""
    await migrate.upgrade(given["database"])
    database, transport = Database(given["database"]), Transport()
    pk = await add_provider(database)
    async with database.writer() as writer:
        await writer.execute(update(T["provider"]).values(kind=ProviderKind.IPTVPORTAL.value))
    account = ProviderAccount(
        id=f"{'one':a<16}",
        name="one",
        kind=ProviderKind.IPTVPORTAL,
        url=given["url"],
        credentials={"username": "bench", "password": "not-a-secret"},
        options={},
    )
    homes = Homes(database)
    desk = _desk(database, homes, transport, account, given["tables"])
    calm_collector()
    with clock:
        await _synced(database, desk, account, pk=pk, table=TABLE, rows=given["rows"])
    await _synced(database, desk, account, pk=pk, table=OTHER, rows=None)
    told = await _asked(desk, pk)
    await transport.close()
    await homes.close()
    await database.close()
    return told


def _desk(
    database: Database, homes: Homes, transport: Transport, account: ProviderAccount, tables: dict[str, Any]
) -> MirrorDesk:
    async def accounts(_: int) -> ProviderAccount:
        return account

    return open_desk(
        database,
        homes,
        settings=PortalSettings(),
        schemas=Schemas(tables={name: _schema(name, columns) for name, columns in tables.items()}),
        transport=transport,
        accounts=accounts,
        sessions=lambda _: MemoryStore(),
        gates=Breakers(database).gate,
        jobs=JobRequests(database, NoQueue()),
    )


def _schema(table: str, columns: dict[str, str]) -> TableSchema:
    fields = tuple(
        FieldSpec(position=at, name=name, type=TYPES.get(kind, FieldType.STRING))
        for at, (name, kind) in enumerate(columns.items())
    )
    return TableSchema(name=table, fields=fields, width=len(columns), sync=SyncSpec(chunk_size=CHUNK, ttl=86_400))


async def _synced(
    database: Database, desk: MirrorDesk, account: ProviderAccount, *, pk: int, table: str, rows: int | None
) -> None:
    async with Run(database, None, await add_job(database, pk, only=[f"table:{table}"])) as job:
        await desk.tables.plan(job, account)
        await desk.tables.refresh(job, account)
        step = next(one for one in job.steps if one.name is StepName.TABLES)
        await job.finish(job_outcome({step.name: step.status}), errors=job.errors, version=None)
    assert step.status is StepStatus.COMPLETED, step
    assert rows is None or step.fetched == rows, step


async def _asked(desk: MirrorDesk, pk: int) -> dict[str, float]:
    """Medians in milliseconds: of an answer that is remembered, of one with a JOIN, of a statement in JSONSQL."""
    sql = JOIN.format(low=100, high=120)
    await desk.queries.run(pk, sql)
    cached, joined, made = [], [], []
    for number in range(ASKED):
        began = time.perf_counter()
        found = await desk.queries.run(pk, sql)
        cached.append(time.perf_counter() - began)
        assert found.source is Source.MEMORY, found
        began = time.perf_counter()
        found = await desk.queries.run(pk, JOIN.format(low=number * 10, high=number * 10 + 50))
        joined.append(time.perf_counter() - began)
        assert found.source is Source.MIRROR, found
        began = time.perf_counter()
        transpile(STATEMENT.format(number=number))
        made.append(time.perf_counter() - began)
    return {"cached": median(cached) * 1e3, "join": median(joined) * 1e3, "transpile": median(made) * 1e3}
