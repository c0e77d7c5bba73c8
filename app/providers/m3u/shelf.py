"""The entries of one kind, kept on disk in the order of the list: 16 bytes of each stay in memory."""

from array import array
from collections.abc import Iterator
from itertools import pairwise
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, Final, cast

import msgspec
from msgspec import Struct

from app.providers.m3u.parse import Entry

IN_MEMORY: Final = 4 * 1024 * 1024
PIECE: Final = 1024 * 1024
PORTION: Final = 100_000  # rows that are compared at a time
LENGTH: Final = 4  # bytes in front of each row


class Row(Struct, array_like=True, gc=False):
    """An entry as it is kept; `id` outlives tokens and credentials, but several rows may have it."""

    id: str
    name: str
    url: str
    attributes: dict[str, str]
    group: str
    duration: float
    directives: list[str] | None

    @property
    def entry(self) -> Entry:
        return Entry(self.name, self.url, self.attributes, self.group, self.duration, self.directives)


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Row).decode


class Seen(Struct, gc=False):
    """All rows of one id: by name the number of its first appearance, and all groups it stands in."""

    names: dict[str, tuple[int, list[str]]]


class Shelf:
    """Add all rows, `settle`, then read as often as you like."""

    def __init__(self) -> None:
        self._file = cast("BinaryIO", SpooledTemporaryFile(max_size=IN_MEMORY))  # noqa: SIM115 - closed by close
        self._hashes = array("q")
        self._places = array("Q")
        self._size = 0
        self._repeated: dict[str, Seen] = {}

    def __len__(self) -> int:
        return len(self._hashes)

    def add(self, row: Row) -> int:
        """Keeps a row; returns its place."""
        body = _encode(row)
        place = self._size
        self._hashes.append(hash(row.id))
        self._places.append(place)
        self._size += self._file.write(len(body).to_bytes(LENGTH, "little") + body)
        return place

    def settle(self) -> None:
        """Finds the ids that several rows have, and what these rows say."""
        twice = self._twice()
        for number, one in enumerate(self._hashes if twice else ()):
            if one in twice:
                row = self.at(self._places[number])
                seen = self._repeated.setdefault(row.id, Seen({}))
                _, groups = seen.names.setdefault(row.name.casefold(), (len(seen.names) + 1, []))
                groups.append(row.group)

    def _twice(self) -> set[int]:
        """The hashes that several rows have, looked for in portions: as objects they are three times as large."""
        portions, found = len(self) // PORTION + 1, set[int]()
        for portion in range(portions):
            ordered = sorted(one for one in self._hashes if one % portions == portion)
            found |= {one for one, other in pairwise(ordered) if one == other}
        return found

    def rows(self) -> Iterator[Row]:
        """All of them, in the order of the list."""
        at, data = 0, b""
        place = 0
        while True:
            if len(data) - at < LENGTH or len(data) - at < LENGTH + int.from_bytes(data[at : at + LENGTH], "little"):
                self._file.seek(place)
                more = self._file.read(PIECE)
                if not more:
                    return
                place += len(more)
                data, at = data[at:] + more, 0
                continue
            start = at + LENGTH
            at = start + int.from_bytes(data[at:start], "little")
            yield _decode(data[start:at])

    def items(self) -> Iterator[tuple[Row, str, list[str]]]:
        """Each item once, by its first row: that row, its external id, all its groups."""
        told: set[str] = set()
        for row in self.rows():
            external_id, groups = self.told(row)
            if row.id in self._repeated:
                if external_id in told:
                    continue
                told.add(external_id)
            yield row, external_id, groups

    def at(self, place: int) -> Row:
        """The row at a place that `add` told."""
        self._file.seek(place)
        size = int.from_bytes(self._file.read(LENGTH), "little")
        return _decode(self._file.read(size))

    def told(self, row: Row) -> tuple[str, list[str]]:
        """The external id of a row, and all its groups.

        Equal name and address in several groups are one item; another name at the same address is another item.
        """
        seen = self._repeated.get(row.id)
        if seen is None:
            return row.id, [row.group]
        number, groups = seen.names[row.name.casefold()]
        return (row.id if number == 1 else f"{row.id}~{number}"), groups

    def find(self, external_id: str) -> Row | None:
        """The first row of an item."""
        wanted, start = hash(external_id.partition("~")[0]), 0
        while True:
            try:
                number = self._hashes.index(wanted, start)
            except ValueError:
                return None
            row = self.at(self._places[number])
            if self.told(row)[0] == external_id:
                return row
            start = number + 1

    def close(self) -> None:
        self._file.close()
