"""Expressions of JSONSQL as SQL (protocols/iptvportal.md, 5).

A text is a column or a literal by its place. `column`: it must be one (left of a comparison, a single argument).
`literal`: it is never one (right of a comparison). `either`: a known column of the FROM, else a literal (lists of
arguments).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal

import orjson

from app.simulator.iptvportal.fragments import Fragment, Query, QueryError, joined
from app.simulator.iptvportal.functions import FIRST, FUNCTIONS, Function
from app.simulator.iptvportal.scope import Scope

Reading = Literal["column", "literal", "either"]
SubSelect = Callable[[Mapping[str, Any], Scope | None], Query]

COMPARISONS: Final = {"eq": "=", "neq": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
TESTS: Final = {"is": "IS", "is_not": "IS NOT"}
LOGIC: Final = {"and": " AND ", "or": " OR "}
PATTERNS: Final = {"like": 0, "ilike": 1}
ARITHMETIC: Final = {"add": " + ", "mul": " * ", "sub": " - ", "div": " / ", "mod": " % "}
NARY: Final = frozenset({"add", "mul"})
PAIR: Final = 2


class Expressions:
    """Reads expressions within one scope; `select` makes the SQL of a sub-select."""

    def __init__(self, scope: Scope, select: SubSelect) -> None:
        self._scope = scope
        self._select = select

    def condition(self, node: Any) -> Fragment:
        """What stands in WHERE, HAVING and ON."""
        if isinstance(node, list):
            raise QueryError("a condition is one expression, not a list")
        return self.value(node, "column")

    def value(self, node: Any, reading: Reading) -> Fragment:
        """Any expression."""
        if isinstance(node, str):
            return self._text(node, reading)
        if isinstance(node, bool):
            return Fragment("?", (int(node),), "boolean")
        if node is None:
            return Fragment("NULL")
        if isinstance(node, int | float):
            return Fragment("?", (node,))
        if isinstance(node, list):
            return Fragment("?", (orjson.dumps(node).decode(),), "json")
        if isinstance(node, dict):
            return self._object({name: value for name, value in node.items() if name != "as"})
        raise QueryError(f"unsupported expression: {node!r}")

    def _text(self, word: str, reading: Reading) -> Fragment:
        if reading == "column":
            return self._scope.column(word)
        found = self._scope.find(word) if reading == "either" else None
        return found or Fragment("?", (word,))

    def _object(self, node: dict[str, Any]) -> Fragment:
        if "function" in node:
            if node.keys() - {"function", "args"}:
                raise QueryError(f"unsupported expression: {sorted(node)}")
            return self._function(node["function"], node.get("args", []))
        if len(node) != 1:
            raise QueryError(f"unsupported expression: {sorted(node)}")
        [(word, operand)] = node.items()
        if word == "select":
            return self._scalar(operand)
        if (made := self._operator(word, operand)) is not None:
            return made
        if isinstance(operand, str):
            return self._scope.member(word, operand)
        if word in FUNCTIONS:
            return self._function(word, operand)
        raise QueryError(f"unknown operator {word}")

    def _operator(self, word: str, operand: Any) -> Fragment | None:
        """None for a word that is no operator."""
        if word in ARITHMETIC:
            return self._arithmetic(word, operand)
        if word in LOGIC:
            parts = [self.condition(part) for part in _list(word, operand)]
            return joined(parts, LOGIC[word], "boolean").wrapped("({})")
        if word == "not":
            inner = _list(word, operand, 1)[0] if isinstance(operand, list) else operand
            return self.condition(inner).wrapped("(NOT {})", "boolean")
        return self._comparison(word, operand)

    def _comparison(self, word: str, operand: Any) -> Fragment | None:
        if word in COMPARISONS:
            return joined(self._pair(word, operand), f" {COMPARISONS[word]} ", "boolean").wrapped("({})")
        if word in TESTS:
            return self._test(word, operand)
        if word == "in":
            return self._membership(operand)
        if word in PATTERNS:
            made = joined(self._pair(word, operand), ", ", "boolean")
            return made.wrapped(f"pg_like({{}}, {PATTERNS[word]})")
        return None

    def _arithmetic(self, word: str, operand: Any) -> Fragment:
        exact = None if word in NARY else PAIR
        parts = [self.value(part, "column") for part in _list(word, operand, exact, least=PAIR)]
        return joined(parts, ARITHMETIC[word]).wrapped("({})")

    def _pair(self, word: str, operand: Any) -> list[Fragment]:
        left, right = _list(word, operand, PAIR)
        return [self.value(left, "column"), self.value(right, "literal")]

    def _test(self, word: str, operand: Any) -> Fragment:
        left, right = _list(word, operand, PAIR)
        found = self.value(left, "column")
        if right is None or isinstance(right, bool):
            return found.wrapped(f"({{}} {TESTS[word]} {'NULL' if right is None else str(right).upper()})", "boolean")
        other = self.value(right, "literal")
        return joined([found, other], f" {TESTS[word]} ", "boolean").wrapped("({})")

    def _membership(self, operand: Any) -> Fragment:
        parts = _list("in", operand, least=2)
        left, choices = self.value(parts[0], "column"), parts[1:]
        if len(choices) == 1 and isinstance(choices[0], dict) and choices[0].keys() & {"select", "values"}:
            inner = self._rows(choices[0])
        else:
            values = choices[0] if len(choices) == 1 and isinstance(choices[0], list) else choices
            if any(isinstance(one, dict) and "data" in one for one in values):
                # What a peer sends; that a portal takes it was never seen (protocols/iptvportal.md, 14).
                raise QueryError('a sub-select is written {"select": {...}}')
            inner = joined([self.value(one, "literal") for one in values], ", ")
        return joined([left, inner.wrapped("({})")], " IN ", "boolean").wrapped("({})")

    def _rows(self, node: dict[str, Any]) -> Fragment:
        made = self._select(node.get("select", node), self._scope)
        if len(made.columns) != 1:
            raise QueryError("subquery has too many columns")
        return Fragment(made.sql, made.values, made.columns[0][1])

    def _scalar(self, operand: Any) -> Fragment:
        if not isinstance(operand, dict):
            raise QueryError("select: an object is needed")
        return self._rows({"select": operand}).wrapped("({})")

    def _function(self, name: Any, args: Any) -> Fragment:
        known = FUNCTIONS.get(name.lower()) if isinstance(name, str) else None
        if known is None:
            raise QueryError(f"function {name}() does not exist")
        if known.sql == "count" and args in ("*", ["*"]):
            return Fragment("count(*)", (), known.kind)
        if isinstance(args, dict) and str(args.get("function", "")).lower() == "distinct" and known.aggregate:
            found = self._arguments(args.get("args"))
            return self._called(known, found, "{}(DISTINCT {{}})")
        return self._called(known, self._arguments(args), "{}({{}})")

    def _arguments(self, args: Any) -> list[Fragment]:
        if isinstance(args, list):
            return [self.value(one, "either") for one in args]
        return [] if args is None else [self.value(args, "column")]

    def _called(self, known: Function, args: list[Fragment], form: str) -> Fragment:
        if len(args) < known.least or (known.most is not None and len(args) > known.most):
            raise QueryError(f"function {known.sql}() does not exist with {len(args)} arguments")
        kind = args[0].kind if known.kind == FIRST and args else known.kind
        return joined(args, ", ", kind).wrapped(form.format(known.sql))


def _list(word: str, operand: Any, exact: int | None = None, *, least: int = 1) -> Sequence[Any]:
    if not isinstance(operand, list) or len(operand) < least or (exact is not None and len(operand) != exact):
        raise QueryError(f"{word}: {exact or f'at least {least}'} operands are needed")
    return operand
