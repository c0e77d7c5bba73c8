"""SELECT in JSONSQL as SQL of SQLite that means what Postgres would (protocols/iptvportal.md, 4)."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from app.simulator.iptvportal.expressions import Expressions
from app.simulator.iptvportal.fragments import Fragment, Query, QueryError, joined, only, quoted
from app.simulator.iptvportal.ordering import orders
from app.simulator.iptvportal.scope import Scope, Source

KEYS: Final = frozenset({"data", "from", "where", "group_by", "having", "order_by", "limit", "offset", "distinct"})
JOINS: Final = {
    "inner": "JOIN",
    "left": "LEFT JOIN",
    "left outer": "LEFT JOIN",
    "right": "RIGHT JOIN",
    "right outer": "RIGHT JOIN",
    "full": "FULL JOIN",
    "full outer": "FULL JOIN",
    "cross": "CROSS JOIN",
}
ELEMENT: Final = frozenset({"table", "join", "select", "join_type", "as", "on"})
NO_NAME: Final = "?column?"

Columns = Callable[[str], Mapping[str, str]]  # of a table by name; raises for one that is not there or not allowed


class Selects:
    """Makes the SQL of selects over the tables that `columns` knows."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    def query(self, params: Mapping[str, Any], outer: Scope | None = None) -> Query:
        """A select, or the rows of `{"values": [[…], …]}`."""
        if not isinstance(params, dict):
            raise QueryError("select: an object is needed")
        if "values" in params:
            return self._constructed(params)
        only(params, KEYS, ("data",), "select")
        scope = Scope(outer=outer)
        reader = Expressions(scope, self.query)
        source = self._from(params.get("from"), scope, reader)
        outputs = list(self._data(params["data"], scope, reader))
        scope.outputs.update({name: made.kind for name, made in outputs})
        distinct = _flag(params, "distinct")
        listed = joined((made.wrapped(f"{{}} AS {quoted(name)}") for name, made in outputs), ", ")
        parts = [Fragment("SELECT DISTINCT" if distinct else "SELECT"), listed]
        if source is not None:
            parts.append(source.wrapped("FROM {}"))
        parts += self._clauses(params, scope, reader)
        made = joined(parts, " ")
        return Query(made.sql, made.values, tuple((name, one.kind) for name, one in outputs))

    def _clauses(self, params: Mapping[str, Any], scope: Scope, reader: Expressions) -> Iterator[Fragment]:
        if params.get("where") is not None:
            yield reader.condition(params["where"]).wrapped("WHERE {}")
        if groups := orders(params.get("group_by"), scope, reader, directed=False):
            yield joined(groups, ", ").wrapped("GROUP BY {}")
        if params.get("having") is not None:
            yield reader.condition(params["having"]).wrapped("HAVING {}")
        if ordered := orders(params.get("order_by"), scope, reader, directed=True):
            yield joined(ordered, ", ").wrapped("ORDER BY {}")
        limit, offset = _count(params, "limit"), _count(params, "offset")
        if limit is not None or offset is not None:
            yield Fragment("LIMIT ?", (-1 if limit is None else limit,))
        if offset is not None:
            yield Fragment("OFFSET ?", (offset,))

    def _data(self, data: Any, scope: Scope, reader: Expressions) -> Iterator[tuple[str, Fragment]]:
        items = data if isinstance(data, list) else [data]
        if not items:
            raise QueryError("select: data is empty")
        for item in items:
            if isinstance(item, str) and (item == "*" or item.endswith(".*")):
                if not scope.sources:
                    raise QueryError("SELECT * with no tables specified is not valid")
                yield from scope.everything(item[:-2] or None if item != "*" else None)
            else:
                yield _item(item, scope, reader)

    def _from(self, node: Any, scope: Scope, reader: Expressions) -> Fragment | None:
        if node is None:
            return None
        elements = node if isinstance(node, list) else [node]
        if not elements:
            raise QueryError("select: from is empty")
        return joined([self._element(one, scope, reader, place) for place, one in enumerate(elements)], " ")

    def _element(self, node: Any, scope: Scope, reader: Expressions, place: int) -> Fragment:
        if isinstance(node, str):
            node = {"table": node}
        if not isinstance(node, dict):
            raise QueryError("select: from is a table, an object or a list of them")
        only(node, ELEMENT, (), "from")
        if place == 0 and node.keys() & {"join", "join_type", "on"}:
            raise QueryError("from: the first element cannot be a join")
        made = self._table(node, scope)
        if "join" not in node and not node.keys() & {"join_type", "on"}:
            return made.wrapped("CROSS JOIN {}") if place else made
        word = str(node.get("join_type") or "inner").lower()
        if word not in JOINS:
            raise QueryError(f"from: unknown join type {word}")
        on = node.get("on")
        if (on is None) != (word == "cross"):
            raise QueryError(f"from: a {word} join has {'no' if word == 'cross' else 'an'} on")
        joint = made.wrapped(f"{JOINS[word]} {{}}")
        return joint if on is None else joined([joint, reader.condition(on)], " ON ")

    def _table(self, node: Mapping[str, Any], scope: Scope) -> Fragment:
        name, inner = node.get("table") or node.get("join"), node.get("select")
        if isinstance(name, dict) and "select" in name:
            inner = name["select"]
            name = None
        if (name is None) == (inner is None):
            raise QueryError("from: an element is a table or a select")
        if inner is not None:
            alias = node.get("as")
            if not alias:
                raise QueryError("subquery in FROM must have an alias")
            made = self.query(inner, None)
            scope.add(Source(alias, dict(made.columns)))
            return Fragment(f"({made.sql}) AS {quoted(alias)}", made.values)
        table = str(name)
        alias = str(node.get("as") or table)
        scope.add(Source(alias, self._columns(table)))
        return Fragment(f"{quoted(table)} AS {quoted(alias)}")

    def _constructed(self, params: Mapping[str, Any]) -> Query:
        only(params, frozenset({"values"}), ("values",), "values")
        rows = params["values"]
        if not isinstance(rows, list) or not rows or not all(isinstance(row, list) and row for row in rows):
            raise QueryError("values: a list of rows is needed")
        if len({len(row) for row in rows}) > 1:
            raise QueryError("VALUES lists must all be the same length")
        reader = Expressions(Scope(), self.query)
        made = joined(
            (joined((reader.value(one, "literal") for one in row), ", ").wrapped("({})") for row in rows), ", "
        )
        names = tuple((f"column{place + 1}", "") for place in range(len(rows[0])))
        return Query(f"VALUES {made.sql}", made.values, names)


