"""Another try for what may pass: `Unavailable` only, a few times, never in step with others."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, TypeVar

from app.core.errors import Unavailable
from app.core.traffic import CURRENT
from app.providers.metrics import RETRIES

T = TypeVar("T")

LONGEST_WISH: Final = 300.0  # seconds; a provider that asks for more is asked again by the next job


async def retrying(
    call: Callable[[], Awaitable[T]], *, attempts: int = 3, base_seconds: float = 1.0, cap_seconds: float = 30
) -> T:
    """Calls until it works, at most 1 + `attempts` times, after 1, 2, 4 s with full jitter.

    The provider's own `retry_after` wins, up to 300 s.
    """
    for attempt in range(attempts):
        try:
            return await call()
        except Unavailable as error:
            RETRIES.inc()
            if (traffic := CURRENT.get()) is not None:
                traffic.retries += 1
            await asyncio.sleep(pause(error.retry_after, attempt, base_seconds=base_seconds, cap_seconds=cap_seconds))
    return await call()


def pause(wish: float | None, attempt: int, *, base_seconds: float, cap_seconds: float) -> float:
    """Seconds to wait after the failed `attempt` (from 0)."""
    if wish is not None:
        return min(max(wish, 0.0), LONGEST_WISH)
    return random.uniform(0, min(cap_seconds, base_seconds * 2**attempt))  # noqa: S311 - jitter is no secret


def retry_after(value: str | None) -> float | None:
    """Seconds from a `Retry-After` header, a number or an HTTP date; None when it says nothing usable."""
    if not value:
        return None
    value = value.strip()
    try:
        return max(float(value), 0.0) if value.isascii() and value[:1].isdigit() else _until(value)
    except (ValueError, OverflowError):
        return None


def _until(value: str) -> float:
    moment = parsedate_to_datetime(value)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)
