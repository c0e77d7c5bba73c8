"""Put on a child's PYTHONPATH, it moves that process's wall clock by the seconds that stand in a file.

Monotonic clocks stay as they are, as they do when somebody sets the time of a machine.
"""

import datetime as dt
import os
import time
from pathlib import Path

FILE = os.environ.get("FAULT_CLOCK_FILE")


def offset() -> int:
    try:
        return int(Path(FILE or "").read_text())
    except (OSError, ValueError):
        return 0


def install() -> None:
    real, real_ns = time.time, time.time_ns
    time.time = lambda: real() + offset()
    time.time_ns = lambda: real_ns() + offset() * 1_000_000_000
    # The one library that asks `datetime` for the time of a schedule; its copy alone is replaced.
    import arq.worker  # noqa: PLC0415

    class Shifted(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:  # type: ignore[override]
            return dt.datetime.now(tz) + dt.timedelta(seconds=offset())

    arq.worker.datetime = Shifted  # type: ignore[attr-defined]


if FILE:
    install()
