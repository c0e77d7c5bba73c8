"""What stands in a ready database. Columns are the fields of the API by the same names: rows of a delta fit in.

Left out is what a whole table shares: `kind` is the table's name, `isActive` is true, `providerId` stands in `meta`.
Lists are JSON. `place` is an item's number in its list, from 1.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

from msgspec import Raw, defstruct

from app.domain.kinds import Kind

APPLICATION_ID: Final = int.from_bytes(b"LNUP", "big")
USER_VERSION: Final = 1  # grows when a column or a table does
PAGE_BYTES: Final = 16_384  # items are 1.5 kB: in pages of 4,096 a fifth stays empty


class Flavor(StrEnum):
    """`fts5` has all that `plain` has, and an index of the words in names."""

    FTS5 = "fts5"
    PLAIN = "plain"


LIST: Final = "TEXT NOT NULL DEFAULT '[]'"
_COMMON: Final = {
    "id": "TEXT NOT NULL",
    "externalId": "TEXT",
    "name": "TEXT",
    "cleanedName": "TEXT",
    "categoryId": "TEXT",
    "categoryIds": LIST,
    "addedAt": "TEXT",
    "updatedAt": "TEXT",
    "tags": LIST,
    "isHd": "INTEGER",
    "censored": "INTEGER",
}
_TITLE: Final = _COMMON | {
    "originalName": "TEXT",
    "description": "TEXT",
    "poster": "TEXT",
    "year": "INTEGER",
    "director": "TEXT",
    "actors": LIST,
    "country": "TEXT",
    "genres": LIST,
    "rating": "REAL",
    "ratingImdb": "REAL",
    "duration": "INTEGER",
}
_PLAYED: Final = {"stream": "TEXT", "cmd": "TEXT"}
_CHANNEL: Final = {
    "number": "NUMERIC",
    "logo": "TEXT",
    "epgId": "TEXT",
    "archive": "INTEGER",
    "archiveDays": "NUMERIC",
}
COLUMNS: Final[Mapping[Kind, Mapping[str, str]]] = {
    Kind.CHANNEL: _COMMON | _CHANNEL | _PLAYED,
    Kind.MOVIE: _TITLE | _PLAYED,
    Kind.SERIES: _TITLE | {"yearEnd": "INTEGER", "episodeCount": "INTEGER"},
}
CATEGORY: Final = {
    "id": "TEXT NOT NULL",
    "externalId": "TEXT",
    "kind": "TEXT NOT NULL",
    "name": "TEXT",
    "position": "INTEGER",
    "count": "INTEGER",
}
SHARED: Final = frozenset({"kind", "isActive", "providerId"})
_SEARCHED: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.CHANNEL: ("name",),
    Kind.MOVIE: ("name", "originalName"),
    Kind.SERIES: ("name", "originalName"),
}


def _row_of(kind: Kind) -> type[Any]:
    fields = [
        (name, Raw, Raw(b"[]")) if spelled == LIST else (name, Any, None) for name, spelled in COLUMNS[kind].items()
    ]
    return defstruct(f"{kind.value.title()}Row", fields, gc=False)


ROWS: Final[Mapping[Kind, type[Any]]] = {kind: _row_of(kind) for kind in Kind}
LISTS: Final[Mapping[Kind, tuple[int, ...]]] = {
    kind: tuple(place for place, spelled in enumerate(COLUMNS[kind].values()) if spelled == LIST) for kind in Kind
}


def tables() -> Iterator[str]:
    """Made before the rows; they name everything that a version has."""
    yield 'CREATE TABLE meta ("key" TEXT PRIMARY KEY, "value" TEXT) WITHOUT ROWID'
    yield _table("category", CATEGORY)
    for kind in Kind:
        yield _table(kind.value, COLUMNS[kind])
    # An item stands in each of its categories, not in its first alone.
    yield (
        'CREATE TABLE item_category ("categoryId" TEXT NOT NULL, "place" INTEGER NOT NULL, '
        'PRIMARY KEY ("categoryId", "place")) WITHOUT ROWID'
    )


def indexes() -> Iterator[str]:
    """Made after the rows."""
    yield 'CREATE UNIQUE INDEX category_id ON category ("id")'
    for kind in Kind:
        table = kind.value
        yield f'CREATE UNIQUE INDEX {table}_id ON {table} ("id")'
        yield f'CREATE INDEX {table}_category ON {table} ("categoryId")'
        yield f'CREATE INDEX {table}_name ON {table} ("name" COLLATE NOCASE)'
    yield 'CREATE INDEX channel_number ON channel ("number")'


def search() -> Iterator[str]:
    """The index of words, without a copy of the names; triggers keep it true in a copy that somebody writes to."""
    for kind, searched in _SEARCHED.items():
        table, names = kind.value, ", ".join(f'"{name}"' for name in searched)
        new, old = (", ".join(f'{row}."{name}"' for name in searched) for row in ("new", "old"))
        put = f'INSERT INTO {table}_fts (rowid, {names}) VALUES (new."place", {new});'  # noqa: S608 - our own names
        take = (
            f"INSERT INTO {table}_fts ({table}_fts, rowid, {names}) "  # noqa: S608 - the same
            f"VALUES ('delete', old.\"place\", {old});"
        )
        yield (
            f"CREATE VIRTUAL TABLE {table}_fts USING fts5({names}, content='{table}', content_rowid='place', "
            "tokenize='unicode61 remove_diacritics 2')"
        )
        for command in ("rebuild", "optimize"):
            yield f"INSERT INTO {table}_fts ({table}_fts) VALUES ('{command}')"  # noqa: S608 - the same
        yield f"CREATE TRIGGER {table}_put AFTER INSERT ON {table} BEGIN {put} END"
        yield f"CREATE TRIGGER {table}_take AFTER DELETE ON {table} BEGIN {take} END"
        yield f"CREATE TRIGGER {table}_change AFTER UPDATE ON {table} BEGIN {take} {put} END"


def insertion(table: str, columns: Mapping[str, str]) -> str:
    """One row: its place, then its columns in their order."""
    return f"INSERT INTO {table} VALUES ({', '.join('?' * (len(columns) + 1))})"  # noqa: S608 - our own names


def _table(name: str, columns: Mapping[str, str]) -> str:
    spelled = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
    return f'CREATE TABLE {name} ("place" INTEGER PRIMARY KEY, {spelled})'
