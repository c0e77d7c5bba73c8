"""Whether a statement only reads: a SELECT in every node. What is not known to be harmless is taken for a write."""

from collections.abc import Iterator
from typing import Final

from sqlglot import exp

from app.domain.jsonsql.errors import Inexpressible, refused
from app.domain.jsonsql.parsing import Parsed, parsed
from app.domain.jsonsql.words import PURE

# More than JSONSQL can say, since a mirror's own database answers more. Exact types, as in `nodes.READ`.
_HARMLESS: Final = frozenset(
    {
        exp.Select, exp.Subquery, exp.Union, exp.Intersect, exp.Except, exp.With, exp.CTE, exp.Values, exp.Tuple,
        exp.From, exp.Table, exp.TableAlias, exp.Join, exp.Lateral, exp.Where, exp.Group, exp.Having, exp.Order,
        exp.Ordered, exp.Limit, exp.Offset, exp.Fetch, exp.LimitOptions, exp.Distinct, exp.Alias, exp.Column,
        exp.Identifier, exp.Star, exp.Dot, exp.Literal, exp.ByteString, exp.Boolean, exp.Null, exp.Paren, exp.Var,
        exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Is, exp.NullSafeEQ,
        exp.NullSafeNEQ, exp.Like, exp.ILike, exp.SimilarTo, exp.RegexpLike, exp.RegexpILike, exp.Escape, exp.In,
        exp.Between, exp.Exists, exp.Any, exp.All, exp.Neg, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.DPipe,
        exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseXor, exp.BitwiseNot, exp.Case, exp.If, exp.Cast, exp.DataType,
        exp.DataTypeParam, exp.Extract, exp.Interval, exp.Array, exp.Bracket, exp.Collate, exp.AtTimeZone,
        exp.Window, exp.WindowSpec, exp.Filter, exp.CurrentDate, exp.CurrentTime, exp.CurrentTimestamp,
        exp.JSONExtract, exp.JSONExtractScalar, exp.JSONPath, exp.JSONPathRoot, exp.JSONPathKey, exp.JSONPathSubscript,
        exp.Anonymous,
    }
)  # fmt: skip
_QUERIES: Final = (exp.Select, exp.Subquery, exp.Union, exp.Intersect, exp.Except)


def tables_read(sql: str) -> frozenset[str]:
    """The tables that a SELECT reads (`schema.table` where it says so); CTEs are none.

    `Inexpressible`, with its place, for what is no statement, writes, locks, or calls what is not known to be pure.
    """
    statement = parsed(sql)
    try:
        return frozenset(_inspected(statement))
    except RecursionError:
        raise refused("The statement is nested too deeply", sql, 0) from None


def is_read_only(sql: str) -> bool:
    """Whether `tables_read` has nothing against it."""
    try:
        tables_read(sql)
    except Inexpressible:
        return False
    return True


def _inspected(statement: Parsed) -> Iterator[str]:
    if not isinstance(statement.root, _QUERIES):
        raise statement.refuse(statement.root, "Only a SELECT may run here")
    for node in statement.root.walk():
        if type(node) not in _HARMLESS:
            raise statement.refuse(node, f"Only what reads may run here, not {type(node).__name__.upper()}")
        if isinstance(node, exp.Anonymous) and node.name.lower() not in PURE:
            raise statement.refuse(node, f"{node.name}() is not known to be free of side effects")
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            parts = [_folded(part) for part in (node.args.get("catalog"), node.args.get("db"), node.this) if part]
            if len(parts) > 1 or not _is_cte(node, parts[0]):
                yield ".".join(parts)


def _is_cte(node: exp.Expr, name: str) -> bool:
    """Whether a WITH around it gives the name: to the statement below, to later CTEs, to itself when recursive."""
    within: exp.Expr | None = None  # the CTE that the node stands in
    one: exp.Expr | None = node
    while one is not None:
        clause = one.args.get("with_")
        if isinstance(clause, exp.With):
            for cte in clause.expressions:
                if cte is within and not clause.args.get("recursive"):
                    break
                if _folded(cte.args["alias"].this) == name:
                    return True
            within = None
        if isinstance(one, exp.CTE):
            within = one
        one = one.parent
    return False


def _folded(node: exp.Expr) -> str:
    return node.name if node.args.get("quoted") else node.name.lower()
