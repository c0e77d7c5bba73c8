"""Conditions and expressions in Python: `Field("name").like("admin%") & (Field("disabled") == False)`.

They hold the tree that SQL text is parsed into, so what they become has gone through the same checks.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final, TypeAlias

from sqlglot import exp

from app.domain.jsonsql.errors import Inexpressible

Plain: TypeAlias = str | int | float | bool | date | None  # dates and times are sent as ISO 8601


class Term:
    """Anything with a value: a column, a call, a sum, a sub-select."""

    __slots__ = ("node",)
    __hash__ = None  # type: ignore[assignment] # `==` makes a condition

    def __init__(self, node: exp.Expr) -> None:
        self.node = node

    def __eq__(self, other: "Term | Plain") -> "Condition":  # type: ignore[override] # as query builders do
        return self.is_(None) if other is None else Condition(exp.EQ(this=self.node, expression=node_of(other)))

    def __ne__(self, other: "Term | Plain") -> "Condition":  # type: ignore[override] # as query builders do
        return self.is_not(None) if other is None else Condition(exp.NEQ(this=self.node, expression=node_of(other)))

    def __lt__(self, other: "Term | Plain") -> "Condition":
        return Condition(exp.LT(this=self.node, expression=node_of(other)))

    def __le__(self, other: "Term | Plain") -> "Condition":
        return Condition(exp.LTE(this=self.node, expression=node_of(other)))

    def __gt__(self, other: "Term | Plain") -> "Condition":
        return Condition(exp.GT(this=self.node, expression=node_of(other)))

    def __ge__(self, other: "Term | Plain") -> "Condition":
        return Condition(exp.GTE(this=self.node, expression=node_of(other)))

    def __add__(self, other: "Term | Plain") -> "Term":
        return Term(exp.Add(this=self.node, expression=node_of(other)))

    def __sub__(self, other: "Term | Plain") -> "Term":
        return Term(exp.Sub(this=self.node, expression=node_of(other)))

    def __mul__(self, other: "Term | Plain") -> "Term":
        return Term(exp.Mul(this=self.node, expression=node_of(other)))

    def __truediv__(self, other: "Term | Plain") -> "Term":
        return Term(exp.Div(this=self.node, expression=node_of(other), typed=True))

    def __mod__(self, other: "Term | Plain") -> "Term":
        return Term(exp.Mod(this=self.node, expression=node_of(other)))

    def __neg__(self) -> "Term":
        return Term(exp.Neg(this=self.node))

    def like(self, pattern: str) -> "Condition":
        return Condition(exp.Like(this=self.node, expression=node_of(pattern)))

    def ilike(self, pattern: str) -> "Condition":
        return Condition(exp.ILike(this=self.node, expression=node_of(pattern)))

    def in_(self, values: "Iterable[Term | Plain] | Term") -> "Condition":
        """One of the values, or of what a sub-select gives."""
        if isinstance(values, Term):
            return Condition(exp.In(this=self.node, query=values.node))
        nodes = [node_of(one) for one in values]
        if not nodes:
            raise Inexpressible("in_() needs a value: nothing is in an empty list")
        return Condition(exp.In(this=self.node, expressions=nodes))

    def between(self, low: "Term | Plain", high: "Term | Plain") -> "Condition":
        return Condition(exp.Between(this=self.node, low=node_of(low), high=node_of(high)))

    def is_(self, value: bool | None) -> "Condition":  # noqa: FBT001 - it is the operand
        return Condition(exp.Is(this=self.node, expression=node_of(value)))

    def is_not(self, value: bool | None) -> "Condition":  # noqa: FBT001 - it is the operand
        return ~self.is_(value)

    def as_(self, name: str) -> "Term":
        return Term(exp.Alias(this=self.node, alias=identifier(name)))

    def asc(self) -> "Term":
        return Term(exp.Ordered(this=self.node, desc=False, nulls_first=False))

    def desc(self) -> "Term":
        return Term(exp.Ordered(this=self.node, desc=True, nulls_first=True))


class Condition(Term):
    """A term that is true or false: joined with `&`, `|` and `~`."""

    __slots__ = ()

    def __and__(self, other: "Term") -> "Condition":
        return Condition(exp.And(this=self.node, expression=other.node))

    def __or__(self, other: "Term") -> "Condition":
        return Condition(exp.Or(this=self.node, expression=other.node))

    def __invert__(self) -> "Condition":
        return Condition(exp.Not(this=self.node))


class Field(Condition):
    """A column, `"name"` or `"alias.name"`, exactly as it is written; one of booleans is a condition."""

    __slots__ = ()

    def __init__(self, name: str) -> None:
        table, _, column = name.rpartition(".")
        this: exp.Expr = exp.Star() if column == "*" else identifier(column)
        super().__init__(exp.Column(this=this, table=identifier(table)) if table else _bare(this))


_LOOKUPS: Final = frozenset(
    {"eq", "ne", "lt", "lte", "gt", "gte", "like", "ilike", "in", "is", "is_not", "between", "isnull"}
)


class Q(Condition):
    """Conditions by keyword, all of them true: `Q(name__like="a%", disabled=False)`; `~`, `&` and `|` join them.

    `alias__column__lookup`; without a lookup it is equality.
    """

    __slots__ = ()

    def __init__(self, **conditions: Any) -> None:
        made = [_looked_up(key, value) for key, value in conditions.items()]
        if not made:
            raise Inexpressible("Q() needs a condition")
        whole = made[0]
        for one in made[1:]:
            whole &= one
        super().__init__(whole.node)


class _Functions:
    """Any function by its name: `fn.lower(Field("name"))`, `fn.count()`, `fn.count(Field("mac"), distinct=True)`."""

    def __getattr__(self, name: str) -> "_Function":
        return _Function(name)


class _Function:
    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, *arguments: "Term | Plain", distinct: bool = False) -> Condition:
        nodes = [node_of(one) for one in arguments]
        if distinct:
            nodes = [exp.Distinct(expressions=nodes)]
        if self._name == "count" and not nodes:
            nodes = [exp.Star()]
        return Condition(exp.Anonymous(this=self._name, expressions=nodes))


fn: Final = _Functions()


def identifier(name: str) -> exp.Identifier:
    return exp.Identifier(this=name, quoted=True)


def node_of(value: Any) -> exp.Expr:
    """A term's tree, or a plain value's."""
    match value:
        case Term():
            return value.node
        case None:
            return exp.Null()
        case bool():
            return exp.Boolean(this=value)
        case str():
            return exp.Literal.string(value)
        case int() | float():
            number = exp.Literal(this=repr(abs(value)), is_string=False)
            return exp.Neg(this=number) if value < 0 else number
        case date():
            return exp.Literal.string(value.isoformat())
    raise Inexpressible(f"A value of type {type(value).__name__} cannot be sent")


def _bare(node: exp.Expr) -> exp.Expr:
    return node if isinstance(node, exp.Star) else exp.Column(this=node)


def _looked_up(key: str, value: Any) -> Condition:
    path = key.split("__")
    lookup = path.pop() if len(path) > 1 and path[-1] in _LOOKUPS else "eq"
    term = Field(".".join(path))
    match lookup:
        case "isnull":
            return term.is_(None) if value else term.is_not(None)
        case "between":
            return term.between(*value)
        case "in" | "is":
            return getattr(term, f"{lookup}_")(value)  # type: ignore[no-any-return] # conditions, all of them
        case "like" | "ilike" | "is_not":
            return getattr(term, lookup)(value)  # type: ignore[no-any-return] # as above
    operator = {"lte": "le", "gte": "ge"}.get(lookup, lookup)
    return getattr(term, f"__{operator}__")(value)  # type: ignore[no-any-return] # as above
