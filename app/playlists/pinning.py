"""Positions that people gave: an item stands at its position among what is shown, the others flow around it."""

from array import array
from collections.abc import Collection, Iterator, Mapping


def pinned(places: "array[int]", positions: Mapping[int, int], hidden: Collection[int]) -> "array[int]":
    """`places` without the hidden ones, those with a position (from 1) moved there; behind the end they come last.

    Of two with the same position the one that came first stands there, the other follows it.
    """
    moved = sorted((place for place in places if place in positions), key=lambda place: positions[place])
    left = array("q", (place for place in places if place not in positions and place not in hidden))
    return array("q", _merged(left, moved, positions))


def _merged(left: "array[int]", moved: list[int], positions: Mapping[int, int]) -> Iterator[int]:
    waiting, taken = iter(moved), 0
    following = next(waiting, None)
    for place in left:
        while following is not None and positions[following] <= taken + 1:
            yield following
            taken, following = taken + 1, next(waiting, None)
        yield place
        taken += 1
    if following is not None:
        yield following
    yield from waiting
