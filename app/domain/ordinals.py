"""Sets of ordinals as bitmaps: a million items cost 125 kB, and a union is what resuming a walk needs."""

import zlib
from collections.abc import Iterable, Iterator
from itertools import islice

CHUNK = 4096  # bytes looked at together: whole empty stretches are skipped
STRETCH = 256  # bytes counted together where only a part is wanted


class OrdinalSet:
    """A growing set of small non-negative integers."""

    __slots__ = ("_bits",)

    def __init__(self, ordinals: Iterable[int] = (), *, bits: bytes = b"") -> None:
        self._bits = bytearray(bits)
        for ordinal in ordinals:
            self.add(ordinal)

    def add(self, ordinal: int) -> bool:
        """Adds one; False when it was there already."""
        place, mask = ordinal >> 3, 1 << (ordinal & 7)
        if place >= len(self._bits):
            self._bits.extend(bytes(max(place + 1 - len(self._bits), len(self._bits), 64)))
        if self._bits[place] & mask:
            return False
        self._bits[place] |= mask
        return True

    def __contains__(self, ordinal: int) -> bool:
        place = ordinal >> 3
        return place < len(self._bits) and bool(self._bits[place] & (1 << (ordinal & 7)))

    def __len__(self) -> int:
        return self.as_int().bit_count()

    def __iter__(self) -> Iterator[int]:
        for start in range(0, len(self._bits), CHUNK):
            value = int.from_bytes(self._bits[start : start + CHUNK], "little")
            base = start << 3
            while value:
                low = value & -value
                yield base + low.bit_length() - 1
                value ^= low

    def part(self, skip: int, count: int) -> list[int]:
        """`count` of them in their order behind the first `skip`, at nearly the same cost wherever that is."""
        found: list[int] = []
        for start in range(0, len(self._bits), STRETCH):
            stretch = OrdinalSet(bits=bytes(self._bits[start : start + STRETCH]))
            held = len(stretch)
            if skip < held:
                found += ((start << 3) + place for place in islice(stretch, skip, skip + count - len(found)))
                if len(found) >= count:
                    break
            skip = max(0, skip - held)
        return found

    def __sub__(self, other: "OrdinalSet") -> "OrdinalSet":
        return self._combined(self.as_int() & ~other.as_int())

    def __and__(self, other: "OrdinalSet") -> "OrdinalSet":
        return self._combined(self.as_int() & other.as_int())

    def update(self, other: "OrdinalSet") -> None:
        """Adds all of another set."""
        merged = self.as_int() | other.as_int()
        self._bits = bytearray(merged.to_bytes((merged.bit_length() + 7) // 8, "little"))

    def pack(self) -> bytes:
        """The set as bytes for the database."""
        return zlib.compress(bytes(self._bits).rstrip(b"\0"), 1)

    @classmethod
    def unpack(cls, packed: bytes) -> "OrdinalSet":
        """The set that `pack` wrote."""
        return cls(bits=zlib.decompress(packed))

    def as_int(self) -> int:
        """The bitmap as one number: bit n is set when n is in the set."""
        return int.from_bytes(self._bits, "little")

    @staticmethod
    def _combined(value: int) -> "OrdinalSet":
        return OrdinalSet(bits=value.to_bytes((value.bit_length() + 7) // 8, "little"))
