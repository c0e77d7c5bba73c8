"""A rate limit as nginx has it (`limit_req`): a leaky bucket per address."""

import time
from collections.abc import Callable


class Limiter:
    """Lets `rate` requests a second in and `burst` more at once; `delay` makes those wait for their turn.

    What exceeds the burst is refused and does not count.
    """

    def __init__(self, *, rate: float, burst: int, delay: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._delay = delay
        self._clock = clock
        self._buckets: dict[str, tuple[int, int]] = {}  # address → (excess in thousandths, its time in ms), as nginx

    def admit(self, client: str) -> float | None:
        """Seconds that a request has to wait before it is served; None refuses it."""
        now = round(self._clock() * 1000)
        known = self._buckets.get(client)
        excess = 0 if known is None else max(0, known[0] - round(self._rate * (now - known[1])) + 1000)
        if excess > self._burst * 1000:
            return None
        self._buckets[client] = (excess, now)
        return excess / 1000 / self._rate if self._delay else 0.0
