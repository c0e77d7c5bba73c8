"""JSONSQL as SQL text: what a person reads, and what proves that nothing was lost on the way there."""

from collections.abc import Mapping
from typing import Any, Final

from app.domain.jsonsql.expressions import Place
from app.domain.jsonsql.render_expressions import ExpressionWriter, Names, name, wrong
from app.domain.jsonsql.words import DIRECTIONS, JOIN_TYPES, Json, Method, Params, Tables

_SELECT: Final = frozenset(
    {"data", "from", "where", "group_by", "having", "order_by", "limit", "offset", "distinct"}
)  # fmt: skip
_KEYS: Final = {
    Method.INSERT: frozenset({"into", "columns", "values", "select", "returning"}),
    Method.UPDATE: frozenset({"table", "set", "where", "returning"}),
    Method.DELETE: frozenset({"from", "where", "returning"}),
}


def to_sql(method: Method, params: Mapping[str, Json], *, tables: Tables | None = None) -> str:
    """SQL (PostgreSQL's dialect) of one statement, in every documented form; else `Inexpressible` with the path.

    Without `tables` each text that looks like a name is read as a column where JSONSQL leaves it open.
    """
    try:
        return _Writer(tables or {}).statement(method, dict(params))
    except RecursionError:
        raise wrong("params", "nested too deeply") from None


