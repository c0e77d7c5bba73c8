"""A delta on its way: all pages are laid down first, then applied as one; what counts is on disk, not in memory."""

import sqlite3
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from msgspec import Raw, Struct, json

from app.core.errors import LineupError

T = TypeVar("T")

CATEGORY: Final = "category"
_TABLES: Final = (
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA cache_size = -2048",
    """CREATE TABLE operation (kind TEXT, id TEXT, place INTEGER, body BLOB, PRIMARY KEY (kind, id)) WITHOUT ROWID""",
    "CREATE INDEX operation_place ON operation (kind, place)",
)


class Page(Struct, rename={"since": "from", "count_after": "countAfter"}):
    """An answer of `/changes`."""

    since: str
    to: str
    upserts: list[Raw]
    deletes: list[str]
    next: str | None
    count_after: int


class Row(Struct):
    """What tells a row apart."""

    kind: str
    id: str
    place: int | None = None


class Put(NamedTuple):
    """A row at its place, from 1, in the list of its kind."""

    place: int
    id: str
    body: bytes


_page: Final = json.Decoder(Page)
_row: Final = json.Decoder(Row)


class Stage:
    """One operation per id, from version `since` to version `to`."""

    def __init__(self, path: Path, since: str) -> None:
        path.unlink(missing_ok=True)
        self._base = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for statement in _TABLES:
            self._base.execute(statement)
        self.since = since
        self.to: str | None = None
        self.count_after = 0

    def add(self, body: bytes) -> str | None:
        """Lays down a page; returns the path of the next one."""
        page = _page.decode(body)
        if page.since != self.since or self.to not in (None, page.to):
            raise LineupError("The pages of the changes are not of one version.", code="protocol")
        self.to, self.count_after = page.to, page.count_after
        rows: list[tuple[Any, ...]] = [_operation(bytes(row)) for row in page.upserts]
        rows += [(*name.split(":", 1), None, None) for name in page.deletes]
        self._base.executemany("INSERT OR REPLACE INTO operation (kind, id, place, body) VALUES (?, ?, ?, ?)", rows)
        return page.next

    @property
    def operations(self) -> int:
        return int(self._base.execute("SELECT count(*) FROM operation").fetchone()[0])

    def touches(self, kind: str, name: str) -> bool:
        """Whether anything became of an id."""
        row = self._base.execute("SELECT 1 FROM operation WHERE kind = ? AND id = ?", (kind, name))
        return row.fetchone() is not None

    def puts(self, kind: str) -> Iterator[Put]:
        """Rows of a kind by their places, which are those after all operations."""
        query = "SELECT place, id, body FROM operation WHERE kind = ? AND body IS NOT NULL ORDER BY place"
        for row in self._base.execute(query, (kind,)):
            yield Put(*row)

    def gone(self, kind: str) -> Iterator[str]:
        """Ids of a kind that are taken away."""
        rows = self._base.execute("SELECT id FROM operation WHERE kind = ? AND body IS NULL", (kind,))
        return (str(row[0]) for row in rows)

    def merged(self, kind: str, kept: Iterator[T], made: Callable[[Put], T]) -> Iterator[T]:
        """What is kept, in its order, with the rows between it at their places."""
        place = 1
        for put in self.puts(kind):
            yield from islice(kept, put.place - place)
            yield made(put)
            place = put.place + 1
        yield from kept

    def close(self) -> None:
        self._base.close()


def _operation(row: bytes) -> tuple[str, str, int | None, bytes]:
    told = _row.decode(row)
    if told.kind == CATEGORY:
        return told.kind, told.id, None, row
    # The place stands behind the document: without it, the bytes are those of a snapshot.
    return told.kind, told.id, told.place, row[: row.rindex(b',"ordinal":')] + b"}"
