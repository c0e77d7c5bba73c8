"""Randomness without state: what is drawn is a pure function of what it is drawn for."""

from collections.abc import Sequence
from hashlib import blake2b
from struct import Struct
from typing import Final, TypeVar

T = TypeVar("T")

RANGE: Final = 1 << 16
_unpack = Struct("<32H").unpack


def draws(seed: int, space: str, number: int, revision: int = 0) -> tuple[int, ...]:
    """32 independent numbers of 16 bits each."""
    return _unpack(blake2b(f"{seed}/{space}/{number}/{revision}".encode()).digest())


def pick(options: Sequence[T], draw: int) -> T:
    """One of the options."""
    return options[draw % len(options)]


def below(share: float, draw: int) -> bool:
    """True for about `share` (0–1) of all draws."""
    return draw < share * RANGE
