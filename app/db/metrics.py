"""How big the database is, looked up when somebody asks."""

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from sqlalchemy import text

from app.db.engine import Database

_SQLITE = text("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
_POSTGRES = text("SELECT pg_database_size(current_database())")


async def measured(database: Database) -> list[Metric]:
    """The database file without its log, or what Postgres says."""
    async with database.reader() as reader:
        found = int(await reader.scalar(_SQLITE if database.sqlite else _POSTGRES))
    return [GaugeMetricFamily("lineup_database_bytes", "The size of the database.", value=found)]
