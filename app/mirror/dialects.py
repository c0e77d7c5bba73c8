"""`dialect.py` for the rest of the mirror; the parser is loaded with the first statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A list of rows by id: `SELECT … FROM table WHERE id IN (…)`, whatever else it asks."""

    table: str
    ids: Sequence[Any]


def for_sqlite(sql: str) -> str:
    """The statement in SQLite's dialect; see `dialect.py`."""
    return cast("str", _loaded().for_sqlite(sql))


def for_postgres(sql: str) -> str:
    """The statement, written anew; see `dialect.py`."""
    return cast("str", _loaded().for_postgres(sql))


def asked_ids(sql: str) -> Wish | None:
    """The rows by id that a statement is about; see `dialect.py`."""
    return cast("Wish | None", _loaded().asked_ids(sql))


def _loaded() -> Any:
    return import_module("app.mirror.dialect")
