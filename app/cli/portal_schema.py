"""`lineup portal schema`: list, show, introspect, validate, generate."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.output import JsonFlag, complain, say, show_json
from app.cli.portal_opening import ProviderOption, SetOption, opened_portal
from app.cli.portal_output import Form, FormOption, form_of, plain, show_listing
from app.cli.running import awaited, ended
from app.config import load_portal, load_schemas
from app.core.errors import Conflict, NotFound
from app.domain.schema_files import described, dumped
from app.domain.schema_guess import FieldMatch, TableMatch
from app.domain.schema_models import Models, generated
from app.domain.schemas import Schemas, TableSchema
from app.providers.iptvportal.introspection import SAMPLE

app = typer.Typer()

TablesArgument = Annotated[list[str] | None, typer.Argument(metavar="[TABLE]...", help="All of the schemas without.")]
OutputOption = Annotated[Path | None, typer.Option("--output", "-o", help="A file; printed without.")]
ForceFlag = Annotated[bool, typer.Option("--force", help="Also where the file is there.")]
SampleOption = Annotated[int, typer.Option("--sample", min=1, max=10_000, help="So many rows are looked at.")]


@app.command("list")
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


@app.command("show")
def show_schema(
    table: Annotated[str, typer.Argument(metavar="TABLE")], given: SetOption = None, as_json: JsonFlag = False
) -> None:
    """Show one table's schema as YAML."""
    _show([_schemas(given).table(table)], as_json=as_json)


@app.command("introspect")
@awaited
async def introspect(
    *,
    tables: Annotated[list[str], typer.Argument(metavar="TABLE...", help="As the portal names them.")],
    provider: ProviderOption = None,
    given: SetOption = None,
    sample: SampleOption = SAMPLE,
    names: Annotated[
        str, typer.Option("--columns", help="Names that columns may have, besides the usual ones, with commas.")
    ] = "",
    output: OutputOption = None,
    force: ForceFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Make schemas from what the portal tells of tables: types, names, numbers of rows."""
    _check(output, force=force)
    guesses = [name.strip() for name in names.split(",") if name.strip()]
    async with opened_portal(provider, given) as portal:
        found = [await portal.client.introspect(table, sample=sample, names=guesses) for table in tables]
    for one in found:
        if one.sync.disabled:
            complain(f"{one.name} may not be read: it is disabled")
    if output is None:
        _show(found, as_json=as_json)
    else:
        _write(dumped(found), output)


@app.command("validate")
@awaited
async def validate(
    *,
    tables: TablesArgument = None,
    provider: ProviderOption = None,
    given: SetOption = None,
    sample: SampleOption = SAMPLE,
    form: FormOption = Form.TABLE,
    as_json: JsonFlag = False,
) -> None:
    """Compare schemas with the portal: how many values have the type of their field, and stand under its name."""
    async with opened_portal(provider, given) as portal:
        chosen = [one for one in _chosen(portal.client.schemas, tables) if tables or not one.sync.disabled]
        found = [await portal.client.validate(one.name, sample=sample) for one in chosen]
    columns = ("TABLE", "POSITION", "FIELD", "TYPE", "VALUES", "FIT", "NAME", "LOOKS LIKE")
    rows = [_match_row(one, field) for one in found for field in one.fields]
    document = {"tables": [_match_document(one) for one in found]}
    show_listing(form_of(form, as_json=as_json), columns, rows, document, right=("POSITION", "VALUES", "FIT", "NAME"))
    for one in found:
        for fault in one.faults:
            complain(f"{one.table}: {fault}")
    ended(well=all(one.good for one in found))


@app.command("generate")
def generate(
    *,
    tables: TablesArgument = None,
    given: SetOption = None,
    kind: Annotated[Models, typer.Option("--kind", help="Whose classes.")] = Models.PYDANTIC,
    output: OutputOption = None,
    force: ForceFlag = False,
) -> None:
    """Write the schemas as Python classes."""
    _check(output, force=force)
    _write(generated(_chosen(_schemas(given), tables), kind), output)


def _schemas(given: list[str] | None) -> Schemas:
    found = load_schemas(load_portal(given or ()))
    for note in found.notes:
        complain(note)
    return found


def _chosen(schemas: Schemas, tables: list[str] | None) -> list[TableSchema]:
    if not tables and not schemas.tables:
        raise NotFound("There are no schemas; `lineup portal schema introspect` makes some.")
    return [schemas.table(name) for name in tables] if tables else list(schemas.tables.values())


def _show(tables: list[TableSchema], *, as_json: bool) -> None:
    if as_json:
        show_json(plain(described(tables)))
    else:
        sys.stdout.write(dumped(tables))


def _check(output: Path | None, *, force: bool) -> None:
    """Before anything is asked: what people wrote into a file is not lost."""
    if output is not None and output.exists() and not force:
        raise Conflict(f"{output} is there already; --force replaces it.")


def _write(text: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(text)
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, encoding="utf-8")
    say(str(output))


def _match_row(table: TableMatch, match: FieldMatch) -> tuple[Any, ...]:
    field = match.field
    looks = match.guess.value if match.guess is not field.type else ""
    ratios = (_percent(match.ratio), _percent(match.name_ratio))
    return table.table, field.position, field.name, field.type.value, match.values, *ratios, looks


def _percent(ratio: float | None) -> str:
    """Rounded down: only what is whole is 100 %."""
    return "" if ratio is None else f"{int(ratio * 1000) / 10:g} %"


def _match_document(table: TableMatch) -> dict[str, Any]:
    fields = [
        {
            "position": one.field.position,
            "name": one.field.name,
            "type": one.field.type.value,
            "values": one.values,
            "ratio": one.ratio,
            "nameRatio": one.name_ratio,
            "looksLike": one.guess.value,
        }
        for one in table.fields
    ]
    return {
        "table": table.table,
        "rows": table.rows,
        "columns": table.width,
        "good": table.good,
        "faults": list(table.faults),
        "fields": fields,
    }
