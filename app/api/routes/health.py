"""Is the process there, can it work, what has it done."""

import asyncio
from collections.abc import Awaitable
from functools import cache
from typing import Any, Final

from asyncpg import PostgresError
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.api.deps import ContextDep
from app.api.errors import problem
from app.api.metrics import Shared, exposition
from app.context import ProcessContext
from app.core.errors import LineupError
from app.db import migrate

CHECK_SECONDS: Final = 3.0  # probes give up after a few seconds; an answer has to be there before

own = APIRouter(tags=["health"])  # what any process can tell of itself
router = APIRouter(tags=["health"])


@own.get("/health")
async def get_health() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/health/ready", responses={503: {"description": "Something it needs is missing; `checks` says what."}})
async def get_readiness(context: ContextDep) -> Any:
    """Whether the database, the queue, a worker and the schema are there."""
    checks = await checks_of(context)
    missing = [name for name, state in checks.items() if state != "ok"]
    if not missing:
        return {"status": "ok", "checks": checks}
    return problem(503, f"Not ready: {', '.join(missing)}.", code="not_ready", members={"checks": checks})


@own.get("/metrics", response_class=Response)
async def get_metrics(request: Request) -> Response:
    """Counters and durations in the text format of Prometheus."""
    shared: Shared = request.app.state.shared
    return Response(exposition(await shared.measured()), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def checks_of(context: ProcessContext) -> dict[str, str]:
    """What this process needs, each `ok` or a sentence that says what is wrong."""
    probes = {
        "database": _database(context),
        "queue": context.queue.ping(),
        "worker": _worker(context),
        "schema": _schema(context),
    }
    states = await asyncio.gather(*(_state(probe) for probe in probes.values()))
    return dict(zip(probes, states, strict=True))


async def _state(probe: Awaitable[str | None]) -> str:
    """`ok`, or a sentence that names no address and no password."""
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await probe or "ok"
    except LineupError as error:
        return error.detail
    except (SQLAlchemyError, PostgresError, OSError) as error:
        return f"unreachable ({type(error).__name__})"


async def _database(context: ProcessContext) -> None:
    async with context.database.reader() as reader:
        await reader.scalar(text("SELECT 1"))


async def _worker(context: ProcessContext) -> str | None:
    return None if await context.queue.workers_alive() else "no worker has reported lately"


async def _schema(context: ProcessContext) -> str | None:
    async with context.database.reader() as reader:
        found = await reader.scalar(text("SELECT version_num FROM alembic_version"))
    return None if found == _newest() else f"at revision {found}, this release needs {_newest()}"


@cache
def _newest() -> str:
    return migrate.head_revision()
