"""Syncs of a full-size catalogue, against the same pages by a bare client plus the same rows by a bare driver."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import insert, select, update

from app.core.clock import now_ms
from app.core.ids import new_id
from app.core.memory import calm_collector
from app.db import migrate
from app.db.engine import Database
from app.db.tables import metadata
from app.domain.kinds import JobStatus, ProviderKind
from app.jobs.run import Run
from app.providers.base import ProviderAccount
from app.providers.registry import open_provider, parse_address
from app.providers.transport import Transport
from app.simulator.behaviour import Behaviour
from app.simulator.process import PortalProcess
from app.simulator.spec import CatalogueSpec
from app.sync.pipeline import SyncPipeline
from bench.floor import MAC
from bench.measure import Clock, Cost, measure
from bench.result import Result

HEAD, JOB, PROVIDER = (metadata.tables[name] for name in ("catalogue_head", "sync_job", "provider"))
WINDOW = 150
LOGIN = {"username": "demo", "password": "demo-pass"}
PUBLIC_ID = "benchbenchbench1"
PAGE = 14


async def sync(clock: Clock, given: dict[str, Any]) -> dict[str, Any]:
    """One job of the pipeline, in this process: what a worker does between lease and outcome, without publishing."""
    await migrate.upgrade(given["database"])
    database = Database(given["database"])
    provider_pk = await _provider(database)
    job_id = await _job(database, provider_pk)
    kind = ProviderKind(given["kind"])
    credentials = {"mac": MAC} if kind is ProviderKind.STALKER else LOGIN
    address = parse_address(kind, given["url"], credentials, {})
    account = ProviderAccount(
        id=PUBLIC_ID, name="bench", kind=kind, url=address.url, credentials=address.credentials, options={}
    )
    transport = Transport(max_parallel=WINDOW)
    calm_collector()  # as every worker does
    with clock:
        async with open_provider(account, transport) as provider, Run(database, None, job_id) as job:
            pipeline = SyncPipeline(
                database=database, provider=provider, provider_pk=provider_pk, provider_id=PUBLIC_ID, job=job
            )
            finished = [(one.step.value, one.status.value, one.error) async for one in pipeline.run()]
            await job.finish(JobStatus.COMPLETED, errors=[], version=None)
    counts = {view.name: [view.fetched, view.added, view.updated, view.unchanged, view.removed] for view in job.steps}
    await transport.close()
    await database.close()
    return {"steps": finished, "counts": counts}


async def _provider(database: Database) -> int:
    async with database.writer() as writer:
        found = await writer.scalar(select(PROVIDER.c.pk).where(PROVIDER.c.id == PUBLIC_ID))
        if found is not None:
            return int(found)
        now = now_ms()
        row = {"id": PUBLIC_ID, "name": "bench", "kind": "stalker", "url": b"", "address": "http://bench.test"}
        row |= {"credentials": b"", "credential_names": [], "options": {}, "enabled": True}
        made = insert(PROVIDER).values(**row, created_at=now, updated_at=now).returning(PROVIDER.c.pk)
        provider_pk = int(await writer.scalar(made))
        head = {"provider_pk": provider_pk, "epoch": "e", "version": 0, "pending": False, "floor": 0, "fence": 0}
        await writer.execute(insert(HEAD), [head])
    return provider_pk


async def _job(database: Database, provider_pk: int) -> str:
    row = {"id": new_id(), "provider_pk": provider_pk, "mode": "full", "only": [], "force": False, "status": "queued"}
    row |= {"progress": 0, "attempt": 0, "cancel_requested": False, "errors": [], "queued_at": now_ms()}
    async with database.writer() as writer:
        # What was synced before counts as published: only then do changes go to the log, as in real life.
        await writer.execute(update(HEAD).values(version=HEAD.c.version + 1, pending=False))
        await writer.execute(insert(JOB), [row])
    return str(row["id"])


@contextmanager
def portal(profile: str, spec: CatalogueSpec, **switches: Any) -> Iterator[PortalProcess]:
    """A portal in its own process, with all its rows made in advance."""
    with PortalProcess([profile], spec, Behaviour(**switches), prebuild=spec.movies < 200_000) as process:
        yield process


@contextmanager
def databases(postgres: Any) -> Iterator[tuple[str, str]]:
    """The URLs of two empty databases: one to sync into, one for the floor."""
    if postgres is not None:
        with postgres.database() as one, postgres.database() as other:
            yield one, other
        return
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/sync.db", f"sqlite:///{folder}/floor.db"


def stalker(spec: CatalogueSpec, *, postgres: Any = None, latency_ms: float = 0) -> list[Result]:
    """A full sync of a stock portal and the same again, unchanged."""
    name = f"Stalker, {'Postgres' if postgres else 'SQLite'}" + (f", {latency_ms:.0f} ms" if latency_ms else "")
    with portal("stock", spec, latency_ms=latency_ms) as process, databases(postgres) as (one, other):
        url = f"{process.url}/stalker_portal/c/"
        first = _sync(process, one, url, "stalker")
        again = _sync(process, one, url, "stalker")
        fetched = measure("bench.floor", "fetch_stalker", **_stalker_lists(process))
        loaded = _load(one, other)
    floor = fetched.wall + loaded.wall
    if latency_ms:
        floor = max(fetched.wall, fetched.cpu + loaded.cpu)
    items = _items(first)
    return [
        Result(
            name=f"{name}: first sync", items=items, cost=first, floor=floor, aim="≤ 1.3" if latency_ms else "≤ 2.0"
        ),
        Result(name=f"{name}: again, unchanged", items=_items(again), cost=again, floor=fetched.wall),
    ]


def xtream(spec: CatalogueSpec, *, postgres: Any = None) -> list[Result]:
    """A full sync of an Xtream panel and the same again, unchanged (its floor: its own first sync)."""
    name = f"Xtream, {'Postgres' if postgres else 'SQLite'}"
    with portal("xtream", spec) as process, databases(postgres) as (one, other):
        first = _sync(process, one, process.url, "xtream")
        again = _sync(process, one, process.url, "xtream")
        kinds = ("live", "vod", "series")
        actions = [f"get_{kind}_categories" for kind in kinds]
        actions += ["get_live_streams", "get_vod_streams", "get_series"]
        fetched = measure(
            "bench.floor", "fetch_xtream", url=f"{process.url}/player_api.php", login=LOGIN, actions=actions
        )
        loaded = _load(one, other)
    return [
        Result(
            name=f"{name}: first sync", items=_items(first), cost=first, floor=fetched.wall + loaded.wall, aim="≤ 2.0"
        ),
        Result(name=f"{name}: again, unchanged", items=_items(again), cost=again, floor=first.wall, aim="≤ 0.5"),
    ]


def _sync(process: PortalProcess, database: str, url: str, kind: str) -> Cost:
    cost = measure("bench.sync", "sync", database=database, url=url, kind=kind)
    expected = process.expected()
    for step in ("channels", "movies", "series"):
        fetched = cost.told["counts"][step][0]
        if fetched != expected[step]:
            raise SystemExit(f"{step}: {fetched} items, {expected[step]} expected; {cost.told['steps']}")
    return cost


def _load(source: str, target: str) -> Cost:
    if source.startswith("sqlite"):
        plain = {"source": source.removeprefix("sqlite:///"), "target": target.removeprefix("sqlite:///")}
        return measure("bench.floor", "load_sqlite", **plain)
    return measure("bench.floor", "load_postgres", source=source, target=target)


def _stalker_lists(process: PortalProcess) -> dict[str, Any]:
    expected: Mapping[str, int] = process.expected()
    pages = -(-(expected["movies"] + expected["series"]) // PAGE) + 1
    lists = [["itv", "get_genres", 1], ["vod", "get_categories", 1], ["itv", "get_all_channels", 1]]
    lists += [["vod", "get_ordered_list", pages]]
    return {"url": f"{process.url}/stalker_portal/server/load.php", "mac": MAC, "lists": lists, "window": WINDOW}


def _items(cost: Cost) -> int:
    return sum(cost.told["counts"][step][0] for step in ("channels", "movies", "series"))
