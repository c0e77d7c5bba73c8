"""What the engine costs beside the work (leases, checkpoints, progress, metrics), and how soon a cancel is obeyed."""

import asyncio
import io
import random
import sys
import tempfile
import time
from collections import Counter as Tally
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import prometheus_client
from sqlalchemy import select

from app.config import Settings
from app.context import ProcessContext, open_context
from app.core.errors import Conflict
from app.core.logs import configure_logs
from app.db import progress
from app.domain.kinds import JobStatus, ProviderKind, StepName, SyncMode
from app.jobs import lease
from app.jobs.pulse import Pulse
from app.jobs.run import Run
from app.jobs.tracker import JobTracker
from app.queue.connection import connect
from app.queue.embedded import EmbeddedValkey
from app.queue.hints import RedisHints
from app.registry.views import NewProvider
from app.simulator.spec import CatalogueSpec
from bench import sync
from bench.measure import Clock, Cost, measure
from bench.result import Result
from workers.lifecycle import embedded_worker

PAIRS = 5
SHARE = 3  # of the catalogue: all pairs together are to take two minutes
CANCELS = 100
AT_ONCE = 3
SECONDS = 2.0  # within which a cancel is to be obeyed


def overhead(spec: CatalogueSpec) -> list[Result]:
    """The same sync as it is and with the engine's own work left out, in turn; medians."""
    spec = CatalogueSpec(channels=spec.channels // SHARE, movies=spec.movies // SHARE, series=spec.series // SHARE)
    costs: dict[str, list[Cost]] = {"full": [], "bare": []}
    with sync.portal("stock", spec) as process, tempfile.TemporaryDirectory() as folder:
        for turn in range(PAIRS):
            for work in ("full", "bare") if turn % 2 else ("bare", "full"):
                given = {"url": f"{process.url}/stalker_portal/c/", "kind": "stalker"}
                database = f"sqlite:///{folder}/{work}-{turn}.db"
                costs[work].append(measure("bench.engine", work, database=database, **given))
    full, bare = costs["full"], costs["bare"]
    items = sync._items(full[0])  # noqa: SLF001 - a neighbour
    if sync._items(bare[0]) != items:  # noqa: SLF001 - a neighbour
        raise SystemExit("the two syncs did not do the same work")
    wall = _typical(full, [one.wall for one in full])
    cpu = _typical(full, [one.cpu for one in full])
    return [
        Result(
            name="Engine overhead, Stalker, SQLite: wall",
            items=items,
            cost=wall,
            floor=median(one.wall for one in bare),
            aim="≤ 1.10",
        ),
        Result(
            name="Engine overhead, Stalker, SQLite: CPU",
            items=items,
            cost=cpu,
            floor=median(one.cpu for one in bare),
            aim="≤ 1.10",
        ),
    ]


def cancel(spec: CatalogueSpec, *, postgres: Any = None) -> list[Result]:
    """Cancels of running syncs at random moments, several at once, until the job says `cancelled`."""
    name = f"Cancel, {'Postgres' if postgres else 'SQLite'}"
    with (
        sync.portal("stock", spec, latency_ms=100) as process,
        tempfile.TemporaryDirectory() as folder,
        sync.databases(postgres) as (database, _),
    ):
        url = f"{process.url}/stalker_portal/c/"
        cost = measure("bench.engine", "cancels", url=url, folder=folder, database=database)
    taken = sorted(cost.told["seconds"])
    figures = {"p50": median(taken), "p99": quantiles(taken, n=100, method="inclusive")[98], "max": taken[-1]}
    return [
        Result(
            name=f"{name}: {figure}",
            items=len(taken),
            cost=_typical([cost], [seconds]),
            floor=SECONDS if figure == "p99" else None,
            aim="≤ 1.0 (of 2 s)" if figure == "p99" else "",
        )
        for figure, seconds in figures.items()
    ]


def _typical(costs: list[Cost], seconds: list[float]) -> Cost:
    return Cost(
        wall=median(seconds),
        cpu=median(one.cpu for one in costs),
        peak_mb=median(one.peak_mb for one in costs),
        idle_mb=costs[0].idle_mb,
        told={},
    )


async def full(clock: Clock, given: dict[str, Any]) -> dict[str, Any]:
    """The sync with all that a worker has around it; its log is written, but goes nowhere."""
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedValkey(Path(folder)) as server,
        io.StringIO() as log,
    ):
        said, sys.stderr = sys.stderr, log
        configure_logs(form="json", level="info")
        sys.stderr = said
        redis = connect(server.url)
        hints = RedisHints(redis)
        sync.Run = lambda database, _, job_id: Run(database, hints, job_id)  # type: ignore[assignment,misc]
        told = await sync.sync(clock, given)
        await redis.aclose()
    return told


