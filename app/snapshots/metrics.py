"""What building snapshots costs and yields."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal

from prometheus_client import Counter, Histogram

Outcome = Literal["published", "unchanged", "failed"]
BUCKETS: Final = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800)

BUILDS: Final = Counter(
    "lineup_snapshot_builds", "Builds of a version's files; unchanged ones only brought lost files back.", ("outcome",)
)
SECONDS: Final = Histogram("lineup_snapshot_build_seconds", "Time to build and publish a version.", buckets=BUCKETS)
BYTES: Final = Counter("lineup_snapshot_bytes", "Bytes written to the artifact store for versions.")

for _outcome in ("published", "unchanged", "failed"):
    BUILDS.labels(_outcome)


@dataclass(slots=True)
class Build:
    """A build under way: failed until it says otherwise."""

    outcome: Outcome = "failed"
    written: int = 0


@contextmanager
def measured() -> Iterator[Build]:
    """Counts and times what happens inside, however it ends."""
    build, began = Build(), time.perf_counter()
    try:
        yield build
    finally:
        BUILDS.labels(build.outcome).inc()
        BYTES.inc(build.written)
        if build.outcome != "failed":
            SECONDS.observe(time.perf_counter() - began)
