"""Where items stand in a list that shows the newest first: from which moment to which each page reaches."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Final

from app.domain.records import Record

MOST_BENDS: Final = 50  # places where the order is broken (clocks set back); beyond that there is no order
FOREVER: Final = 1 << 62
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Run:
    """Pages `first` to `last` between which an item stands, if it stands anywhere."""

    first: int
    last: int

    @property
    def pages(self) -> range:
        return range(self.first, self.last + 1)


@dataclass(slots=True)
class Order:
    """When the newest and the oldest item of each page were added, in ms; 0 = not known."""

    newest: "array[int]" = field(default_factory=lambda: array("q"))
    oldest: "array[int]" = field(default_factory=lambda: array("q"))
    bends: list[Span] = field(default_factory=list)

    def learn(self, number: int, records: Iterable[Record]) -> Span | None:
        """Takes in a page; returns its span, None when it has no order."""
        added = [one.added_at for one in records if one.added_at]
        bent = [(older, newer) for older, newer in pairwise(added) if newer > older]
        if len(self.bends) <= MOST_BENDS:
            self.bends += bent
        if not added or bent:
            return None
        missing = number - len(self.newest)
        if missing > 0:
            self.newest.extend([0] * missing)
            self.oldest.extend([0] * missing)
        self.newest[number - 1], self.oldest[number - 1] = added[0], added[-1]
        return added[0], added[-1]

    def span(self, number: int) -> Span | None:
        """What is known of a page."""
        if number > len(self.newest) or not self.newest[number - 1]:
            return None
        return self.newest[number - 1], self.oldest[number - 1]


class Places:
    """The order of a whole list, with what was learned since: finds the pages around a moment."""

    def __init__(self, order: Order, since: Mapping[int, Span], last: int) -> None:
        self.bends = list(order.bends)
        self._last = last
        spans = [since.get(number) or order.span(number) for number in range(1, last + 1)]
        known = [span for span in spans if span is not None]
        for (_, below), (newest, _) in pairwise(known):
            if newest > below and len(self.bends) <= MOST_BENDS:
                self.bends.append((below, newest))
        # Negated, so that both ascend. A page that is not known may begin as late and end as early as its neighbours.
        self._oldest = [-oldest for oldest in accumulate(spans, _end, initial=FOREVER)][1:]
        self._newest = [-newest for newest in accumulate(reversed(spans), _begin, initial=0)][:0:-1]

    @property
    def ordered(self) -> bool:
        """Whether the list shows the newest first at all."""
        return bool(self._newest) and len(self.bends) <= MOST_BENDS

    def around(self, moment: int) -> Run | None:
        """From the last page that begins later to the first that ends earlier; None where the order is broken."""
        if not self.ordered or any(low <= moment <= high for low, high in self.bends):
            return None
        first = bisect_left(self._newest, -moment)
        last = bisect_right(self._oldest, -moment, lo=max(0, first - 1)) + 1
        return Run(max(1, first), min(last, self._last))


def _end(before: int, span: Span | None) -> int:
    return before if span is None else span[1]


def _begin(behind: int, span: Span | None) -> int:
    return behind if span is None else span[0]
