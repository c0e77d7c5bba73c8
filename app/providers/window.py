"""How many requests one provider host gets at once, learned from its answers, and when the next one may go."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final
from weakref import WeakKeyDictionary

from app.providers.flow import Flow
from app.providers.rate import Rate

START: Final = 4
TASTE: Final = 16  # the first answers widen it slowly: a burst that a limiter allows looks like plenty
LONGEST_HOLD: Final = 300.0  # seconds; a provider that asks for more is asked again by the next job
LATE_SECONDS: Final = 0.002  # timers are coarse: what came late by so little is made up for
ECHO_SECONDS: Final = 1.0  # trouble elsewhere, heard so soon after one's own, is most likely the same
TOLD_SECONDS: Final = 0.5  # so old what others tell may be
FAST_GAP: Final = 0.02
FAST_LATE_SECONDS: Final = 0.02  # a fast pace goes on in small bursts after a busy moment of this process


class Window:
    """Slots for requests, handed out in order: `limit` at once, at the host's `rate`, and none while it holds.

    One more per good answer until the first trouble, then one more per round, while all are used and answers do not
    slow down. Trouble halves it, once per round trip: what was asked before the last halving cannot halve again.
    """

    def __init__(self, ceiling: int = 150, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = Rate()
        self.troubles = 0  # halvings so far
        self.refusals = 0
        self.asleep = False  # whoever comes first calls `rouse`
        self.rouse: Callable[[], None] = lambda: None
        self.news: Callable[[], None] = lambda: None  # something that other processes should know
        self._clock = clock
        self._allowed = max(1, ceiling)
        self._share = 1.0
        self._ceiling = self._allowed
        self._limit = float(min(START, self._ceiling))
        self._flow = Flow()
        self._active = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._wishes: WeakKeyDictionary[object, int] = WeakKeyDictionary()
        self._troubled = False
        self._halved_at = -1.0
        self._hold_until = 0.0
        self._shut_until = 0.0
        self._next_at = 0.0

    @property
    def limit(self) -> int:
        """How many may be asked for at once now."""
        return int(self._limit)

    @property
    def active(self) -> int:
        """How many slots are taken."""
        return self._active

    @property
    def demand(self) -> int:
        """How many would be asked for at once, were they let."""
        return self._active + len(self._waiting)

    @property
    def held(self) -> float:
        """Seconds until the host may be asked again."""
        return max(0.0, self._hold_until - self._clock())

    @property
    def share(self) -> float:
        """What this process may use of all that the host allows."""
        return self._share

    def limit_for(self, client: object, ceiling: int) -> None:
        """What a client allows at most; the lowest of all that live counts."""
        self._wishes[client] = max(1, ceiling)
        self._allowed = min(self._wishes.values())
        self.take_share(self._share)

    def take_share(self, share: float) -> None:
        """Other processes ask this host too: a part of its ceiling and of its pace is left."""
        self._share = self.rate.share = share
        self._ceiling = max(1, math.ceil(self._allowed * share))
        fit = self._ceiling if self.rate.taken else min(self._ceiling, START * share)
        self._limit = max(1.0, min(self._limit, fit))
        self._wake()

    def slot(self) -> "Window":
        """`async with window.slot():` holds one slot, waiting for it in order."""
        return self

    def good(self, seconds: float) -> None:
        """A whole answer came after `seconds`."""
        now, rate, flow, limit = self._clock(), self.rate, self._flow, self._limit
        rate.taken += 1
        if flow.answered(now, seconds, limit):
            rate.mark(now)
            limit = self._limit = min(flow.judge(now, limit), float(self._ceiling))
        if limit < self._ceiling and self._active * 2 >= limit - 1 and not flow.full:
            self._limit = min(limit + self._step(limit), float(self._ceiling))
            self._wake()

    def _step(self, limit: float) -> float:
        if self._troubled:
            # Where a pace holds requests back, a wider window floods nobody.
            return 1 / limit if self.rate.pace is None else max(0.5, 1 / limit)
        if self.rate.taken <= TASTE:
            return 0.125
        return 1.0 if self._flow.calm else 0.25

    def bad(self, asked_at: float | None = None, *, refused: bool = False) -> None:
        """Trouble: refused for load, timed out, cut or empty; `asked_at` (monotonic) tells old trouble from new."""
        now = self._clock()
        asked = now if asked_at is None else asked_at
        if refused:
            self.refusals += 1
            before = self.rate.pace
            self.rate.refused(now, asked)
            self._turned(now, before)
        if asked > self._halved_at:
            self._halve(now)
            self.troubles += 1
        self.news()

    def hold(self, seconds: float) -> None:
        """Nobody asks until then, at most 300 s: the host said so."""
        self.hold_also(seconds)
        self.news()

    def hold_also(self, seconds: float) -> None:
        """The same, when it is known from elsewhere."""
        self._hold_until = max(self._hold_until, self._clock() + min(seconds, LONGEST_HOLD))
        self._shut_until = max(self._shut_until, self._hold_until)

    def listen(self, seconds: float) -> None:
        """Nobody asks until `release`, but no longer than this: others may know something of the host."""
        self._shut_until = max(self._shut_until, self._clock() + seconds)

    def release(self) -> None:
        """What others know is known."""
        self._shut_until = self._hold_until
        self._wake()

    def suffer(self, *, troubled: bool, refusals: int) -> None:
        """Another process met trouble at this host; what it was refused counts here when this process leads."""
        now = self._clock()
        before = self.rate.pace
        for _ in range(refusals):
            self.rate.refused(now, now - TOLD_SECONDS)
        if self.rate.pace != before:
            self._turned(now, before)
            self.news()
        if troubled and now - self._halved_at > ECHO_SECONDS:
            self._halve(now)

    def _halve(self, now: float) -> None:
        self._halved_at = now
        self._troubled = True
        self._limit = max(1.0, self._limit / 2)

    async def enter(self) -> None:
        """Waits for a slot; `leave` gives it back."""
        if self.asleep:
            self.rouse()
        if not self._active:
            self._flow.rest()
        if self._active < int(self._limit) and not self._waiting:
            free = self.rate.pace is None and not self._shut_until
            if free or self._due() <= 0:
                self._active += 1
                return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._wake()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                with suppress(ValueError):
                    self._waiting.remove(turn)
            else:
                self.leave()
            raise

    def leave(self) -> None:
        """The slot is free for the next in order."""
        self._active -= 1
        if self._waiting:
            self._wake()

    async def __aenter__(self) -> None:
        await self.enter()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    def _wake(self) -> None:
        while self._waiting and self._active < int(self._limit):
            if self._waiting[0].done():
                self._waiting.popleft()
                continue
            free = self.rate.pace is None and not self._shut_until
            if not free and (wait := self._due()) > 0:
                if self._timer is None:
                    self._timer = asyncio.get_running_loop().call_later(wait, self._on_time)
                return
            # The slot is handed over here, so that nobody who comes between can take it.
            self._active += 1
            self._waiting.popleft().set_result(None)

    def _on_time(self) -> None:
        self._timer = None
        self._wake()

    def _due(self) -> float:
        """Seconds until one more may go; 0 spends its turn."""
        pace = self.rate.pace
        if pace is None and not self._shut_until:
            return 0.0
        now = self._clock()
        if now < self._shut_until:
            return self._shut_until - now
        self._shut_until = 0.0
        if pace is None:
            return 0.0
        if now < self._next_at:
            return self._next_at - now
        gap = 1 / (pace * self._share)
        if now - self._next_at < gap:
            self.rate.sent(now)
        late = FAST_LATE_SECONDS if gap < FAST_GAP else LATE_SECONDS
        self._next_at = (self._next_at if now - self._next_at <= late else now) + gap
        return 0.0

    def _turned(self, now: float, before: float | None) -> None:
        """The pace was cut: the host is full now, so the next one waits a whole turn. Or it was given up."""
        pace = self.rate.pace
        if pace is not None and pace != before:
            self._next_at = max(now, self._next_at) + 1 / (pace * self._share)
        elif pace is None and before is not None:
            self._wake()
