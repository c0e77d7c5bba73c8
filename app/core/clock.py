"""Times: UTC, whole milliseconds since the epoch in the database, RFC 3339 towards people."""

import time
from datetime import UTC, datetime


def now_ms() -> int:
    """The present in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def rfc3339(ms: int | None) -> str | None:
    """`2026-11-21T09:36:00Z`, with milliseconds only where there are any."""
    if ms is None:
        return None
    seconds, rest = divmod(ms, 1000)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:03d}Z" if rest else f"{text}Z"