class _Writer:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._expressions = ExpressionWriter(self._subselect)

    def statement(self, method: Method, params: Params) -> str:
        if method is not Method.SELECT:
            _refuse_unknown(params, _KEYS[method], "params")
        match method:
            case Method.SELECT:
                return self._select(params, None, "params")[0]
            case Method.INSERT:
                return self._insert(params)
            case Method.UPDATE:
                return self._update(params)
            case Method.DELETE:
                table = name(params.get("from"), "from")
                return _clauses("DELETE FROM", table) + self._tail(params, params["from"])

    def _subselect(self, params: Json, names: Names, path: str) -> str:
        return self._select(params, names, path)[0]

    def _select(self, params: Json, outer: Names | None, path: str) -> tuple[str, frozenset[str] | None]:
        """The text, and the columns of the result; None where a `*` hides some."""
        if isinstance(params, dict) and set(params) == {"values"}:
            return self._expressions.rows(params["values"], Names(), f"{path}.values"), None
        if not isinstance(params, dict) or not {"data", "from"} <= set(params):
            raise wrong(path, "a select has data and from")
        _refuse_unknown(params, _SELECT, path)
        source, names = self._from(params["from"], outer, f"{path}.from")
        data = _listed(params["data"])
        if not data:
            raise wrong(f"{path}.data", "there is nothing to select")
        items = ", ".join(self._expressions.item(one, names, f"{path}.data[{at}]") for at, one in enumerate(data))
        select = "SELECT DISTINCT" if _flag(params, "distinct", path) else "SELECT"
        written = _clauses(select, items, "FROM", source) + self._condition(params, "where", names, path)
        if params.get("group_by") is not None:
            groups = (self._expressions.text(one, names, f"{path}.group_by") for one in _listed(params["group_by"]))
            written += f" GROUP BY {', '.join(groups)}"
        written += self._condition(params, "having", names, path)
        if params.get("order_by") is not None:
            written += f" ORDER BY {self._order(params['order_by'], names, f'{path}.order_by')}"
        for word in ("limit", "offset"):
            number = params.get(word)
            if number is not None:
                if not isinstance(number, int) or isinstance(number, bool) or number < 0:
                    raise wrong(f"{path}.{word}", "a whole number is expected")
                written += f" {word.upper()} {number}"
        return written, _outputs(data, names)

    def _condition(self, params: Params, word: str, names: Names, path: str) -> str:
        node = params.get(word)
        return "" if node is None else f" {word.upper()} {self._expressions.text(node, names, f'{path}.{word}')}"

    def _order(self, value: Json, names: Names, path: str) -> str:
        parts: list[str] = []
        for one in _listed(value):
            if parts and _is_direction(one):
                parts[-1] += f" {one.upper()}"
            elif isinstance(one, list):
                if len(one) != 2 or not _is_direction(one[1]):  # noqa: PLR2004 - an expression and its direction
                    raise wrong(path, "an expression and ASC or DESC are expected")
                parts.append(f"{self._expressions.text(one[0], names, path)} {one[1].upper()}")
            else:
                parts.append(self._expressions.text(one, names, path))
        if not parts:
            raise wrong(path, "there is nothing to order by")
        return ", ".join(parts)

    def _from(self, value: Json, outer: Names | None, path: str) -> tuple[str, Names]:
        elements = [{"table": one} if isinstance(one, str) else one for one in _listed(value)]
        if not elements or any(not isinstance(one, dict) for one in elements) or "join" in elements[0]:
            raise wrong(path, "a table comes first")
        names = Names(columns=frozenset()).within(outer)
        written = ""
        for at, one in enumerate(elements):
            text, relation, columns = self._relation(one, outer, f"{path}[{at}]")
            known = None if names.columns is None or columns is None else names.columns | columns
            names = Names(relations=names.relations | {relation}, columns=known)
            written += self._joined(one, text, names, f"{path}[{at}]") if at else text
        return written, names

    def _relation(self, one: Params, outer: Names | None, path: str) -> tuple[str, str, frozenset[str] | None]:
        _refuse_unknown(one, {"table", "select", "as", "join", "join_type", "on"}, path)
        source: Any = one.get("join", one.get("table", one if "select" in one else None))
        if isinstance(source, dict) and "select" in source:
            alias = name(one.get("as"), path)
            inner, columns = self._select(source["select"], outer, f"{path}.select")
            return f"({inner}) AS {alias}", one["as"], columns
        table = name(source, path)
        known = frozenset(self._tables[source]) if source in self._tables else None
        if "as" in one:
            return f"{table} AS {name(one['as'], path)}", one["as"], known
        return table, source, known

    def _joined(self, one: Params, text: str, names: Names, path: str) -> str:
        if "join" not in one:
            return f", {text}"
        word = str(one.get("join_type") or "inner").lower().removesuffix(" outer")
        if word == "cross" and "on" not in one:
            return f" CROSS JOIN {text}"
        if word not in JOIN_TYPES or "on" not in one:
            raise wrong(path, "a join has a known type and a condition")
        return f" {JOIN_TYPES[word]} {text} ON {self._expressions.text(one['on'], names, f'{path}.on')}"

    def _insert(self, params: Params) -> str:
        table = name(params.get("into"), "into")
        columns = ", ".join(name(one, "columns") for one in _listed(params.get("columns")))
        if ("values" in params) == ("select" in params):
            raise wrong("params", "either values or select is expected")
        if "values" in params:
            source = self._expressions.rows(params["values"], Names(), "values")
        else:
            source = self._select(params["select"], None, "select")[0]
        into = f"INSERT INTO {table} ({columns})" if columns else f"INSERT INTO {table}"
        return f"{into} {source}" + self._returning(params)

    def _update(self, params: Params) -> str:
        table, assigned = name(params.get("table"), "table"), params.get("set")
        if not isinstance(assigned, dict) or not assigned:
            raise wrong("set", "columns and their values are expected")
        names = self._target(params["table"])
        pairs = (
            f"{name(key, 'set')} = {self._expressions.text(value, names, f'set.{key}', Place.LITERAL)}"
            for key, value in assigned.items()
        )
        return _clauses("UPDATE", table, "SET", ", ".join(pairs)) + self._tail(params, params["table"])

    def _tail(self, params: Params, table: str) -> str:
        return self._condition(params, "where", self._target(table), "params") + self._returning(params)

    def _target(self, table: str) -> Names:
        known = frozenset(self._tables[table]) if table in self._tables else None
        return Names(relations=frozenset({table}), columns=known)

    def _returning(self, params: Params) -> str:
        value = params.get("returning")
        if value is None:
            return ""
        return f" RETURNING {', '.join('*' if one == '*' else name(one, 'returning') for one in _listed(value))}"


def _listed(value: Any) -> list[Json]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _outputs(data: list[Json], names: Names) -> frozenset[str] | None:
    starred = "*" in data
    if starred and names.columns is None:
        return None
    return frozenset(_output(item) for item in data) | (names.columns if starred and names.columns else frozenset())


def _output(item: Json) -> str:
    """The name of a column of the result; a text that is no name does no harm."""
    if not isinstance(item, dict):
        return str(item).rpartition(".")[2]
    return str(item.get("as") or item.get("function") or next(iter(item.values())))


def _clauses(*parts: str) -> str:
    return " ".join(parts)


def _is_direction(value: Json) -> bool:
    return isinstance(value, str) and value.upper() in DIRECTIONS


def _flag(params: Params, word: str, path: str) -> bool:
    value = params.get(word, False)
    if not isinstance(value, bool):
        raise wrong(f"{path}.{word}", "true or false is expected")
    return value


def _refuse_unknown(params: Params, known: frozenset[str] | set[str], path: str) -> None:
    unknown = sorted(str(key) for key in params if key not in known)
    if unknown:
        raise wrong(path, f"unknown: {', '.join(unknown)}")
