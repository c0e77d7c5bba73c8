"""Times: UTC, whole milliseconds since the epoch in the database, RFC 3339 towards people."""

import time
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

DAY_SECONDS: Final = 86_400
EPOCH: Final = date(1970, 1, 1)


def now_ms() -> int:
    """The present in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def machine_ms() -> int:
    """Milliseconds of a clock that all processes of this machine share and nobody can set; a restart begins it anew."""
    return time.monotonic_ns() // 1_000_000


def rfc3339(ms: int | None) -> str | None:
    """`2026-11-21T09:36:00Z`, with milliseconds only where there are any."""
    if ms is None:
        return None
    seconds, rest = divmod(ms, 1000)
    days, seconds = divmod(seconds, DAY_SECONDS)
    minutes, seconds = divmod(seconds, 60)
    fraction = f".{rest:03d}" if rest else ""
    return f"{_day(days)}T{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}{fraction}Z"


@lru_cache(maxsize=4096)
def _day(days: int) -> str:
    # Items of a catalogue share their days; formatting a date costs more than everything else about a time.
    return (EPOCH + timedelta(days=days)).isoformat()
