"""How many requests one provider host gets at once, learned from its answers; how many a second, where told."""

import asyncio
import time
from collections import deque
from contextlib import suppress
from types import TracebackType
from typing import Final
from weakref import WeakKeyDictionary

START: Final = 4
SLOW_SECONDS: Final = 5.0  # an answer that takes this long, and far longer than the best, is no reason to ask for more
SLOW_FACTOR: Final = 4.0


class Window:
    """Slots for requests: `limit` now, one more per good answer until the first trouble, then one more per round.

    Trouble halves it, once per round trip: what was asked before the last halving cannot halve again.
    """

    def __init__(self, ceiling: int = 150) -> None:
        self._ceiling = max(1, ceiling)
        self._limit = float(min(START, self._ceiling))
        self._active = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._wishes: WeakKeyDictionary[object, int] = WeakKeyDictionary()
        self._troubled = False
        self._halved_at = -1.0
        self._best = float("inf")
        self._typical = 0.05

    @property
    def limit(self) -> int:
        """How many may be asked for at once now."""
        return int(self._limit)

    def limit_for(self, client: object, ceiling: int) -> None:
        """What a client allows at most; the lowest of all that live counts."""
        self._wishes[client] = max(1, ceiling)
        self._ceiling = min(self._wishes.values())
        self._limit = min(self._limit, float(self._ceiling))

    @property
    def active(self) -> int:
        """How many slots are taken."""
        return self._active

    def slot(self) -> "Window":
        """`async with window.slot():` holds one slot, waiting for it in order."""
        return self

    def good(self, seconds: float) -> None:
        """A whole answer came after `seconds`."""
        self._best = min(self._best, seconds)
        self._typical += (seconds - self._typical) / 8
        if seconds > SLOW_SECONDS and seconds > self._best * SLOW_FACTOR:
            return
        if self._limit < self._ceiling:
            step = 1 / self._limit if self._troubled else 1.0
            self._limit = min(self._limit + step, float(self._ceiling))
            self._wake()

    def bad(self, asked_at: float | None = None) -> None:
        """Trouble: refused for load, timed out or cut; `asked_at` (monotonic) tells old trouble from new."""
        now = time.monotonic()
        if (asked_at if asked_at is not None else now - self._typical) <= self._halved_at:
            return
        self._troubled = True
        self._halved_at = now
        self._limit = max(1.0, self._limit / 2)

    async def __aenter__(self) -> None:
        if self._active < int(self._limit) and not self._waiting:
            self._active += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                with suppress(ValueError):
                    self._waiting.remove(turn)
            else:
                self._leave()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        self._active -= 1
        self._wake()

    def _wake(self) -> None:
        while self._waiting and self._active < int(self._limit):
            turn = self._waiting.popleft()
            if not turn.done():
                # The slot is handed over here, so that nobody who comes between can take it.
                self._active += 1
                turn.set_result(None)


class Pace:
    """At most `per_second` requests a second, evenly spaced; None does not wait."""

    def __init__(self, per_second: float | None) -> None:
        self._gap = 1 / per_second if per_second else 0.0
        self._next = 0.0

    async def turn(self) -> None:
        if not self._gap:
            return
        now = time.monotonic()
        self._next = max(self._next + self._gap, now)
        if self._next > now:
            await asyncio.sleep(self._next - now)
