"""`lineup portal transpile`, and statements as people hand them over."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final

import typer

from app.cli.output import JsonFlag, point, say
from app.cli.portal_options import Form, SetOption
from app.cli.portal_output import show_listing, statement_document
from app.config import load_portal, load_schemas
from app.core import jsonio
from app.core.errors import Invalid
from app.domain.jsonsql.errors import Inexpressible
from app.domain.jsonsql.language import to_sql, transpile
from app.domain.jsonsql.words import Method, Params, Style

FROM_STDIN: Final = "-"

QueryArgument = Annotated[str, typer.Argument(metavar="QUERY", help="A statement; `-` reads it from standard input.")]


def transpile_query(
    *,
    query: QueryArgument,
    given: SetOption = None,
    back: Annotated[
        bool, typer.Option("--back", help="From JSONSQL to SQL; QUERY is {method, params}, or a SELECT's params.")
    ] = False,
    style: Annotated[Style, typer.Option(help="How equal things are written.")] = Style.DOCUMENTED,
    form: Annotated[Form | None, typer.Option("--format", "-f", help="JSON; with --back the SQL alone.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Turn SQL into JSONSQL, or back, and ask nobody."""
    portal, text = load_portal(given or ()), read_text(query)
    tables = load_schemas(portal).columns
    wanted = Form.JSON if as_json else form
    if back:
        method, params = _parts(read_object(text, "QUERY"))
        sql = to_sql(method, params, tables=tables)
        if wanted is None:
            say(sql)
        else:
            show_listing(wanted, ("SQL",), [(sql,)], {"sql": sql})
        return
    with pointed(text):
        made = transpile(text, tables=tables, order_by_id=portal.client.order_by_id, style=style)
    document = statement_document(made)
    show_listing(wanted or Form.JSON, ("METHOD", "PARAMS"), [tuple(document.values())], document)


def read_text(given: str) -> str:
    """The argument, or standard input."""
    return sys.stdin.read() if given == FROM_STDIN else given


def read_object(text: str, name: str) -> dict[str, Any]:
    """A JSON object."""
    try:
        found = jsonio.loads(text)
    except jsonio.JSONDecodeError as error:
        raise Invalid([(name, f"This is no JSON: {error}.")]) from None
    if not isinstance(found, dict):
        raise Invalid([(name, "This is no JSON object.")])
    return found


@contextmanager
def pointed(text: str) -> Iterator[None]:
    """Shows the line of SQL that a refusal within the block is about, and where in it."""
    try:
        yield
    except Inexpressible as error:
        if error.line is not None and error.column is not None:
            point(text, error.line, error.column)
        raise


def _parts(document: dict[str, Any]) -> tuple[Method, Params]:
    """Method and params of a request; params alone are those of a SELECT."""
    if "params" not in document:
        return Method.SELECT, document
    method, params = document.get("method", Method.SELECT), document["params"]
    if method not in set(Method) or not isinstance(params, dict):
        raise Invalid([("QUERY", f"There is {', '.join(Method)} as method, and params are an object.")])
    return Method(method), params
