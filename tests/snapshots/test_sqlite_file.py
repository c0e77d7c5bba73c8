import asyncio
import os
import sqlite3
import threading
from collections.abc import AsyncGenerator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec import inspect

from app.core.jsonio import dumps, loads
from app.domain.documents import DOCUMENTS, CategoryDocument
from app.domain.kinds import Kind
from app.snapshots.sqlite_file import BATCH_LINES, Lines, write_database
from app.snapshots.sqlite_schema import APPLICATION_ID, CATEGORY, COLUMNS, LIST, SHARED, USER_VERSION, Flavor

CATEGORIES = [
    {"id": "news", "externalId": "7", "kind": "channel", "name": "News", "position": 1, "count": 2},
    {"id": "drama", "externalId": "9", "kind": "movie", "name": "Drama", "position": 1, "count": 1},
]
AFFINITIES = {"str": "TEXT", "bool": "INTEGER", "int": "INTEGER", "float": "REAL", "tuple": LIST}


def item(kind: Kind, place: int, /, **fields: Any) -> dict[str, Any]:
    return {"id": f"{kind}-{place}", "kind": kind.value, "name": f"{kind} {place}", "isActive": True, **fields}


def lines(*items: dict[str, Any], size: int = 700) -> Lines:
    """Whole lines in chunks, as a version is read."""

    async def chunks(kind: Kind) -> AsyncGenerator[bytes, None]:
        rest = [dumps(one) + b"\n" for one in items if one["kind"] == kind]
        while rest:
            chunk = b""
            while rest and len(chunk) < size:
                chunk += rest.pop(0)
            yield chunk

    return chunks


async def write(path: Path, flavor: Flavor, *items: dict[str, Any], **meta: str) -> Path:
    await write_database(path, flavor, meta, CATEGORIES, lines(*items))
    return path


def asked(path: Path, query: str, *values: Any) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as base:
        return base.execute(query, values).fetchall()


def found(path: Path, table: str, words: str) -> list[str]:
    query = (
        f"SELECT id FROM {table}_fts JOIN {table} ON place = {table}_fts.rowid WHERE {table}_fts MATCH ? ORDER BY place"
    )
    return [row[0] for row in asked(path, query, words)]


@pytest.mark.parametrize("kind", Kind)
def test_columns_are_the_fields_of_documents(kind: Kind) -> None:
    info = inspect.type_info(DOCUMENTS[kind])
    assert isinstance(info, inspect.StructType)
    fields = {one.encode_name: one for one in info.fields if one.encode_name not in SHARED}
    assert {name: column.removesuffix(" NOT NULL") for name, column in COLUMNS[kind].items() if column != LIST} == {
        name: _affinity(one.type) for name, one in fields.items() if not isinstance(one.type, inspect.VarTupleType)
    }
    assert {name for name, column in COLUMNS[kind].items() if column == LIST} == {
        name for name, one in fields.items() if isinstance(one.type, inspect.VarTupleType)
    }


def _affinity(declared: inspect.Type) -> str:
    types = declared.types if isinstance(declared, inspect.UnionType) else (declared,)
    names = {type(one) for one in types} - {inspect.NoneType}
    if names == {inspect.FloatType, inspect.IntType}:
        return "NUMERIC"
    known = {
        inspect.StrType: "TEXT",
        inspect.BoolType: "INTEGER",
        inspect.IntType: "INTEGER",
        inspect.FloatType: "REAL",
    }
    return known[names.pop()]


def test_categories_have_all_their_fields() -> None:
    assert set(CATEGORY) == set(CategoryDocument.__struct_encode_fields__) - SHARED | {"kind"}


async def test_a_database_says_what_it_is_and_is_nothing_but_one_file(tmp_path: Path) -> None:
    words = [" ".join(f"word{place}x{number}" for number in range(40)) for place in range(4000)]
    items = [item(Kind.MOVIE, place, name=name) for place, name in enumerate(words)]  # an index of several segments
    path = await write(tmp_path / "a.sqlite", Flavor.FTS5, *items, version="k7f2.3")
    assert asked(path, "PRAGMA application_id") == [(APPLICATION_ID,)]
    assert asked(path, "PRAGMA user_version") == [(USER_VERSION,)]
    assert asked(path, "PRAGMA journal_mode") == [("delete",)]
    assert asked(path, "PRAGMA freelist_count") == [(0,)]
    assert asked(path, "PRAGMA integrity_check") == [("ok",)]
    assert asked(path, "SELECT * FROM meta") == [("version", "k7f2.3")]
    assert os.listdir(tmp_path) == ["a.sqlite"]  # noqa: PTH208 - a path's own would be called blocking


