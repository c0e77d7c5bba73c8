"""Expressions of SQL as JSONSQL. The same text is a column in one place and a literal in another: see `Place`."""

from collections.abc import Callable
from decimal import Decimal
from enum import Enum, auto
from math import isfinite
from typing import Any, Final, Protocol

from sqlglot import exp

from app.domain.jsonsql.nodes import chain, check, unwrapped
from app.domain.jsonsql.parsing import Parsed
from app.domain.jsonsql.scope import Scope, column, name_of
from app.domain.jsonsql.words import DOTTED, FUNCTION, MIRRORED, Json, Params, Style

_COMPARISONS: Final[dict[type[exp.Expr], str]] = {
    exp.EQ: "eq",
    exp.NEQ: "neq",
    exp.LT: "lt",
    exp.LTE: "lte",
    exp.GT: "gt",
    exp.GTE: "gte",
}
_PATTERNS: Final[dict[type[exp.Expr], str]] = {exp.Like: "like", exp.ILike: "ilike"}
_LOGIC: Final[dict[type[exp.Expr], str]] = {exp.And: "and", exp.Or: "or"}
_ARITHMETIC: Final[dict[type[exp.Expr], str]] = {
    exp.Add: "add",
    exp.Sub: "sub",
    exp.Mul: "mul",
    exp.Div: "div",
    exp.Mod: "mod",
}
_INT64: Final = range(-(1 << 63), 1 << 63)


class Place(Enum):
    """What a text means: a column (a literal only where no column has that name), a literal, or only ever a column."""

    VALUE = auto()
    LITERAL = auto()
    COLUMN = auto()


class Selects(Protocol):
    """Makes the params of a sub-select; given by who knows statements, which know expressions."""

    def __call__(self, node: exp.Expr, outer: Scope) -> Params: ...


