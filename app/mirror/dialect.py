"""Statements of PostgreSQL as the mirror's own database runs them, and what can be told from a statement.

What runs is written anew from the tree that was read, never the text that came.
"""

from typing import Any, Final

from sqlglot import ErrorLevel, exp
from sqlglot.dialects.sqlite import SQLite
from sqlglot.errors import SqlglotError, UnsupportedError

from app.core.errors import Invalid
from app.domain.jsonsql.parsing import parsed
from app.domain.schemas import ID
from app.mirror.dialects import Wish

MOST_IDS: Final = 500  # rows asked for by their ids in one statement; more are a list
_DAYS: Final = frozenset({"DATE"})
_TIMES: Final = frozenset({"TIMESTAMP", "TIMESTAMPTZ", "DATETIME"})
_NO_DIALECT: Final = (exp.Interval, exp.AtTimeZone, exp.Array, exp.Bracket, exp.Any, exp.All, exp.SimilarTo)


class _Ticks(SQLite):
    """A name in double quotes that is none would be a text to SQLite, and an answer."""

    class Tokenizer(SQLite.Tokenizer):
        IDENTIFIERS = ["`"]  # noqa: RUF012 - the parent's


_DIALECT: Final = _Ticks()


def for_sqlite(sql: str) -> str:
    """The statement in SQLite's dialect; `Invalid` where that has no words for it."""
    root = parsed(sql).root
    for node in list(root.walk()):
        if isinstance(node, _NO_DIALECT):
            raise _unsaid(type(node).__name__.upper())
        if isinstance(node, exp.Cast):
            _replace_time(node)
    _name_results(root)
    try:
        return root.sql(dialect=_DIALECT, identify=True, unsupported_level=ErrorLevel.RAISE, comments=False)
    except UnsupportedError as error:
        raise _unsaid(str(error)) from None
    except SqlglotError as error:
        raise Invalid([("query", str(error))]) from None


def for_postgres(sql: str) -> str:
    """The statement, written anew."""
    return parsed(sql).root.sql(dialect="postgres", comments=False)


def asked_ids(sql: str) -> Wish | None:
    """The rows by id that a statement is about, when it is about nothing else."""
    root = parsed(sql).root
    if not isinstance(root, exp.Select) or len(list(root.find_all(exp.Table))) != 1 or root.args.get("joins"):
        return None
    table = next(root.find_all(exp.Table))
    where = root.args.get("where")
    if where is None or not isinstance(table.this, exp.Identifier):
        return None
    parts = list(where.this.flatten()) if isinstance(where.this, exp.And) else [where.this]
    for part in parts:
        ids = _ids(part)
        if ids is not None and len(ids) <= MOST_IDS:
            return Wish(table=table.name if table.this.args.get("quoted") else table.name.lower(), ids=ids)
    return None


def _ids(node: exp.Expr) -> list[Any] | None:
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.EQ):
        sides = (node.this, node.expression)
        column, values = (sides if _is_id(sides[0]) else sides[::-1])[0], [sides[1] if _is_id(sides[0]) else sides[0]]
    elif isinstance(node, exp.In) and not node.args.get("query") and not node.args.get("unnest"):
        column, values = node.this, node.expressions
    else:
        return None
    if not _is_id(column) or not all(isinstance(one, exp.Literal) for one in values):
        return None
    return [one.name if one.is_string else int(one.name) for one in values if one.is_string or one.name.isdigit()]


def _is_id(node: Any) -> bool:
    return isinstance(node, exp.Column) and node.name.lower() == ID


def _replace_time(node: exp.Cast) -> None:
    """SQLite would make a number of a date; times are texts here."""
    kind = node.to.sql().upper().partition("(")[0]
    if kind in _DAYS:
        node.replace(exp.Anonymous(this="date", expressions=[node.this.copy()]))
    elif kind in _TIMES:
        node.replace(exp.Anonymous(this="datetime", expressions=[node.this.copy()]))


def _name_results(root: exp.Expr) -> None:
    """Results are named as PostgreSQL names them; SQLite would take the text of the expression."""
    while isinstance(root, exp.Subquery | exp.SetOperation):
        root = root.this
    for one in root.expressions if isinstance(root, exp.Select) else ():
        if not isinstance(one, exp.Alias | exp.Column | exp.Star):
            one.replace(exp.alias_(one.copy(), _result_name(one), quoted=True))


def _result_name(node: exp.Expr) -> str:
    if isinstance(node, exp.Anonymous | exp.Alias | exp.Column):
        return str(node.alias_or_name).lower() if isinstance(node, exp.Anonymous) else str(node.alias_or_name)
    if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Select):
        return _result_name(node.this.expressions[0])
    if isinstance(node, exp.Cast) and isinstance(node.this, exp.Column):
        return str(node.this.name)
    if isinstance(node, exp.Paren | exp.Window | exp.Filter):
        return _result_name(node.this)
    known = isinstance(node, exp.Case | exp.Exists | exp.CurrentDate | exp.CurrentTime | exp.CurrentTimestamp)
    return str(node.sql(dialect="postgres")).partition(" ")[0].partition("(")[0].lower() if known else "?column?"


def _unsaid(what: str) -> Invalid:
    return Invalid([("query", f"The mirror's database (SQLite) cannot say {what}.")])
