"""INSERT, UPDATE and DELETE in JSONSQL as SQL of SQLite (protocols/iptvportal.md, 4)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from app.simulator.iptvportal.expressions import Expressions
from app.simulator.iptvportal.fragments import Fragment, Query, QueryError, joined, only, quoted
from app.simulator.iptvportal.scope import Scope, Source
from app.simulator.iptvportal.selects import Columns, Selects

INSERT_KEYS: Final = frozenset({"into", "columns", "values", "select", "returning"})
UPDATE_KEYS: Final = frozenset({"table", "set", "where", "returning"})
DELETE_KEYS: Final = frozenset({"from", "where", "returning"})


class Writes:
    """Makes the SQL of changes."""

    def __init__(self, columns: Columns, selects: Selects) -> None:
        self._columns = columns
        self._selects = selects

    def insert(self, params: Mapping[str, Any]) -> Query:
        """Rows, one row, or what a select gives."""
        only(params, INSERT_KEYS, ("into",), "insert")
        table, scope, reader = self._target(params["into"])
        names = params.get("columns") or list(scope.sources[0].columns)
        self._known(names, scope)
        if ("values" in params) == ("select" in params):
            raise QueryError("insert: either values or select")
        if "values" in params:
            body = self._values(params["values"], names, scope, reader)
        else:
            made = self._selects.query(params["select"])
            if len(made.columns) != len(names):
                raise QueryError("INSERT has more target columns than expressions")
            body = Fragment(made.sql, made.values)
        listed = ", ".join(map(quoted, names))
        head = Fragment(f"INSERT INTO {quoted(table)} ({listed})")
        return self._returning([head, body], params.get("returning"), scope)

    def update(self, params: Mapping[str, Any]) -> Query:
        """Without `where` all rows."""
        only(params, UPDATE_KEYS, ("table", "set"), "update")
        table, scope, reader = self._target(params["table"])
        changes = params["set"]
        if not isinstance(changes, dict) or not changes:
            raise QueryError("update: set is an object of columns")
        self._known(list(changes), scope)
        columns = scope.sources[0].columns
        pairs = [
            _stored(value, columns[name], reader).wrapped(f"{quoted(name)} = {{}}") for name, value in changes.items()
        ]
        parts = [Fragment(f"UPDATE {quoted(table)} SET"), joined(pairs, ", "), *_where(params, reader)]
        return self._returning(parts, params.get("returning"), scope)

    def delete(self, params: Mapping[str, Any]) -> Query:
        """Without `where` all rows."""
        only(params, DELETE_KEYS, ("from",), "delete")
        table, scope, reader = self._target(params["from"])
        parts = [Fragment(quoted(table)).wrapped("DELETE FROM {}"), *_where(params, reader)]
        return self._returning(parts, params.get("returning"), scope)

    def _target(self, name: Any) -> tuple[str, Scope, Expressions]:
        if not isinstance(name, str):
            raise QueryError("the name of a table is needed")
        scope = Scope([Source(name, self._columns(name))])
        return name, scope, Expressions(scope, self._selects.query)

    def _known(self, names: Any, scope: Scope) -> None:
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise QueryError("columns: a list of names is needed")
        for name in names:
            if name not in scope.sources[0].columns:
                raise QueryError(f'column "{name}" of relation "{scope.sources[0].alias}" does not exist')

    def _values(self, values: Any, names: Sequence[str], scope: Scope, reader: Expressions) -> Fragment:
        if not isinstance(values, list) or not values:
            raise QueryError("insert: values is a list of rows")
        rows = values if all(isinstance(row, list) for row in values) else [values]
        kinds = [scope.sources[0].columns[name] for name in names]
        if any(len(row) != len(kinds) for row in rows):
            raise QueryError("INSERT has more expressions than target columns, or fewer")
        made = [
            joined([_stored(value, kind, reader) for value, kind in zip(row, kinds, strict=True)], ", ").wrapped("({})")
            for row in rows
        ]
        return joined(made, ", ").wrapped("VALUES {}")

    def _returning(self, parts: list[Fragment], returning: Any, scope: Scope) -> Query:
        if returning is None:
            made = joined(parts, " ")
            return Query(made.sql, made.values, ())
        names = [returning] if isinstance(returning, str) else returning
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise QueryError("returning: a name or a list of names")
        found = [
            pair for name in names for pair in (scope.everything() if name == "*" else [(name, scope.column(name))])
        ]
        made = joined([*parts, joined([one for _, one in found], ", ").wrapped("RETURNING {}")], " ")
        return Query(made.sql, made.values, tuple((name, one.kind) for name, one in found))


def _stored(value: Any, kind: str, reader: Expressions) -> Fragment:
    """A value for a column: a text is always a literal, an object an expression unless the column holds JSON."""
    if kind == "json" and isinstance(value, dict | list):
        return Fragment("?", (orjson.dumps(value).decode(),), "json")
    return reader.value(value, "literal")


def _where(params: Mapping[str, Any], reader: Expressions) -> list[Fragment]:
    where = params.get("where")
    return [] if where is None else [reader.condition(where).wrapped("WHERE {}")]
