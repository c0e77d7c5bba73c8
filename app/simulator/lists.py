"""The lists a portal pages through: ids in an order, filtered by category, and how they move during a walk."""

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from typing import Final, Literal

from app.domain.kinds import Kind
from app.simulator.catalogue import Catalogue
from app.simulator.facts import NO_CATEGORY

ListName = Literal["itv", "vod", "series"]
Order = Literal["plain", "newest", "name"]
SERIES_BASE: Final = 10_000_000  # ids of series among the rows of a VOD list
EVERYTHING: Final = 0  # in place of a category
DECENT: Final = -2  # in place of a category: all that is not censored
READ_ROW: Final = 3  # a row that a walk has read by now, and not the one just inserted
MOST_TRIES: Final = 2_000  # numbers looked at for one in a given category
Key = tuple[ListName, Order, int]


class Lists:
    """Ids per list, order and category, made on first use.

    `vod` holds series too when `mixed`, `series` is there when `native`.
    """

    def __init__(self, catalogue: Catalogue, *, mixed: bool, native: bool, share: float = 1.0) -> None:
        self._catalogue = catalogue
        self._mixed = mixed
        self._native = native
        self._share = share
        self._made: dict[Key, array[int]] = {}
        self._split: dict[tuple[ListName, Order], dict[int, array[int]]] = {}
        self._top = {kind: stock.top for kind, stock in catalogue.stock.items()}

    def ids(self, name: ListName, order: Order, category: int) -> Sequence[int]:
        """The ids of a category number; EVERYTHING and DECENT stand for `*`."""
        if category == EVERYTHING:
            return self._all(name, order)
        if category == DECENT:
            return self._decent(name, order)
        return self._parts(name, order).get(category, array("I"))

    def numbers(self, kind: Kind) -> Sequence[int]:
        """What is there of a kind, oldest first."""
        numbers = self._catalogue.numbers(kind)
        return numbers if self._share >= 1 else numbers[: int(len(numbers) * self._share)]

    def rows_of(self, kind: Kind) -> Sequence[int]:
        """The ids of a kind as the portal spells them now: series in a VOD list have ids above SERIES_BASE.

        A portal that shows series in both lists has each of them twice.
        """
        if kind is Kind.CHANNEL:
            return self._all("itv", "plain")
        if kind is Kind.MOVIE:
            return [number for number in self._all("vod", "newest") if number < SERIES_BASE]
        found = [number for number in self._all("vod", "newest") if number >= SERIES_BASE] if self._mixed else []
        return [*found, *self._all("series", "newest")] if self._native else found

    def insert(self, name: ListName) -> int | None:
        """A new title at the head; None for lists that are not shown newest first."""
        if name == "itv":
            return None
        kind = Kind.MOVIE if name == "vod" else Kind.SERIES
        self._top[kind] += 1
        number = self._top[kind]
        for key, ids in self._affected(name, number):
            ids.insert(self._place(key, ids, number), number)
        return number

    def backdate(self, name: ListName, order: Order, category: int, place: int) -> int | None:
        """A title appears in mid-list, behind `place`, as if it had been there for long; `category` as in `ids`."""
        ids = self.ids(name, order, category)
        if name == "itv" or not 0 <= place < len(ids) - 1:
            return None
        kind = Kind.MOVIE if name == "vod" else Kind.SERIES
        for _ in range(MOST_TRIES):
            self._top[kind] += 1
            number = self._top[kind]
            if category in (EVERYTHING, DECENT, self.category(name, number)):
                moment = (self._added(name, ids[place]) + self._added(name, ids[place + 1])) // 2
                self._catalogue.backdate(kind, number, moment)
                for key, affected in self._affected(name, number):
                    affected.insert(self._place(key, affected, number), number)
                return number
        return None

    def delete(self, name: ListName, order: Order, *, category: int = EVERYTHING, place: int = READ_ROW) -> int | None:
        """A row disappears, near the head if not told otherwise, so that all that follows moves up."""
        ids = self.ids(name, order, category)
        if not ids:
            return None
        removed = ids[min(place, len(ids) - 1)]
        for _, affected in self._affected(name, removed):
            if removed in affected:
                affected.remove(removed)
        return removed

    def _all(self, name: ListName, order: Order) -> "array[int]":
        key = (name, order, EVERYTHING)
        if key not in self._made:
            self._made[key] = self._make(name, order)
        return self._made[key]

    def _make(self, name: ListName, order: Order) -> "array[int]":
        if order == "name":
            return array("I", sorted(self._all(name, "newest"), key=lambda number: self.name(name, number)))
        if name == "itv":
            return array("I", self.numbers(Kind.CHANNEL))
        if name == "series":
            return array("I", reversed(self.numbers(Kind.SERIES)))
        movies = self.numbers(Kind.MOVIE)
        if not self._mixed:
            return array("I", reversed(movies))
        rows = [*movies, *(SERIES_BASE + number for number in self.numbers(Kind.SERIES))]
        return array("I", sorted(rows, key=lambda row: self._added("vod", row), reverse=True))

    def _decent(self, name: ListName, order: Order) -> "array[int]":
        key = (name, order, DECENT)
        if key not in self._made:
            self._made[key] = array("I", (i for i in self._all(name, order) if not self.censored(name, i)))
        return self._made[key]

    def _parts(self, name: ListName, order: Order) -> dict[int, "array[int]"]:
        key = (name, order)
        if key not in self._split:
            parts: dict[int, array[int]] = defaultdict(lambda: array("I"))
            for number in self._all(name, order):
                parts[self.category(name, number)].append(number)
            self._split[key] = dict(parts)
        return self._split[key]

    def _affected(self, name: ListName, number: int) -> list[tuple[Key, "array[int]"]]:
        found = [(key, ids) for key, ids in self._made.items() if key[0] == name]
        if self.censored(name, number):
            found = [(key, ids) for key, ids in found if key[2] != DECENT]
        category = self.category(name, number)
        for (list_name, order), parts in self._split.items():
            if list_name == name:
                found.append(((name, order, category), parts.setdefault(category, array("I"))))
        return found

    def _place(self, key: Key, ids: "array[int]", number: int) -> int:
        if key[1] != "name":
            return bisect_left(ids, -self._added(key[0], number), key=lambda other: -self._added(key[0], other))
        return bisect_left(ids, self.name(key[0], number), key=lambda other: self.name(key[0], other))

    def _added(self, name: ListName, number: int) -> int:
        return self._catalogue.added_at(*owner(name, number))

    def name(self, name: ListName, number: int) -> str:
        """The shown name of a row."""
        return self._catalogue.name_of(*owner(name, number))

    def category(self, name: ListName, number: int) -> int:
        """The category number of a row, NO_CATEGORY when it is in no listed one."""
        kind, own = owner(name, number)
        index = self._catalogue.category_of(kind, own)
        return index if index == NO_CATEGORY else self._catalogue.categories[kind][index].number

    def censored(self, name: ListName, number: int) -> bool:
        """Whether a row is adult."""
        return self._catalogue.censored(*owner(name, number))


def owner(name: ListName, number: int) -> tuple[Kind, int]:
    """The kind and the item number behind a row's id."""
    if name == "itv":
        return Kind.CHANNEL, number
    if name == "series":
        return Kind.SERIES, number
    return (Kind.SERIES, number - SERIES_BASE) if number >= SERIES_BASE else (Kind.MOVIE, number)
