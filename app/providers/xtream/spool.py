"""A list as it was downloaded, kept on disk until all of it is there.

An item may be listed once per category, the second time at the very end. Only a whole list tells what an item belongs
to; records that left earlier would change twice in every sync. It also frees the panel's connection from our pace.
"""

from array import array
from collections.abc import Iterator
from itertools import pairwise
from operator import attrgetter
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Final, Self

from app.providers.xtream.parse import Membership, identity, members, tolerant

IN_MEMORY: Final = 8 * 1024 * 1024  # larger bodies go to a file
PIECE: Final = 256 * 1024


class Spool:
    """The bytes of one body; `nothing` when they say null or false; leaving it removes them."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed by __exit__
        self.elements = 0
        self.nothing = False

    def write(self, data: bytes) -> None:
        self._file.write(data)

    def pieces(self) -> Iterator[bytes]:
        """The bytes from the beginning."""
        self._file.seek(0)
        while data := self._file.read(PIECE):
            yield data

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Repeats:
    """Which ids a list holds more than once: 8 bytes per row until the end, then the repeated ones alone."""

    def __init__(self, key: str) -> None:
        self._id = attrgetter(key)
        self._seen = array("q")
        self._repeated: frozenset[int] = frozenset()
        self._first: dict[str, set[str]] = {}
        self._others: dict[str, set[str]] = {}

    def restart(self) -> None:
        """Forgets the first look: the list is downloaded anew."""
        self._seen = array("q")

    def note(self, rows: list[Membership | bytes]) -> None:
        """First look: every row."""
        self._seen.extend([hash(found) for row in self._readable(rows) if (found := identity(self._id(row)))])

    def settle(self) -> bool:
        """Ends the first look; whether a second one is needed."""
        ordered = sorted(self._seen)
        self._repeated = frozenset(one for one, other in pairwise(ordered) if one == other)
        self._seen = array("q")
        return bool(self._repeated)

    def gather(self, rows: list[Membership | bytes]) -> None:
        """Second look: the categories of the repeated ones."""
        for row in self._readable(rows):
            found = identity(self._id(row))
            if found is None or hash(found) not in self._repeated:
                continue
            own, *others = members(row.category_id, row.category_ids) or ("",)
            self._first.setdefault(found, set()).add(own)
            self._others.setdefault(found, set()).update(others)

    def _readable(self, rows: list[Membership | bytes]) -> Iterator[Membership]:
        for row in rows:
            found = tolerant(row, Membership) if isinstance(row, bytes) else row
            if found is not None:
                yield found

    def union(self, external_id: str) -> tuple[str, ...] | None:
        """All categories of a repeated item, in an order that outlives that of the rows; None for one listed once."""
        if external_id not in self._first:
            return None
        first = self._first[external_id]
        others = self._others[external_id] - first
        return tuple(entry for entry in (*sorted(first, key=_rank), *sorted(others, key=_rank)) if entry)


def _rank(entry: str) -> tuple[int, str]:
    return (int(entry) if entry.isascii() and entry.isdigit() and len(entry) <= 18 else 10**18, entry)  # noqa: PLR2004
