"""`lineup portal schema` at a portal: introspect, validate."""

from typing import Annotated, Any

import typer

from app.cli.output import JsonFlag, complain
from app.cli.portal_described import (
    ForceFlag,
    OutputOption,
    TablesArgument,
    check_free,
    chosen,
    show_tables,
    write_out,
)
from app.cli.portal_opening import opened_portal
from app.cli.portal_options import Form, FormOption, ProviderOption, SetOption, form_of
from app.cli.portal_output import show_listing
from app.cli.running import awaited, ended
from app.domain.schema_files import dumped
from app.domain.schema_guess import FieldMatch, TableMatch
from app.providers.iptvportal.introspection import SAMPLE

SampleOption = Annotated[int, typer.Option("--sample", min=1, max=10_000, help="So many rows are looked at.")]


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
    check_free(output, force=force)
    guesses = [name.strip() for name in names.split(",") if name.strip()]
    async with opened_portal(provider, given) as portal:
        found = [await portal.client.introspect(table, sample=sample, names=guesses) for table in tables]
    for one in found:
        if one.sync.disabled:
            complain(f"{one.name} may not be read: it is disabled")
    if output is None:
        show_tables(found, as_json=as_json)
    else:
        write_out(dumped(found), output)


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
        described = [one for one in chosen(portal.client.schemas, tables) if tables or not one.sync.disabled]
        found = [await portal.client.validate(one.name, sample=sample) for one in described]
    columns = ("TABLE", "POSITION", "FIELD", "TYPE", "VALUES", "FIT", "NAME", "LOOKS LIKE")
    rows = [_match_row(one, field) for one in found for field in one.fields]
    document = {"tables": [_match_document(one) for one in found]}
    show_listing(form_of(form, as_json=as_json), columns, rows, document, right=("POSITION", "VALUES", "FIT", "NAME"))
    for one in found:
        for fault in one.faults:
            complain(f"{one.table}: {fault}")
    ended(well=all(one.good for one in found))


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