async def bare(clock: Clock, given: dict[str, Any]) -> dict[str, Any]:
    """The same rows by the same pipeline: nothing is leased, checked, saved, shown, counted or said."""
    configure_logs(form="json", level="error")
    counts: dict[StepName, Tally[str]] = {}
    note = JobTracker.note

    def count(_job: JobTracker, step: StepName, *, pages_total: int | None = None, **more: int) -> None:
        del pages_total
        counts.setdefault(step, Tally()).update(more)

    async def begin(job: JobTracker, step: StepName) -> None:
        del job, step

    async def finish(job: JobTracker, *_: Any, **__: Any) -> None:
        for step, found in counts.items():
            note(job, step, **found)
        job.finished = True

    for owner, name, instead in (
        (lease, "require", _later),
        (progress, "add_checkpoint", _later),
        (JobTracker, "save", _later),
        (JobTracker, "begin", begin),
        (JobTracker, "end", _later),
        (JobTracker, "tell", _now),
        (JobTracker, "note", count),
        (JobTracker, "finish", finish),
        (Pulse, "start", _now),
        (Pulse, "stop", _later),
        (prometheus_client.Counter, "inc", _now),
        (prometheus_client.Gauge, "set", _now),
        (prometheus_client.Histogram, "observe", _now),
    ):
        setattr(owner, name, instead)
    return await sync.sync(clock, given)


async def _later(*_: Any, **__: Any) -> None: ...


def _now(*_: Any, **__: Any) -> None: ...


async def cancels(clock: Clock, given: dict[str, Any]) -> dict[str, Any]:
    """A worker in this process, several providers, and a cancel for each of their jobs again and again."""
    configure_logs(form="json", level="error")
    settings = Settings(data_dir=Path(given["folder"]), database_url=given["database"])
    taken: list[float] = []
    chance = random.Random(1)
    async with open_context(settings) as context, embedded_worker(context):
        added = [await _add(context, given["url"], number) for number in range(AT_ONCE)]
        with clock:
            await asyncio.gather(*(_cancel_often(context, one, taken, chance) for one in added))
    return {"seconds": taken}


async def _add(context: ProcessContext, url: str, number: int) -> int:
    credentials = {"mac": f"00:1A:79:00:00:{number:02X}"}
    new = NewProvider(
        name=f"bench {number}", kind=ProviderKind.STALKER, url=url, credentials=credentials, schedule=None
    )
    return (await context.registry.add(new)).pk


async def _cancel_often(context: ProcessContext, provider_pk: int, taken: list[float], chance: random.Random) -> None:
    while len(taken) < CANCELS:
        job_id = (await context.jobs.start(provider_pk, mode=SyncMode.FULL)).job_id
        await _until(context, job_id, JobStatus.RUNNING, JobStatus.COMPLETED, JobStatus.FAILED)
        await asyncio.sleep(chance.uniform(0, 1.5))
        asked = time.perf_counter()
        try:
            await context.jobs.cancel(provider_pk)
        except Conflict:
            continue  # it had ended
        ended = await _until(context, job_id, JobStatus.CANCELLED, JobStatus.COMPLETED, JobStatus.FAILED)
        if ended is not JobStatus.CANCELLED:
            raise SystemExit(f"a cancelled job ended {ended}")
        taken.append(time.perf_counter() - asked)


async def _until(context: ProcessContext, job_id: str, *wanted: JobStatus) -> JobStatus:
    asked = select(sync.JOB.c.status).where(sync.JOB.c.id == job_id)
    while True:
        async with context.database.reader() as reader:
            status = JobStatus(await reader.scalar(asked))
        if status in wanted:
            return status
        await asyncio.sleep(0.02)
