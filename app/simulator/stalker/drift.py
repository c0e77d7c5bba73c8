"""How lists move while somebody walks them."""

from typing import Final, Literal, NamedTuple

from app.simulator.lists import ListName, Lists, Order
from app.simulator.stats import Stats

Shift = Literal["insert", "delete", "both", "anywhere", "swap", "ties"]
STRIDE: Final = 7  # so that rows go from all over a list


class Spot(NamedTuple):
    """The page that is asked for: of which list, and how long pages are."""

    name: ListName
    order: Order
    category: int
    page: int
    size: int


def shift(lists: Lists, stats: Stats, how: Shift, spot: Spot, *, turn: int) -> None:
    """Moves a list before a page of it is read; `turn` counts the moves."""
    if how in ("anywhere", "swap"):
        _behind(lists, stats, spot, turn, swap=how == "swap")
    elif how == "insert" or (how == "both" and turn % 2):
        stats.inserted.append(str(lists.insert(spot.name)))
    elif how != "ties":
        _note(stats.deleted, lists.delete(spot.name, spot.order))


def _behind(lists: Lists, stats: Stats, spot: Spot, turn: int, *, swap: bool) -> None:
    """A row goes from a page that was read, but not from the first, where anybody would notice."""
    read = (spot.page - 2) * spot.size  # rows between the first page and this one
    ahead = len(lists.ids(spot.name, spot.order, spot.category)) - spot.page * spot.size - 2
    if read < 1 or (swap and ahead < 1):
        return
    if swap:
        place = spot.page * spot.size + (turn * STRIDE) % ahead
        number = lists.backdate(spot.name, spot.order, spot.category, place)
        if number is None:
            return
        stats.inserted.append(str(number))
    place = spot.size + (turn * STRIDE) % read
    _note(stats.deleted, lists.delete(spot.name, spot.order, category=spot.category, place=place))


def _note(told: list[str], number: int | None) -> None:
    if number is not None:
        told.append(str(number))
