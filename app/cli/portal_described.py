"""`lineup portal schema` without a portal: list, show, generate."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from app.cli.output import JsonFlag, complain, say, show_json
from app.cli.portal_options import Form, FormOption, SetOption, form_of
from app.cli.portal_output import plain, show_listing
from app.config import load_portal, load_schemas
from app.core.errors import Conflict, NotFound
from app.domain.schema_files import described, dumped
from app.domain.schema_models import Models, generated
from app.domain.schemas import Schemas, TableSchema

TablesArgument = Annotated[list[str] | None, typer.Argument(metavar="[TABLE]...", help="All of the schemas without.")]
OutputOption = Annotated[Path | None, typer.Option("--output", "-o", help="A file; printed without.")]
ForceFlag = Annotated[bool, typer.Option("--force", help="Also where the file is there.")]


def list_schemas(given: SetOption = None, form: FormOption = Form.TABLE, as_json: JsonFlag = False) -> None:
    """Show the tables that are described, and how each is kept."""
    schemas = _schemas(given)
    columns = ("TABLE", "FIELDS", "COLUMNS", "STRATEGY", "TTL", "ROWS")
    rows = [
        (
            one.name,
            len(one.fields),
            one.width,
            "disabled" if one.sync.disabled else one.sync.strategy.value,
            one.sync.ttl,
            one.facts.row_count,
        )
        for one in schemas.tables.values()
    ]
    document = {"schemas": [dict(zip(map(str.lower, columns), row, strict=True)) for row in rows]}
    show_listing(form_of(form, as_json=as_json), columns, rows, document, right=("FIELDS", "COLUMNS", "TTL", "ROWS"))


def show_schema(
    table: Annotated[str, typer.Argument(metavar="TABLE")], given: SetOption = None, as_json: JsonFlag = False
) -> None:
    """Show one table's schema as YAML."""
    show_tables([_schemas(given).table(table)], as_json=as_json)


def generate(
    *,
    tables: TablesArgument = None,
    given: SetOption = None,
    kind: Annotated[
        Models, typer.Option("--kind", help="Whose classes; other generators read jsonschema.")
    ] = Models.PYDANTIC,
    output: OutputOption = None,
    force: ForceFlag = False,
) -> None:
    """Write the schemas as Python classes, or as JSON Schema."""
    check_free(output, force=force)
    write_out(generated(chosen(_schemas(given), tables), kind), output)


def chosen(schemas: Schemas, tables: list[str] | None) -> list[TableSchema]:
    if not tables and not schemas.tables:
        raise NotFound("There are no schemas; `lineup portal schema introspect` makes some.")
    return [schemas.table(name) for name in tables] if tables else list(schemas.tables.values())


def show_tables(tables: list[TableSchema], *, as_json: bool) -> None:
    if as_json:
        show_json(plain(described(tables)))
    else:
        sys.stdout.write(dumped(tables))


def check_free(output: Path | None, *, force: bool) -> None:
    """Before anything is asked: what people wrote into a file is not lost."""
    if output is not None and output.exists() and not force:
        raise Conflict(f"{output} is there already; --force replaces it.")


def write_out(text: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(text)
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, encoding="utf-8")
    say(str(output))


def _schemas(given: list[str] | None) -> Schemas:
    found = load_schemas(load_portal(given or ()))
    for note in found.notes:
        complain(note)
    return found
