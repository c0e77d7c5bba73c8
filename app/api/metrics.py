"""What /metrics tells: HTTP from here, the rest from where it happens, and what all processes share looked up."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import chain
from typing import Final

from asyncpg import PostgresError
from prometheus_client import REGISTRY, Counter, Histogram, generate_latest
from prometheus_client.metrics_core import Metric
from sqlalchemy.exc import SQLAlchemyError

from app.context import ProcessContext
from app.core.errors import LineupError
from app.db import metrics as database_metrics
from app.jobs import metrics as job_metrics
from app.queue import metrics as queue_metrics
from app.registry import metrics as registry_metrics

# A page comes in a few milliseconds: the library's buckets begin where that is long over.
BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
FRESH_SECONDS: Final = 1.0  # several scrapers cost no more than one
SOURCE_SECONDS: Final = 2.0  # Prometheus gives up after ten; what is slow is left out long before
MISSING: Final = (LineupError, SQLAlchemyError, PostgresError, OSError)

REQUESTS: Final = Counter("lineup_http_requests", "Requests answered.", ("method", "route", "status"))
SECONDS: Final = Histogram(
    "lineup_http_request_seconds", "Time until an answer was sent in full.", ("method", "route"), buckets=BUCKETS
)

Source = Callable[[], Awaitable[Sequence[Metric]]]


class Shared:
    """What the database and the queue know of all processes. A source that is away is left out, the others stand."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self._sources = tuple(sources)
        self._found: Sequence[Metric] = ()
        self._until = 0.0
        self._turn = asyncio.Lock()
        self._late: dict[Source, asyncio.Task[Sequence[Metric]]] = {}

    async def measured(self) -> Sequence[Metric]:
        """At most a second old; whoever comes while it is looked up waits for that."""
        async with self._turn:
            if time.monotonic() >= self._until:
                found = await asyncio.gather(*(self._looked_up(source) for source in self._sources))
                self._found = tuple(chain.from_iterable(found))
                self._until = time.monotonic() + FRESH_SECONDS
            return self._found

    async def _looked_up(self, source: Source) -> Sequence[Metric]:
        # A database that hangs hears no cancellation: its source is waited for in passing, and asked no second time.
        task = self._late.pop(source, None) or asyncio.create_task(_asked(source))
        await asyncio.wait([task], timeout=SOURCE_SECONDS)
        if task.done():
            return task.result()
        self._late[source] = task
        return ()


class _All:
    """The process's own metrics and those that were looked up, as one."""

    def __init__(self, found: Iterable[Metric]) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        return chain(REGISTRY.collect(), self._found)


def shared(context: ProcessContext) -> Shared:
    """All that there is to look up."""
    return Shared(
        (
            lambda: queue_metrics.measured(context.queue),
            lambda: job_metrics.measured(context.database),
            lambda: registry_metrics.measured(context.database),
            lambda: database_metrics.measured(context.database),
        )
    )


def exposition(found: Iterable[Metric] = ()) -> bytes:
    """Everything in the text format of Prometheus."""
    return generate_latest(_All(found))


async def _asked(source: Source) -> Sequence[Metric]:
    try:
        return await source()
    except MISSING:
        return ()
