"""What the transpiler reads of each kind of node: whatever else a node carries would be lost, so it is refused."""

from typing import Final

from sqlglot import exp

from app.domain.jsonsql.parsing import Parsed

_BINARY: Final = frozenset({"this", "expression"})
_THIS: Final = frozenset({"this"})
_LIST: Final = frozenset({"expressions"})

# Exact types: what derives from one of these means something else.
READ: Final[dict[type[exp.Expr], frozenset[str]]] = {
    exp.Select: frozenset(
        {"with_", "expressions", "distinct", "from_", "joins", "where", "group", "having", "order", "limit", "offset"}
    ),
    exp.Subquery: frozenset({"this", "alias"}),
    exp.With: _LIST,
    exp.CTE: frozenset({"this", "alias"}),
    exp.From: _THIS,
    exp.Table: frozenset({"this", "alias"}),
    exp.TableAlias: _THIS,
    exp.Join: frozenset({"this", "on", "side", "kind", "using"}),
    exp.Where: _THIS,
    exp.Having: _THIS,
    exp.Group: _LIST,
    exp.Order: _LIST,
    exp.Ordered: frozenset({"this", "desc", "nulls_first"}),
    exp.Limit: frozenset({"expression"}),
    exp.Offset: frozenset({"expression"}),
    exp.Distinct: _LIST,
    exp.Alias: frozenset({"this", "alias"}),
    exp.Column: frozenset({"this", "table"}),
    exp.Identifier: frozenset({"this", "quoted"}),
    exp.Star: frozenset(),
    exp.Literal: frozenset({"this", "is_string"}),
    exp.Boolean: _THIS,
    exp.Null: frozenset(),
    exp.Paren: _THIS,
    exp.Anonymous: frozenset({"this", "expressions"}),
    exp.And: _BINARY,
    exp.Or: _BINARY,
    exp.Not: _THIS,
    exp.EQ: _BINARY,
    exp.NEQ: _BINARY,
    exp.LT: _BINARY,
    exp.LTE: _BINARY,
    exp.GT: _BINARY,
    exp.GTE: _BINARY,
    exp.Is: frozenset({"this", "expression", "negate"}),
    exp.Like: frozenset({"this", "expression", "negate"}),
    exp.ILike: frozenset({"this", "expression", "negate"}),
    exp.In: frozenset({"this", "expressions", "query"}),
    exp.Between: frozenset({"this", "low", "high"}),
    exp.Neg: _THIS,
    exp.Add: _BINARY,
    exp.Sub: _BINARY,
    exp.Mul: _BINARY,
    exp.Div: frozenset({"this", "expression", "typed"}),  # typed: PostgreSQL's division, which is the portal's
    exp.Mod: _BINARY,
    exp.Values: _LIST,
    exp.Tuple: _LIST,
    exp.Insert: frozenset({"with_", "this", "expression", "returning"}),
    exp.Schema: frozenset({"this", "expressions"}),
    exp.Update: frozenset({"with_", "this", "expressions", "where", "returning"}),
    exp.Delete: frozenset({"with_", "this", "where", "returning"}),
    exp.Returning: _LIST,
}

_SAID: Final[dict[type[exp.Expr], str]] = {
    exp.Case: "CASE",
    exp.Cast: "a cast",
    exp.Exists: "EXISTS (IN (SELECT …) can be said)",
    exp.DPipe: "|| (CONCAT(…) can be said)",
    exp.Union: "UNION",
    exp.Intersect: "INTERSECT",
    exp.Except: "EXCEPT",
    exp.Window: "a window (OVER)",
    exp.Filter: "FILTER",
    exp.Escape: "ESCAPE",
    exp.Any: "ANY",
    exp.All: "ALL",
    exp.Extract: "EXTRACT (date_part(…) can be said)",
    exp.Interval: "INTERVAL",
    exp.Array: "ARRAY",
    exp.Fetch: "FETCH (LIMIT can be said)",
    exp.CurrentTimestamp: "CURRENT_TIMESTAMP (NOW() can be said)",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.RegexpLike: "~ (regexp_replace(…) can be said)",
    exp.ByteString: "E'…' (write the text itself)",
    exp.Dot: "a name of a schema",
}
_ARGUMENTS: Final = {
    "db": "a name of a schema",
    "catalog": "a name of a database",
    "recursive": "WITH RECURSIVE",
    "materialized": "MATERIALIZED",
    "columns": "names for the columns of a relation",
    "locks": "FOR UPDATE",
    "into": "INTO",
    "windows": "WINDOW",
    "conflict": "ON CONFLICT",
    "method": "NATURAL JOIN (ON can be said)",
    "on": "DISTINCT ON",
    "symmetric": "SYMMETRIC",
    "only": "ONLY",
    "rollup": "ROLLUP",
    "cube": "CUBE",
    "grouping_sets": "GROUPING SETS",
    "sample": "TABLESAMPLE",
    "laterals": "LATERAL",
    "except_": "EXCEPT",
    "field": "IN without parentheses",
    "from_": "UPDATE … FROM",
    "with_fill": "WITH FILL",
    "this": "ORDER BY in a call",
    "default": "DEFAULT VALUES",
}


def check(statement: Parsed, node: exp.Expr) -> None:
    """Refuse a kind of node that is not read, and an argument of it that would be left out."""
    known = READ.get(type(node))
    if known is None:
        raise statement.refuse(node, f"JSONSQL cannot say {_name(node)}")
    for argument, value in node.args.items():
        if argument in known or value is None or value is False or value == []:
            continue
        place = value if isinstance(value, exp.Expr) else _first(value) or node
        what = _ARGUMENTS.get(argument) or f"{argument.strip('_').upper()} of {_name(node)}"
        raise statement.refuse(place, f"JSONSQL cannot say {what}")


def unwrapped(statement: Parsed, node: exp.Expr) -> exp.Expr:
    """What the parentheses hold: JSONSQL groups by nesting."""
    while isinstance(node, exp.Paren):
        check(statement, node)
        node = node.this
    return node


def chain(statement: Parsed, node: exp.Expr, *, both: bool) -> list[exp.Expr]:
    """The operands of `a op b op c`, in order, without recursion; `both`: also of what is grouped on the right."""
    waiting, found = [node], []
    while waiting:
        one = waiting.pop()
        inner = unwrapped(statement, one) if both else one
        if type(inner) is type(node) and (both or inner is node or inner.arg_key == "this"):
            check(statement, inner)
            waiting += [inner.this, inner.args["expression"]]
        else:
            found.append(one)
    found.reverse()
    return found


def _name(node: exp.Expr) -> str:
    if isinstance(node, exp.Var):
        return node.name.upper()
    return _SAID.get(type(node)) or type(node).__name__.upper()


def _first(value: object) -> exp.Expr | None:
    return value[0] if isinstance(value, list) and value and isinstance(value[0], exp.Expr) else None
