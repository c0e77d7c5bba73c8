"""What commands of a portal print: one listing in four forms; what is behind it goes to standard error."""

import csv
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import orjson
import typer
import yaml
from rich.text import Text

from app.cli.output import errors, show_json, show_table
from app.core import jsonio
from app.domain.jsonsql.words import Statement
from app.providers.iptvportal.envelope import Prepared


class Form(StrEnum):
    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    YAML = "yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked besides the statement."""

    form: Form
    debug: bool
    dry_run: bool
    allow_writes: bool
    yes: bool


FormOption = Annotated[Form, typer.Option("--format", "-f", help="How it is printed.")]
DebugFlag = Annotated[bool, typer.Option("--debug", help="Say what is asked, and how long it takes.")]
DryRunFlag = Annotated[bool, typer.Option("--dry-run", help="Print the request, and send nothing.")]


def form_of(form: Form, *, as_json: bool) -> Form:
    """`--json` is short for `--format json`."""
    return Form.JSON if as_json else form


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
    if form is Form.JSON:
        show_json({"url": prepared.url, "headers": dict(prepared.headers), "body": prepared.document})
    else:
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
