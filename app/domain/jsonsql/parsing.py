"""SQL text into sqlglot's tree (its PostgreSQL dialect), each node with its place in the text."""

import re
from typing import Any, Final, TypeVar

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import ParseError, SqlglotError, TokenError
from sqlglot.parsers.postgres import PostgresParser
from sqlglot.tokenizer_core import Token, TokenType

from app.domain.jsonsql.errors import Inexpressible, refused

MAX_LENGTH: Final = 100_000  # characters of a statement; the parser takes about 10 µs for ten of them
MAX_NODES: Final = 50_000
_OFFSET: Final = re.compile(r"from \d+:(\d+)")
_MISSING: Final = re.compile(r"Required keyword: '\w+' missing for <class '[\w.]*?(\w+)'>")
DIALECT: Final = Postgres()
# Words that open a construct; its first node stands right of them.
_LEADS: Final[dict[type[exp.Expr], set[TokenType]]] = {
    exp.Select: {TokenType.SELECT, TokenType.DISTINCT, TokenType.L_PAREN},
    exp.Subquery: {TokenType.SELECT, TokenType.DISTINCT, TokenType.L_PAREN},
    exp.Insert: {TokenType.INSERT, TokenType.INTO},
    exp.Update: {TokenType.UPDATE},
    exp.Delete: {TokenType.DELETE, TokenType.FROM},
    exp.Case: {TokenType.CASE, TokenType.WHEN},
    exp.Exists: {TokenType.EXISTS, TokenType.L_PAREN, TokenType.SELECT},
    exp.Cast: {TokenType.L_PAREN},
    exp.Not: {TokenType.NOT},
    exp.Neg: {TokenType.DASH},
}

Node = TypeVar("Node", bound=exp.Expr)


class _Parser(PostgresParser):
    """Keeps calls as they are written: sqlglot renames functions and moves their arguments, and JSONSQL must not."""

    FUNCTIONS = {}  # noqa: RUF012 - the parent's tables are replaced, as its dialects do
    FUNCTION_PARSERS = {name: PostgresParser.FUNCTION_PARSERS[name] for name in ("CAST", "EXTRACT")}  # noqa: RUF012

    def expression(self, instance: Node, token: Token | None = None, comments: list[str] | None = None) -> Node:
        return super().expression(instance, token or self._prev, comments)

    def _warn_unsupported(self) -> None:
        """Nothing: what cannot be read becomes a `Command`, which is refused with its place, not logged."""


class Parsed:
    """A statement and the text it came from; None when it was built, and errors have no place."""

    __slots__ = ("root", "text")

    def __init__(self, root: exp.Expr, text: str | None) -> None:
        self.root = root
        self.text = text

    def refuse(self, node: exp.Expr, message: str) -> Inexpressible:
        """The error that points to where `node` begins."""
        if self.text is None:
            return Inexpressible(message)
        return refused(message, self.text, self._start(node, self.text))

    def _start(self, node: exp.Expr, text: str) -> int:
        if node is self.root:
            return len(text) - len(text.lstrip())
        one: exp.Expr | None = node
        while one is not None:
            found = _starts(one)
            if found:
                return _lead(node, min(found), text)
            one = one.parent
        return 0


def parsed(text: str) -> Parsed:
    """One statement; `Inexpressible` when the text is none, or more than one."""
    if len(text) > MAX_LENGTH:
        raise Inexpressible(f"A statement has at most {MAX_LENGTH} characters", line=1, column=1)
    try:
        roots = _Parser(dialect=DIALECT, max_nodes=MAX_NODES).parse(DIALECT.tokenize(text), text)
    except TokenError as error:
        place = _OFFSET.search(str(error.__cause__))
        raise refused("A quote is not closed here", text, int(place[1]) if place else 0) from None
    except ParseError as error:
        raise _unread(error) from None
    except (SqlglotError, RecursionError):
        raise refused("The statement is nested too deeply", text, 0) from None
    found = list(filter(None, roots))  # an empty text makes a None
    if not found:
        raise refused("There is no statement", text, 0)
    statement = Parsed(found[0], text)
    if len(found) > 1:
        raise statement.refuse(found[1], "One statement at a time")
    return statement


def _starts(node: exp.Expr) -> list[int]:
    return [one.meta["start"] for one in node.walk() if "start" in one.meta]


def _lead(node: exp.Expr, start: int, text: str) -> int:
    """Where the words before a node's first node begin (`CASE` before what it asks)."""
    words = _LEADS.get(type(node))
    if words is None:
        return start
    for token in reversed([one for one in DIALECT.tokenize(text) if one.start < start]):
        if token.token_type not in words and token.text.upper() != "CAST":
            break
        start = token.start
    return start


def _unread(error: ParseError) -> Inexpressible:
    told: dict[str, Any] = error.errors[0] if error.errors else {}
    line, column = told.get("line") or 1, told.get("col") or 1  # sqlglot's column is where the word ends
    message = str(told.get("description") or "The statement cannot be read")
    message = message.partition(" but got <")[0]
    missing = _MISSING.fullmatch(message)
    if missing:
        message = f"{missing[1].upper()} is not complete here"
    elif message.startswith("Invalid expression"):
        message = "This was not expected here"
    return Inexpressible(message, line=line, column=max(1, column - len(told.get("highlight") or "") + 1))
