"""How the installation is: what it needs, what waits, what is stored, who is left alone."""

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, select
from sqlmodel import col

from app.api.metrics import Shared
from app.api.routes.health import checks_of
from app.context import ProcessContext
from app.db.tables import SnapshotFile
from app.registry.views import ProviderView

SECRET: Final = frozenset({"database_url", "redis_url", "secret_key", "api_keys", "artifacts_url"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """`counts` are by the names of metrics; `bytes_free` None where nothing is kept on this machine."""

    checks: Mapping[str, str]
    database: str
    queue: str
    counts: Mapping[str, float]
    bytes_stored: int
    bytes_free: int | None
    providers: Sequence[ProviderView]
    settings: Mapping[str, Any]


async def condition_of(context: ProcessContext, shared: Shared) -> Condition:
    """A look at everything."""
    settings = context.settings
    free = await asyncio.to_thread(shutil.disk_usage, settings.data_dir) if settings.data_dir.exists() else None
    return Condition(
        checks=await checks_of(context),
        database="SQLite" if context.database.sqlite else "Postgres",
        queue="inside this process" if settings.embedded else "Redis",
        counts=await _counts(shared),
        bytes_stored=await _stored(context),
        bytes_free=free.free if free else None,
        providers=await context.registry.list(),
        settings=_told(context),
    )


async def _counts(shared: Shared) -> dict[str, float]:
    """What all processes share; of metrics with labels, the sum and each by its first label."""
    found: dict[str, float] = {}
    for family in await shared.measured():
        for sample in family.samples:
            for name in {sample.name, ":".join([sample.name, *sample.labels.values()])}:
                found[name] = found.get(name, 0.0) + sample.value
    return found


async def _stored(context: ProcessContext) -> int:
    """Bytes of all files of versions, each counted once."""
    each = select(col(SnapshotFile.artifact), func.max(col(SnapshotFile.artifact_bytes)).label("bytes"))
    files = each.group_by(col(SnapshotFile.artifact)).subquery()
    async with context.database.reader() as reader:
        return int(await reader.scalar(select(func.coalesce(func.sum(files.c.bytes), 0))))


def _told(context: ProcessContext) -> dict[str, Any]:
    """Settings; of what is secret in them, whether it is set."""
    told = context.settings.model_dump(mode="json")
    return {name: ("set" if value else "not set") if name in SECRET else value for name, value in told.items()}