class Expressions:
    """The translator of one statement's expressions."""

    def __init__(self, statement: Parsed, style: Style, selects: Selects) -> None:
        self._statement = statement
        self._style = style
        self._selects = selects
        self._mentioned: frozenset[str] | None = None
        self._makers: dict[type[exp.Expr], Callable[[Any, Scope], Json]] = {
            **dict.fromkeys(_COMPARISONS, self._comparison),
            **dict.fromkeys(_LOGIC, self._logic),
            **dict.fromkeys(_ARITHMETIC, self._arithmetic),
            **dict.fromkeys(_PATTERNS, self._pattern),
            exp.Boolean: lambda node, _: bool(node.this),
            exp.Null: lambda *_: None,
            exp.Anonymous: self._function,
            exp.Not: self._not,
            exp.Is: self._is,
            exp.In: self._in,
            exp.Between: self._between,
            exp.Neg: self._negative,
            exp.Subquery: self._select,
        }

    def value(self, node: exp.Expr, scope: Scope) -> Json:
        """An item of `data`, an argument, an operand of arithmetic: `"name"` is a column."""
        return self._made(node, scope, Place.VALUE)

    def literal(self, node: exp.Expr, scope: Scope) -> Json:
        """A second operand, an element of `in`, a value of a row: `"name"` is a text."""
        return self._made(node, scope, Place.LITERAL)

    def condition(self, node: exp.Expr, scope: Scope) -> Json:
        """A condition or first operand: a text can only be a column."""
        return self._made(node, scope, Place.COLUMN)

    def integer(self, node: exp.Expr, what: str) -> int:
        """The number of LIMIT and OFFSET."""
        check(self._statement, node)
        if not isinstance(node, exp.Literal) or node.is_string or not str(node.this).isdecimal():
            raise self._statement.refuse(node, f"{what} is a whole number in JSONSQL")
        return int(node.this)

    def _made(self, node: exp.Expr, scope: Scope, place: Place) -> Json:
        node = unwrapped(self._statement, node)
        check(self._statement, node)
        if isinstance(node, exp.Column):
            return column(self._statement, node, scope, bare=place is not Place.LITERAL)
        if isinstance(node, exp.Literal):
            return self._text(node, scope, place) if node.is_string else self._number(node)
        maker = self._makers.get(type(node))
        if maker is None:
            raise self._statement.refuse(node, "JSONSQL has no form for this here")
        return maker(node, scope)

    def _select(self, node: exp.Expr, scope: Scope) -> Json:
        return {"select": self._one_column(node, scope)}

    def _one_column(self, node: exp.Expr, scope: Scope) -> Params:
        made = self._selects(node, scope)
        if len(made["data"]) != 1:
            raise self._statement.refuse(node, "A sub-select has one column here")
        return made

    def _comparison(self, node: exp.Binary, scope: Scope) -> Json:
        word = _COMPARISONS[type(node)]
        left, right = (unwrapped(self._statement, one) for one in (node.this, node.expression))
        if isinstance(left, exp.Literal) and not isinstance(right, exp.Literal):
            left, right, word = right, left, MIRRORED[word]
        return {word: [self.condition(left, scope), self.literal(right, scope)]}

    def _pattern(self, node: exp.Binary, scope: Scope) -> Json:
        word = _PATTERNS[type(node)]
        made = {word: [self.condition(node.this, scope), self.literal(node.expression, scope)]}
        return {"not": made} if node.args.get("negate") else made

    def _logic(self, node: exp.Binary, scope: Scope) -> Json:
        word = _LOGIC[type(node)]
        operands = chain(self._statement, node, both=self._style is Style.DOCUMENTED)
        made = [self.condition(one, scope) for one in operands]
        if self._style is Style.DOCUMENTED:  # what BETWEEN became joins its neighbours
            return {word: [part for one in made for part in (one[word] if _is_only(one, word) else [one])]}
        nested = made[0]
        for one in made[1:]:
            nested = {word: [nested, one]}
        return nested

    def _arithmetic(self, node: exp.Binary, scope: Scope) -> Json:
        word = _ARITHMETIC[type(node)]
        if word not in ("add", "mul"):
            return {word: [self.value(node.this, scope), self.value(node.expression, scope)]}
        return {word: [self.value(one, scope) for one in chain(self._statement, node, both=False)]}

    def _not(self, node: exp.Not, scope: Scope) -> Json:
        inner = unwrapped(self._statement, node.this)
        if type(inner) is exp.Is:
            check(self._statement, inner)
            return self._is(inner, scope, negate=True)
        return {"not": self.condition(inner, scope)}

    def _is(self, node: exp.Is, scope: Scope, *, negate: bool = False) -> Json:
        right = unwrapped(self._statement, node.expression)
        if not isinstance(right, exp.Null | exp.Boolean):
            raise self._statement.refuse(right, "JSONSQL has IS for NULL, TRUE and FALSE only")
        word = "is_not" if bool(node.args.get("negate")) != negate else "is"
        return {word: [self.condition(node.this, scope), self.literal(right, scope)]}

    def _in(self, node: exp.In, scope: Scope) -> Json:
        first = self.condition(node.this, scope)
        query, elements = node.args.get("query"), node.expressions
        if query is not None:
            made = self._one_column(query, scope)
            return {"in": [first, {"select": made} if self._style is Style.DOCUMENTED else [made]]}
        if len(elements) == 1 and isinstance(elements[0], exp.Values):
            return {"in": [first, {"values": self.rows(elements[0], scope)}]}
        rest = [self.literal(one, scope) for one in elements]
        return {"in": [first, *rest] if self._style is Style.DOCUMENTED else [first, rest]}

    def rows(self, node: exp.Values, scope: Scope) -> list[list[Json]]:
        """The rows of VALUES, all of one length."""
        check(self._statement, node)
        rows: list[list[Json]] = []
        for row in node.expressions:
            check(self._statement, row)
            cells = row.expressions if isinstance(row, exp.Tuple) else [row]
            rows.append([self.literal(cell, scope) for cell in cells])
            if len(rows[-1]) != len(rows[0]):
                raise self._statement.refuse(row, f"This row has {len(rows[-1])} values, the first has {len(rows[0])}")
        return rows

    def _between(self, node: exp.Between, scope: Scope) -> Json:
        if node.this.find(exp.Anonymous, exp.Query):
            raise self._statement.refuse(node, "JSONSQL has no BETWEEN, and this operand cannot be written twice")
        first = self.condition(node.this, scope)
        low, high = (self.literal(node.args[name], scope) for name in ("low", "high"))
        return {"and": [{"gte": [first, low]}, {"lte": [first, high]}]}

    def _negative(self, node: exp.Neg, scope: Scope) -> Json:
        inner = unwrapped(self._statement, node.this)
        if isinstance(inner, exp.Literal) and not inner.is_string:
            check(self._statement, inner)
            return self._number(inner, sign="-")
        return {"mul": [self.value(inner, scope), -1]}

    def _function(self, node: exp.Anonymous, scope: Scope) -> Json:
        name = str(node.this).lower() if isinstance(node.this, str) else ""
        if not FUNCTION.fullmatch(name):
            raise self._statement.refuse(node, "JSONSQL has no way to write the name of this function")
        return {"function": name, "args": self._arguments(name, node.expressions, scope)}

    def _arguments(self, name: str, nodes: list[exp.Expr], scope: Scope) -> Json:
        if len(nodes) != 1:
            return [self.value(one, scope) for one in nodes]
        one = unwrapped(self._statement, nodes[0])
        check(self._statement, one)
        if isinstance(one, exp.Star):
            if name != "count":
                raise self._statement.refuse(one, "JSONSQL has * as the argument of COUNT only")
            return ["*"]
        if isinstance(one, exp.Distinct):
            if len(one.expressions) != 1:
                raise self._statement.refuse(one, "JSONSQL has DISTINCT of one argument")
            return {"function": "distinct", "args": self._arguments("distinct", one.expressions, scope)}
        made = self.value(one, scope)
        is_plain = isinstance(one, exp.Column) or isinstance(made, dict)
        return made if is_plain else [made]

    def _number(self, node: exp.Literal, sign: str = "") -> int | float:
        text = sign + str(node.this)
        try:
            if text.lstrip("-").isdecimal():
                if int(text) in _INT64:
                    return int(text)
            elif isfinite(float(text)) and Decimal(repr(float(text))) == Decimal(text):
                return float(text)
        except (ArithmeticError, ValueError):
            raise self._statement.refuse(node, "This number cannot be read") from None
        raise self._statement.refuse(node, "JSON does not keep all digits of this number")

    def _text(self, node: exp.Literal, scope: Scope, place: Place) -> str:
        text = str(node.this)
        if place is Place.LITERAL:
            return text
        if place is Place.COLUMN:
            raise self._statement.refuse(node, "JSONSQL would read this text as a column")
        dotted = DOTTED.fullmatch(text)
        taken = scope.relation(dotted[1]) is not None if dotted else text in self._columns(scope)
        if taken or text == "*":
            raise self._statement.refuse(node, f"JSONSQL would read the text {text!r} as a column here")
        return text

    def _columns(self, scope: Scope) -> frozenset[str]:
        """Names that are columns for sure; what the schema does not tell, the statement itself may."""
        if self._mentioned is None:
            found = self._statement.root.find_all(exp.Column)
            names = (one.this for one in found if isinstance(one.this, exp.Identifier))
            self._mentioned = frozenset({"id", *(name_of(self._statement, one) for one in names)})
        return self._mentioned | scope.columns_in_reach()


def _is_only(made: Json, word: str) -> bool:
    return isinstance(made, dict) and set(made) == {word}
