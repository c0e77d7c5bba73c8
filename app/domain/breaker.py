"""The circuit breaker: how long a provider that refuses is left alone. Times in ms."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

REFUSALS: Final = 3  # in a row
FIRST_MS: Final = 60_000
LONGEST_MS: Final = 6 * 3_600_000
# The attempt that is let through may take this long to come to an answer; then somebody else may try.
TRIAL_MS: Final = 60_000
SKEW_MS: Final = 60_000  # by which the clocks of two machines may differ


class BreakerState(StrEnum):
    """Whether a provider is asked."""

    CLOSED = "closed"  # it is
    OPEN = "open"  # it is not
    HALF_OPEN = "half-open"  # the next attempt is


def open_ms(trips: int) -> int:
    """How long the opening of this number lasts: a minute, doubling up to six hours."""
    return min(FIRST_MS << min(trips - 1, 16), LONGEST_MS) if trips else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """A provider's refusals: `refusals` and openings (`trips`) in a row, and when the present one ends."""

    refusals: int = 0
    trips: int = 0
    until: int | None = None

    def state(self, now: int) -> BreakerState:
        """A time further ahead than any opening lasts was set by a clock that is wrong, and counts as over."""
        if self.until is None:
            return BreakerState.CLOSED
        if now < self.until <= now + max(open_ms(self.trips), TRIAL_MS) + SKEW_MS:
            return BreakerState.OPEN
        return BreakerState.HALF_OPEN

    def refused(self, now: int) -> "Breaker":
        """After a refused attempt. One that was under way while it opened changes nothing."""
        if self.state(now) is BreakerState.OPEN:
            return self
        refusals = self.refusals + 1
        if self.until is None and refusals < REFUSALS:
            return replace(self, refusals=refusals)
        trips = self.trips + 1
        return Breaker(refusals=refusals, trips=trips, until=now + open_ms(trips))

    def tried(self, now: int) -> "Breaker":
        """Half-open, with its one attempt under way: closed to all others meanwhile."""
        return replace(self, until=now + TRIAL_MS)

    def failed(self, now: int) -> "Breaker":
        """After the one attempt of a half-open breaker was refused."""
        return replace(self, until=now).refused(now)


CLOSED: Final = Breaker()
