"""So many a minute, counted in memory."""

import time
from collections.abc import Callable
from typing import Final

MINUTE: Final = 60.0
MOST: Final = 100_000  # keys that are remembered: some 15 MB


class Buckets:
    """A bucket per key that holds a minute's worth and is filled evenly (GCRA): one number says how full it is."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._full: dict[str, float] = {}  # when each is full again

    async def take(self, key: str, *, per_minute: int) -> float:
        """Takes one; 0, or the seconds after which there is one again."""
        now = self._clock()
        full = max(now, self._full.get(key, now)) + MINUTE / per_minute
        wait = full - now - MINUTE
        if wait > 1e-6:  # noqa: PLR2004 - a rounding error is no wait
            return wait
        self._full[key] = full
        if len(self._full) > MOST:
            self._forget(now)
        return 0.0

    def _forget(self, now: float) -> None:
        """Those that are full are as those that never were; of too many others, the emptiest stay."""
        lacking = sorted(((full, key) for key, full in self._full.items() if full > now), reverse=True)
        self._full = {key: full for full, key in lacking[: MOST // 2]}
