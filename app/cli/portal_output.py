"""What commands of a portal print: one listing in four forms; what is behind it goes to standard error."""

import csv
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import yaml
from rich.text import Text

from app.cli.output import errors, show_json, show_table
from app.cli.portal_options import Form
from app.core import jsonio
from app.domain.jsonsql.words import Statement
from app.providers.iptvportal.envelope import Prepared


def show_listing(
    form: Form, columns: Sequence[str], rows: Sequence[Sequence[Any]], document: Any, *, right: Sequence[str] = ()
) -> None:
    """A table for people, CSV for sheets, or the document for programs."""
    match form:
        case Form.JSON:
            show_json(document)
        case Form.YAML:
            show_yaml(document)
        case Form.CSV:
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows([_cell(value) for value in row] for row in rows)
        case Form.TABLE:
            show_table(columns, [[_word(value) for value in row] for row in rows], right=right)


def show_yaml(document: Any) -> None:
    sys.stdout.write(yaml.safe_dump(plain(document), sort_keys=False, allow_unicode=True, width=120))


def show_request(form: Form, prepared: Prepared) -> None:
    """A request that is not sent."""
    document = {"url": prepared.url, "headers": dict(prepared.headers), "body": prepared.document}
    match form:
        case Form.JSON:
            show_json(document)
        case Form.YAML:
            show_yaml(document)
        case _:
            sys.stdout.write(f"{prepared}\n")


def explain(sql: str | None, statement: Statement, prepared: Prepared) -> None:
    """What is about to be asked."""
    if sql is not None:
        told("SQL", sql)
    told("JSONSQL", f"{statement.method.value} {jsonio.dumps(statement.params).decode()}")
    told("request", str(prepared))


def told(name: str, text: str) -> None:
    errors.print(Text(f"{name}: {text}"))


def statement_document(statement: Statement) -> dict[str, Any]:
    return {"method": statement.method.value, "params": statement.params}


def plain(value: Any) -> Any:
    """As JSON has it: without tuples, enums and numbers in the names of keys."""
    return orjson.loads(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS))


def _word(value: Any) -> Any:
    """A cell for people: a float is a number as it is, nested JSON is JSON."""
    return _cell(value) if isinstance(value, Mapping | list | tuple | float) else value


def _cell(value: Any) -> Any:
    if isinstance(value, Mapping | list | tuple):
        return jsonio.dumps(value).decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    return value
