"""Rows as bytes, made once; bounded, so that a million items stay cheap."""

from collections.abc import Callable, Iterable
from typing import Any, Final

import orjson

MOST_ROWS: Final = 100_000  # of about 1.6 kB each, per list


class RowCache:
    """`make` spells one row; the oldest rows are forgotten first."""

    def __init__(self, make: Callable[[int], dict[str, Any]], limit: int = MOST_ROWS) -> None:
        self._make = make
        self._limit = limit
        self._rows: dict[int, bytes] = {}

    def many(self, ids: Iterable[int]) -> list[bytes]:
        """The rows of these ids, in their order."""
        rows = self._rows
        try:
            return [rows[number] for number in ids]
        except KeyError:
            return [rows[number] if number in rows else self._add(number) for number in ids]

    def fill(self, ids: Iterable[int]) -> None:
        """Makes rows in advance, until the cache is full."""
        for number in ids:
            if len(self._rows) >= self._limit:
                return
            if number not in self._rows:
                self._add(number)

    def _add(self, number: int) -> bytes:
        # The copy is exact in size; orjson's own bytes keep their working buffer, several times as large.
        row = bytes(memoryview(orjson.dumps(self._make(number))))
        if len(self._rows) >= self._limit:
            del self._rows[next(iter(self._rows))]
        self._rows[number] = row
        return row
