"""When a walk of the newest items may stop. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

STOP_AFTER: Final = 5  # pages in a row without anything new or changed
MOST_PAGES: Final = 100
HOUR_MS: Final = 3_600_000  # clocks set back: what a portal tells in local time may go up by so much in a good order
TOLERATED: Final = 10  # one pair in so many may be out of order: titles that a portal pins to the top


@dataclass(slots=True, kw_only=True)
class Newest:
    """Counts quiet pages in the order of the list; `known` are those of an earlier attempt, quiet or not or neither."""

    known: Mapping[int, bool | None] = field(default_factory=dict)
    page: int = 0
    quiet: int = 0

    def __post_init__(self) -> None:
        self._go_on()

    def take(self, number: int, *, quiet: bool | None) -> None:
        """Learns of a page, and of those behind it that an earlier attempt stored; None says nothing either way."""
        self._count(number, quiet=quiet)
        self._go_on()

    @property
    def over(self) -> bool:
        """Whether enough is known."""
        return self.quiet >= STOP_AFTER or self.page >= MOST_PAGES

    @property
    def room(self) -> int:
        """How many pages will be needed at least: no more are to be asked for ahead."""
        return max(1, min(STOP_AFTER - self.quiet, MOST_PAGES - self.page))

    def _go_on(self) -> None:
        while self.page + 1 in self.known:
            self._count(self.page + 1, quiet=self.known[self.page + 1])

    def _count(self, number: int, *, quiet: bool | None) -> None:
        if number != self.page + 1:  # a page in between was lost: what was on it is not known
            self.quiet = 0
        self.page = number
        if quiet is not None:
            self.quiet = self.quiet + 1 if quiet else 0


@dataclass(slots=True, kw_only=True)
class Descent:
    """Whether a list really shows the newest first: portals ignore the wish, or do not say when items were added."""

    rows: int = 0
    told: int = 0
    pairs: int = 0
    risen: int = 0
    last: int | None = None

    def take(self, added: Sequence[int | None]) -> bool:
        """Learns when the items of the next page were added; False once the list cannot be newest first."""
        self.rows += len(added)
        for one in added:
            if one is None:
                continue
            self.told += 1
            if self.last is not None:
                self.pairs += 1
                self.risen += one > self.last + HOUR_MS
            self.last = one
        return 2 * self.told >= self.rows and TOLERATED * self.risen <= self.pairs