def _item(item: Any, scope: Scope, reader: Expressions) -> tuple[str, Fragment]:
    """One expression of `data` and the name of its column."""
    if isinstance(item, str):
        return item.rpartition(".")[2], reader.value(item, "column")
    if not isinstance(item, dict):
        return NO_NAME, reader.value(item, "literal")
    alias = item.get("as")
    if alias is not None and (not isinstance(alias, str) or not alias):
        raise QueryError("as: a name is needed")
    body = {word: value for word, value in item.items() if word != "as"}
    if len(body) == 1:
        [(word, operand)] = body.items()
        # `{"username": "login"}` renames a column, `{"s": "username"}` names one: told apart by what is known.
        if isinstance(operand, str) and scope.source(word) is None and (column := scope.find(word)) is not None:
            return operand, column
        if isinstance(operand, str) and scope.source(word) is not None:
            return alias or operand, reader.value(body, "column")
        return alias or (word if word != "select" else NO_NAME), reader.value(body, "column")
    return alias or str(body.get("function", NO_NAME)).lower(), reader.value(body, "column")


def _count(params: Mapping[str, Any], name: str) -> int | None:
    found = params.get(name)
    if found is None:
        return None
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise QueryError(f"{name.upper()} must be a whole number from 0")
    return found


def _flag(params: Mapping[str, Any], name: str) -> bool:
    found = params.get(name, False)
    if not isinstance(found, bool):
        raise QueryError(f"{name}: true or false is needed")
    return found