async def test_every_field_is_kept_as_it_is(tmp_path: Path) -> None:
    channel = item(Kind.CHANNEL, 1, number=7.1, archive=False, archiveDays=3, tags=["a", "é"], categoryIds=["news"])
    movie = item(Kind.MOVIE, 1, rating=7, year=1999, actors=["Zoë", 'a "b"'], isHd=True, description="line\nline")
    path = await write(tmp_path / "a.sqlite", Flavor.PLAIN, channel, movie)
    query = "SELECT place, number, archive, archiveDays, tags, actors, categoryId FROM channel"
    assert asked(path, query.replace("actors", "cmd")) == [(1, 7.1, 0, 3, '["a","é"]', None, None)]
    [(rating, year, actors, hd, said)] = asked(path, "SELECT rating, year, actors, isHd, description FROM movie")
    assert (rating, year, loads(actors), hd, said) == (7.0, 1999, ["Zoë", 'a "b"'], 1, "line\nline")
    assert asked(path, "SELECT categoryId, place FROM item_category") == [("news", 1)]
    assert [row[1] for row in asked(path, "SELECT * FROM category ORDER BY place")] == ["news", "drama"]


async def test_items_keep_their_order_across_chunks(tmp_path: Path) -> None:
    items = [item(Kind.SERIES, (number * 7) % 1000) for number in range(3 * BATCH_LINES + 1)]
    path = tmp_path / "a.sqlite"
    await write_database(path, Flavor.PLAIN, {}, [], lines(*items, size=100_000))
    assert asked(path, "SELECT place, id FROM series ORDER BY place") == [
        (place, one["id"]) for place, one in enumerate(items, start=1)
    ]


async def test_words_are_found_without_their_accents(tmp_path: Path) -> None:
    items = [
        item(Kind.MOVIE, 1, name="Élite", originalName="Les Misérables"),
        item(Kind.MOVIE, 2, name="Tiếng Việt"),
        item(Kind.CHANNEL, 1, name="ÉLITE TV"),
        item(Kind.SERIES, 1, name="Elite Forces"),
    ]
    path = await write(tmp_path / "a.sqlite", Flavor.FTS5, *items)
    assert found(path, "movie", "elite") == ["movie-1"]
    assert found(path, "movie", "miser*") == ["movie-1"]
    assert found(path, "movie", "tieng viet") == ["movie-2"]
    assert found(path, "channel", "élite") == ["channel-1"]
    assert found(path, "series", "ELITE forc*") == ["series-1"]


async def test_who_writes_to_a_copy_finds_what_was_written(tmp_path: Path) -> None:
    path = await write(tmp_path / "a.sqlite", Flavor.FTS5, item(Kind.MOVIE, 1, name="Old"), item(Kind.MOVIE, 2))
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("UPDATE movie SET name = 'Née' WHERE id = 'movie-1'")
        base.execute("DELETE FROM movie WHERE id = 'movie-2'")
        base.execute("INSERT INTO movie (id, name) VALUES ('movie-3', 'Nouvelle')")
    assert found(path, "movie", "n*") == ["movie-1", "movie-3"]
    assert found(path, "movie", "old OR movie") == []
    with closing(sqlite3.connect(path)) as base:
        base.execute("INSERT INTO movie_fts (movie_fts, rank) VALUES ('integrity-check', 1)")


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("SELECT * FROM movie WHERE categoryId = 'a' ORDER BY place", "movie_category"),
        ("SELECT * FROM series ORDER BY name COLLATE NOCASE LIMIT 50", "series_name"),
        ("SELECT * FROM channel WHERE id = 'a'", "channel_id"),
        ("SELECT * FROM channel ORDER BY number LIMIT 50", "channel_number"),
        ("SELECT place FROM item_category WHERE categoryId = 'a'", "PRIMARY KEY"),
    ],
)
async def test_what_a_phone_asks_has_an_index(tmp_path: Path, query: str, index: str) -> None:
    path = await write(tmp_path / "a.sqlite", Flavor.PLAIN, item(Kind.MOVIE, 1))
    plan = " ".join(row[3] for row in asked(path, f"EXPLAIN QUERY PLAN {query}"))
    assert index in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize("flavor", Flavor)
async def test_the_same_rows_make_the_same_bytes(tmp_path: Path, flavor: Flavor) -> None:
    items = [item(kind, number, categoryIds=["b", "a"]) for kind in Kind for number in range(300)]
    for name, size in (("a", 100), ("b", 50_000)):
        await write_database(tmp_path / name, flavor, {"version": "e.1"}, CATEGORIES, lines(*items, size=size))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


async def test_a_builder_that_is_cancelled_leaves_no_thread_and_no_open_file(tmp_path: Path) -> None:
    reached = asyncio.Event()

    async def endless(kind: Kind) -> AsyncGenerator[bytes, None]:
        number = 0
        while True:
            number += 1
            yield dumps(item(kind, number)) + b"\n"
            reached.set()

    task = asyncio.create_task(write_database(tmp_path / "a", Flavor.PLAIN, {}, [], endless))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for thread in [one for one in threading.enumerate() if one.name.startswith("sqlite")]:
        await asyncio.to_thread(thread.join, 10)
    assert _open_files(tmp_path) == []


def _open_files(folder: Path) -> Sequence[str]:
    links = [one for one in Path("/proc/self/fd").iterdir() if one.is_symlink()] if Path("/proc/self").exists() else []
    return [str(link.readlink()) for link in links if str(link.readlink()).startswith(str(folder))]
