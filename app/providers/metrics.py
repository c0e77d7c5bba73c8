"""What /metrics tells of providers. The label `host` is a host and a port, never more."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from app.providers.window import Window

# A page comes in a few milliseconds, a bulk list in a minute.
BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 120.0)

SECONDS: Final = Histogram(
    "lineup_provider_request_seconds", "Time until an answer was whole.", ("host",), buckets=BUCKETS
)
REQUESTS: Final = Counter("lineup_provider_requests", "Requests by what became of them.", ("host", "outcome"))
REFUSALS: Final = Counter("lineup_provider_refusals", "Requests that a host refused for load.", ("host",))
RETRIES: Final = Counter("lineup_provider_retries", "Requests that were asked again after a failure.")
LIMIT: Final = Gauge("lineup_provider_window_limit", "Requests that a host gets at once now.", ("host",))
ACTIVE: Final = Gauge("lineup_provider_window_active", "Requests that are under way.", ("host",))
PACE: Final = Gauge(
    "lineup_provider_pace", "Requests a second that a host gets at most; 0: no limit is known.", ("host",)
)


class HostMetrics:
    """The children of one host, looked up once: this stands on the path of every request."""

    def __init__(self, host: str, window: Window) -> None:
        self.seconds = SECONDS.labels(host).observe
        self.whole = REQUESTS.labels(host, "whole").inc
        self.empty = REQUESTS.labels(host, "empty").inc
        self.refused = REQUESTS.labels(host, "refused").inc
        self.failed = REQUESTS.labels(host, "failed").inc  # cut, reset, silent or not to be reached
        self.other = REQUESTS.labels(host, "other").inc  # any other status
        self.refusals = REFUSALS.labels(host).inc
        LIMIT.labels(host).set_function(lambda: window.limit)
        ACTIVE.labels(host).set_function(lambda: window.active)
        PACE.labels(host).set_function(lambda: window.rate.pace or 0.0)
