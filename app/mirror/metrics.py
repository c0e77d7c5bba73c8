"""Where queries of portals' tables were answered."""

from typing import Final

from prometheus_client import Counter, Histogram

SOURCES: Final = ("memory", "mirror", "remote")
BUCKETS: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)

QUERIES: Final = Counter("lineup_sql_queries", "Queries of a portal's tables that were answered.", ("source",))
SECONDS: Final = Histogram("lineup_sql_seconds", "Time to answer one.", ("source",), buckets=BUCKETS)
CACHE: Final = Counter(
    "lineup_sql_cache", "Levels that were looked at, and whether they had the answer.", ("level", "outcome")
)

# From the start, so that the first is a change from 0.
for _source in SOURCES:
    QUERIES.labels(_source)
    SECONDS.labels(_source)
for _level in ("memory", "mirror"):
    for _outcome in ("hit", "miss"):
        CACHE.labels(_level, _outcome)
