"""Brings a ready database that was downloaded earlier to another version, row for row as that one's own file."""

import shutil
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

from msgspec import json, structs

from app.cli.download.earlier import Broken
from app.cli.download.plan import LINED, Manifest
from app.cli.download.stage import CATEGORY, Stage
from app.domain.kinds import Kind
from app.snapshots import sqlite_schema as schema


class Copy:
    """A copy that is being changed; nobody else opens it before it is whole."""

    def __init__(self, source: Path, draft: Path) -> None:
        shutil.copyfile(source, draft)
        self._base = sqlite3.connect(draft, isolation_level=None, check_same_thread=False)
        (version,) = self._base.execute("PRAGMA user_version").fetchone()
        if version != schema.USER_VERSION:
            self.close()
            raise Broken("the tables of a database look different now")
        for statement in ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA cache_size = -8192"):
            self._base.execute(statement)

    def close(self) -> None:
        self._base.close()

    def apply(self, stage: Stage, manifest: Manifest) -> None:
        """All of it, or the copy is thrown away."""
        self._base.execute("BEGIN")
        for kind in LINED:
            self._items(Kind(kind), stage, manifest.kinds[kind].items)
        self._base.execute("DELETE FROM item_category")
        for kind in LINED:
            self._base.execute(
                f"INSERT OR IGNORE INTO item_category SELECT value, place FROM {kind}, json_each(categoryIds)"  # noqa: S608
            )
        self._categories(stage, manifest)
        told = {"version": manifest.version, "generatedAt": manifest.published_at}
        told |= {f"provider{name.title()}": text for name, text in manifest.provider.items()}
        self._base.executemany("UPDATE meta SET value = ? WHERE key = ?", [(told[key], key) for key in told])
        self._base.execute("COMMIT")
        self._base.execute("VACUUM")
        self._base.execute("PRAGMA journal_mode = DELETE")

    def _items(self, kind: Kind, stage: Stage, total: int) -> None:
        triggers = self._base.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (kind.value,)
        ).fetchall()
        for name, _ in triggers:
            self._base.execute(f"DROP TRIGGER {name}")
        found = self._base.execute(f"SELECT id FROM {kind} ORDER BY place")  # noqa: S608 - our own names
        kept = (str(row[0]) for row in found if not stage.touches(kind, row[0]))
        order = list(stage.merged(kind, kept, attrgetter("id")))
        if len(order) != total:
            raise Broken("it does not hold what its version holds")
        self._base.executemany(f"DELETE FROM {kind} WHERE id = ?", ((name,) for name in stage.gone(kind)))  # noqa: S608
        self._move(kind, order)
        self._put(kind, stage)
        for _, statement in triggers:
            self._base.execute(statement)
        if triggers:
            for command in ("rebuild", "optimize"):
                self._base.execute(f"INSERT INTO {kind}_fts ({kind}_fts) VALUES ('{command}')")  # noqa: S608 - ours

    def _move(self, kind: Kind, order: Sequence[str]) -> None:
        """Two steps, as no two may stand in one place at any time."""
        places = dict(self._base.execute(f"SELECT id, place FROM {kind}"))  # noqa: S608 - ours
        moved = ((-new, name) for new, name in enumerate(order, start=1) if places.get(name, new) != new)
        self._base.executemany(f"UPDATE {kind} SET place = ? WHERE id = ?", moved)  # noqa: S608 - ours
        self._base.execute(f"UPDATE {kind} SET place = -place WHERE place < 0")  # noqa: S608 - ours

    def _put(self, kind: Kind, stage: Stage) -> None:
        columns = ", ".join(f'"{name}" = ?' for name in schema.COLUMNS[kind])
        change = f'UPDATE {kind} SET {columns} WHERE "place" = ?'  # noqa: S608 - our own names
        insert = schema.insertion(kind.value, schema.COLUMNS[kind])
        for put in stage.puts(kind):
            row = _row(kind, put.body)
            if self._base.execute(change, (*row, put.place)).rowcount == 0:
                self._base.execute(insert, (put.place, *row))

    def _categories(self, stage: Stage, manifest: Manifest) -> None:
        names = ", ".join(f'"{name}"' for name in schema.CATEGORY)
        rows = self._base.execute(f"SELECT {names} FROM category")  # noqa: S608 - ours
        found = {row[0]: dict(zip(schema.CATEGORY, row, strict=True)) for row in rows}
        for name in stage.gone(CATEGORY):
            found.pop(name, None)
        for put in stage.puts(CATEGORY):
            told = json.decode(put.body)
            found[put.id] = {**told, "kind": told["itemKind"]}
        if len(found) != manifest.stats["totalCategories"]:
            raise Broken("it does not hold the categories that its version holds")
        order = sorted(found.values(), key=lambda one: (LINED.index(one["kind"]), one["position"], one["id"]))
        self._base.execute("DELETE FROM category")
        self._base.executemany(
            schema.insertion("category", schema.CATEGORY),
            ((place, *(one[name] for name in schema.CATEGORY)) for place, one in enumerate(order, start=1)),
        )


def flavor_of(path: Path) -> str:
    """What a database was asked for as."""
    base = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        return str(base.execute("SELECT value FROM meta WHERE key = 'flavor'").fetchone()[0])
    finally:
        base.close()


def _row(kind: Kind, body: bytes) -> list[Any]:
    row: list[Any] = list(structs.astuple(_DECODERS[kind](body)))
    for column in schema.LISTS[kind]:
        row[column] = bytes(row[column]).decode()
    return row


_DECODERS: Final[Mapping[Kind, Callable[[bytes], Any]]] = {
    kind: json.Decoder(row).decode for kind, row in schema.ROWS.items()
}
