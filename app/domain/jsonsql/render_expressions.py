"""Expressions of JSONSQL as SQL text, in every form that the portal takes (protocols: expressions)."""

from dataclasses import dataclass
from typing import Final, Protocol

from app.domain.jsonsql.errors import Inexpressible
from app.domain.jsonsql.expressions import Place
from app.domain.jsonsql.names import literal, quoted_name, quoted_text
from app.domain.jsonsql.words import (
    ARITHMETIC,
    COMPARISONS,
    DOTTED,
    FUNCTION,
    LOGIC,
    NAME,
    OPERATORS,
    PATTERNS,
    Json,
    Params,
)

_INFIX: Final = {**COMPARISONS, **PATTERNS, **ARITHMETIC, **LOGIC, "is": "IS", "is_not": "IS NOT"}
_PAIRS: Final = frozenset({*COMPARISONS, *PATTERNS, "is", "is_not", "sub", "div", "mod"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What can be named here: relations, and their columns (None = not known, so every name may be one)."""

    relations: frozenset[str] = frozenset()
    columns: frozenset[str] | None = None

    def within(self, outer: "Names | None") -> "Names":
        if outer is None:
            return self
        known = None if self.columns is None or outer.columns is None else self.columns | outer.columns
        return Names(relations=self.relations | outer.relations, columns=known)


class Subselects(Protocol):
    """Writes a sub-select; given by who knows statements, which know expressions."""

    def __call__(self, params: Json, names: Names, path: str) -> str: ...


def wrong(path: str, message: str) -> Inexpressible:
    return Inexpressible(f"{path}: {message}")


class ExpressionWriter:
    """Writes expressions; what is made of parts comes in parentheses wherever it is a part itself."""

    def __init__(self, subselects: Subselects) -> None:
        self._subselects = subselects

    def text(self, node: Json, names: Names, path: str, place: Place = Place.COLUMN) -> str:
        written = self._written(node, names, path, place)
        return written[1:-1] if isinstance(node, dict) and _is_grouped(node) else written

    def operand(self, node: Json, names: Names, path: str, place: Place = Place.COLUMN) -> str:
        return self._written(node, names, path, place)

    def item(self, node: Json, names: Names, path: str) -> str:
        """An element of `data`: it may be `"*"`, and may have a name."""
        if node == "*":
            return "*"
        if not isinstance(node, dict):
            return self.text(node, names, path, Place.VALUE)
        bare = {key: value for key, value in node.items() if key != "as"}
        if "as" in node:
            return f"{self.text(bare, names, path, Place.VALUE)} AS {name(node['as'], path)}"
        if len(node) == 1:
            key, value = next(iter(node.items()))
            if isinstance(value, str) and key not in names.relations and key not in OPERATORS:
                return f"{name(key, path)} AS {name(value, path)}"
        return self.text(node, names, path, Place.VALUE)

    def _written(self, node: Json, names: Names, path: str, place: Place) -> str:
        if isinstance(node, str):
            return self._string(node, names, path, place)
        plain = literal(node)
        if plain is not None:
            return plain
        if not isinstance(node, dict) or not node:
            raise wrong(path, "an expression is expected")
        if set(node) == {"function", "args"}:
            return self._function(node["function"], node["args"], names, path)
        if len(node) != 1:
            raise wrong(path, f"unknown together: {', '.join(map(str, node))}")
        word, value = next(iter(node.items()))
        return self._single(word, value, names, f"{path}.{word}")

    def _single(self, word: str, value: Json, names: Names, path: str) -> str:
        if word == "select":
            return f"({self._subselects(value, names, path)})"
        if word == "not":
            inner = value[0] if isinstance(value, list) and len(value) == 1 else value
            return f"(NOT {self.operand(inner, names, path)})"
        if word in OPERATORS:
            if not isinstance(value, list):
                raise wrong(path, "a list is expected")
            return self._in(value, names, path) if word == "in" else self._infix(word, value, names, path)
        if isinstance(value, str):
            return f"{name(word, path)}.{name(value, path)}"
        if isinstance(value, list):
            return self._function(word, value, names, path)  # {"coalesce": [a, b]}
        raise wrong(path, "this is no expression")

    def _infix(self, word: str, values: list[Json], names: Names, path: str) -> str:
        if not values or (word in _PAIRS and len(values) != 2):  # noqa: PLR2004 - a pair
            raise wrong(path, "two operands are expected")
        if word in ARITHMETIC:
            places = [Place.VALUE] * len(values)
        elif word in LOGIC:
            places = [Place.COLUMN] * len(values)
        else:
            places = [Place.COLUMN, Place.LITERAL]
        if word in ("is", "is_not") and not (values[1] is None or isinstance(values[1], bool)):
            raise wrong(path, "null, true or false is expected")
        parts = [
            self.operand(one, names, f"{path}[{at}]", place)
            for at, (one, place) in enumerate(zip(values, places, strict=True))
        ]
        return parts[0] if len(parts) == 1 else f"({f' {_INFIX[word]} '.join(parts)})"

    def _in(self, values: list[Json], names: Names, path: str) -> str:
        if len(values) < 2:  # noqa: PLR2004 - a first operand and something to be in
            raise wrong(path, "a column and what it may be are expected")
        first = self.operand(values[0], names, f"{path}[0]")
        rest = values[1:]
        if len(rest) == 1 and isinstance(rest[0], list):
            rest = rest[0]
        only = rest[0] if len(rest) == 1 else None
        if isinstance(only, dict) and set(only) == {"values"}:
            return f"({first} IN ({self.rows(only['values'], names, path)}))"
        if isinstance(only, dict) and ("data" in only or set(only) == {"select"}):
            return f"({first} IN ({self._subselects(only.get('select', only), names, path)}))"
        if not rest:
            raise wrong(path, "an empty list")
        inner = (self.text(one, names, f"{path}[{at + 1}]", Place.LITERAL) for at, one in enumerate(rest))
        return f"({first} IN ({', '.join(inner)}))"

    def rows(self, rows: Json, names: Names, path: str) -> str:
        """VALUES; one row may come without its own list."""
        if not isinstance(rows, list) or not rows:
            raise wrong(path, "rows are expected")
        listed = rows if isinstance(rows[0], list) else [rows]
        if any(not isinstance(row, list) or len(row) != len(listed[0]) or not row for row in listed):
            raise wrong(path, "rows of one length are expected")
        written = (", ".join(self.text(cell, names, path, Place.LITERAL) for cell in row) for row in listed)
        return f"VALUES {', '.join(f'({row})' for row in written)}"

    def _function(self, word: Json, arguments: Json, names: Names, path: str) -> str:
        if not isinstance(word, str) or not FUNCTION.fullmatch(word):
            raise wrong(path, f"{word!r} is no function")
        given = arguments if isinstance(arguments, list) else [arguments]
        if word == "count" and given == ["*"]:
            return "COUNT(*)"
        if len(given) == 1 and isinstance(given[0], dict) and given[0].get("function") == "distinct":
            inner = given[0].get("args")
            one = inner[0] if isinstance(inner, list) and len(inner) == 1 else inner
            return f"{word.upper()}(DISTINCT {self.text(one, names, path, Place.VALUE)})"
        parts = (self.text(one, names, f"{path}.args[{at}]", Place.VALUE) for at, one in enumerate(given))
        return f"{word.upper()}({', '.join(parts)})"

    def _string(self, text: str, names: Names, path: str, place: Place) -> str:
        if place is Place.LITERAL:
            return quoted_text(text)
        dotted = DOTTED.fullmatch(text)
        if dotted is not None and (place is Place.COLUMN or dotted[1] in names.relations):
            return f"{quoted_name(dotted[1])}.{name(dotted[2], path)}"
        is_column = place is Place.COLUMN or (NAME.fullmatch(text) and (names.columns is None or text in names.columns))
        return name(text, path) if is_column else quoted_text(text)


def name(text: Json, path: str) -> str:
    """A table, an alias or a column."""
    if not isinstance(text, str) or not NAME.fullmatch(text):
        raise wrong(path, f"{text!r} is no name")
    return quoted_name(text)


def _is_grouped(node: Params) -> bool:
    """Whether `_written` put parentheses of its own around this."""
    word, value = next(iter(node.items()))
    if len(node) != 1 or word not in OPERATORS:
        return False
    return word not in {*LOGIC, *ARITHMETIC} or (isinstance(value, list) and len(value) > 1)
