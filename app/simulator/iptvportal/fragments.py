"""Pieces of SQL with their values, and what the interpreter says when a statement makes no sense."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

SQL_ERROR: Final = -32000
PARAMS_ERROR: Final = -32602


class QueryError(Exception):
    """Becomes the `error` of a JSON-RPC reply."""

    def __init__(self, message: str, code: int = PARAMS_ERROR) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class TableForbidden(Exception):
    """The account may not use this table: a 403 for the whole request."""

    def __init__(self, table: str) -> None:
        super().__init__(table)
        self.table = table


class Fragment(NamedTuple):
    """SQL, its values in order, and the type of its result (a column's type, or "" when it is as SQLite gives it)."""

    sql: str
    values: tuple[Any, ...] = ()
    kind: str = ""

    def wrapped(self, form: str, kind: str | None = None) -> "Fragment":
        """The SQL put in place of `{}`."""
        return Fragment(form.format(self.sql), self.values, self.kind if kind is None else kind)


class Query(NamedTuple):
    """A whole statement and the name and type of each column of its result."""

    sql: str
    values: tuple[Any, ...]
    columns: tuple[tuple[str, str], ...]


def joined(parts: Iterable[Fragment], between: str, kind: str = "") -> Fragment:
    """All parts in order."""
    found = list(parts)
    return Fragment(between.join(one.sql for one in found), tuple(v for one in found for v in one.values), kind)


def quoted(name: str) -> str:
    """An identifier."""
    return '"' + name.replace('"', '""') + '"'


def only(params: Mapping[str, Any], known: frozenset[str], needed: Sequence[str], statement: str) -> None:
    """Raises for a key that the statement does not have, or lacks: nothing that was asked for is overlooked."""
    if unknown := sorted(params.keys() - known):
        raise QueryError(f"{statement}: unknown key {unknown[0]}")
    for name in needed:
        if params.get(name) is None:
            raise QueryError(f"{statement}: {name} is missing")
