"""Writes a ready database: one thread, small caches, whatever the size; the same rows make the same bytes."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

from msgspec import json, structs

from app.domain.kinds import Kind
from app.snapshots import sqlite_schema as schema
from app.snapshots.sqlite_schema import Flavor
from app.snapshots.views import COMMA

CACHE_KIB: Final = 4_096
BATCH_LINES: Final = 100  # parsed at once: the interpreter belongs to nobody else meanwhile
_SETTINGS: Final = (
    f"PRAGMA page_size = {schema.PAGE_BYTES}",
    f"PRAGMA application_id = {schema.APPLICATION_ID}",
    f"PRAGMA user_version = {schema.USER_VERSION}",
    f"PRAGMA cache_size = -{CACHE_KIB}",
    "PRAGMA temp_store = FILE",
    "PRAGMA journal_mode = OFF",  # the file is thrown away unless it is finished
    "PRAGMA synchronous = OFF",
    "PRAGMA locking_mode = EXCLUSIVE",
)


class SqliteFile:
    """A database being written; nobody else opens it before `finish`."""

    def __init__(self, file: Path) -> None:
        self._base = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._decoders = {kind: json.Decoder(list[row]) for kind, row in schema.ROWS.items()}  # type: ignore[valid-type]
        self._places = dict.fromkeys(Kind, 0)
        for statement in (*_SETTINGS, *schema.tables(), "BEGIN"):
            self._base.execute(statement)

    def describe(self, meta: Mapping[str, str | None], categories: Iterable[Mapping[str, Any]]) -> None:
        """What the version is, and its categories in their order."""
        self._base.executemany("INSERT INTO meta VALUES (?, ?)", sorted(meta.items()))
        rows = ((place, *(one.get(name) for name in schema.CATEGORY)) for place, one in enumerate(categories, start=1))
        self._base.executemany(schema.insertion("category", schema.CATEGORY), rows)

    def add(self, kind: Kind, lines: bytes) -> None:
        """Items of one kind, one document per line, behind those that were added before."""
        rest = iter(lines.splitlines())
        while batch := list(islice(rest, BATCH_LINES)):
            self._add(kind, self._decoders[kind].decode(b"[" + COMMA.join(batch) + b"]"))

    def finish(self, flavor: Flavor) -> None:
        """Indexes, search, and not a byte more than needed."""
        statements = [*schema.indexes(), *(schema.search() if flavor is Flavor.FTS5 else ())]
        for statement in (*statements, "COMMIT", "VACUUM", "PRAGMA journal_mode = DELETE"):
            self._base.execute(statement)

    def close(self) -> None:
        self._base.close()

    def _add(self, kind: Kind, found: Iterable[Any]) -> None:
        rows, members = [], []
        for one in found:
            self._places[kind] = place = self._places[kind] + 1
            row = [place, *structs.astuple(one)]
            for column in schema.LISTS[kind]:
                row[column + 1] = bytes(row[column + 1]).decode()
            rows.append(row)
            members += [(category, place) for category in json.decode(one.categoryIds)]
        self._base.executemany(schema.insertion(kind.value, schema.COLUMNS[kind]), rows)
        self._base.executemany("INSERT OR IGNORE INTO item_category VALUES (?, ?)", members)


Lines = Callable[[Kind], AsyncGenerator[bytes, None]]


async def write_database(
    path: Path, flavor: Flavor, meta: Mapping[str, str | None], categories: Sequence[Mapping[str, Any]], lines: Lines
) -> None:
    """A database of all items, in a thread of its own; when this ends, however it ends, nobody has the file open."""
    thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite")
    run = partial(asyncio.get_running_loop().run_in_executor, thread)
    file = SqliteFile(path)
    try:
        await run(file.describe, meta, categories)
        for kind in Kind:
            async with aclosing(lines(kind)) as chunks:
                async for chunk in chunks:
                    await run(file.add, kind, chunk)
        await run(file.finish, flavor)
    finally:
        closed = run(file.close)  # behind what the thread does at this moment
        thread.shutdown(wait=False)
        await asyncio.shield(closed)
