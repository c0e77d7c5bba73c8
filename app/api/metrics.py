"""What /metrics tells of HTTP; the other parts of the process register theirs in the same registry."""

from typing import Final

from prometheus_client import Counter, Histogram

# A page comes in a few milliseconds: the library's buckets begin where that is long over.
BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)

REQUESTS: Final = Counter("lineup_http_requests", "Requests answered.", ("method", "route", "status"))
SECONDS: Final = Histogram(
    "lineup_http_request_seconds", "Time until an answer was sent in full.", ("method", "route"), buckets=BUCKETS
)
