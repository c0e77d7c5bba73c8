"""Which providers are left alone, looked up when somebody asks."""

from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from sqlalchemy import select
from sqlmodel import col

from app.core.clock import now_ms
from app.db.engine import Database
from app.db.tables import Provider
from app.domain.breaker import Breaker, BreakerState

LEVELS: Final = {BreakerState.CLOSED: 0, BreakerState.HALF_OPEN: 1, BreakerState.OPEN: 2}
_BREAKERS: Final = select(
    col(Provider.id), col(Provider.breaker_refusals), col(Provider.breaker_trips), col(Provider.breaker_until)
)


async def measured(database: Database) -> list[Metric]:
    """The circuit breaker of every provider."""
    meaning = "A provider's circuit breaker: 0 closed, 1 half-open, 2 open."
    family = GaugeMetricFamily("lineup_breaker_state", meaning, labels=("provider",))
    async with database.reader() as reader:
        rows = await reader.rows(_BREAKERS)
    now = now_ms()
    for public_id, refusals, trips, until in rows:
        breaker = Breaker(refusals=refusals, trips=trips, until=until)
        family.add_metric((public_id,), LEVELS[breaker.state(now)])
    return [family]
