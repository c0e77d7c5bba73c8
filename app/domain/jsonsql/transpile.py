"""SQL into JSONSQL, the query language of IPTVPortal's operators: whole, or refused with its place in the text."""

from sqlglot import exp

from app.domain.jsonsql.errors import Inexpressible, refused
from app.domain.jsonsql.parsing import Parsed, parsed
from app.domain.jsonsql.scope import Scope
from app.domain.jsonsql.selects import Selects
from app.domain.jsonsql.words import Method, Statement, Style, Tables
from app.domain.jsonsql.writes import Writes


def transpile(
    sql: str, *, tables: Tables | None = None, order_by_id: bool = True, style: Style = Style.DOCUMENTED
) -> Statement:
    """One statement (PostgreSQL's dialect) in JSONSQL; `Inexpressible` when it cannot be said there.

    `tables`: all columns of each table that is known; `*` is written out with them, and texts are told from columns.
    `order_by_id`: a SELECT of one table that shows its id and has no order is ordered by it.
    """
    try:
        return translated(parsed(sql), tables or {}, style, order_by_id=order_by_id)
    except RecursionError:
        raise refused("The statement is nested too deeply", sql, 0) from None


def translated(statement: Parsed, tables: Tables, style: Style, *, order_by_id: bool) -> Statement:
    """The same of a statement that was parsed, or built."""
    selects = Selects(statement, tables=tables, style=style, order_by_id=order_by_id)
    writes = Writes(statement, selects, tables)
    root = statement.root
    columns: tuple[str, ...] | None = None
    match root:
        case exp.Select() | exp.Subquery():
            selected = selects.selected(root, None)
            method, params, columns = Method.SELECT, selected.params, selected.columns
        case exp.Values():
            method, params = Method.SELECT, {"values": selects.expressions.rows(root, Scope())}
        case exp.Insert():
            method, params = Method.INSERT, writes.insert(root)
        case exp.Update():
            method, params = Method.UPDATE, writes.update(root)
        case exp.Delete():
            method, params = Method.DELETE, writes.delete(root)
        case _:
            raise _not_a_statement(statement)
    if "returning" in params and "*" not in params["returning"]:
        returned = params["returning"]
        columns = (returned,) if isinstance(returned, str) else tuple(returned)
    written = params.get("into") or params.get("table") or params.get("from") if method is not Method.SELECT else None
    read = selects.sources.read_tables | ({written} if written else set())
    return Statement(method=method, params=params, columns=columns, tables=frozenset(read))


def _not_a_statement(statement: Parsed) -> Inexpressible:
    return statement.refuse(statement.root, "JSONSQL has SELECT, INSERT, UPDATE and DELETE only")
