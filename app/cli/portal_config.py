"""`lineup portal config`: every setting of portals and of their tables, and the place that gave it."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Any

import typer

from app.cli.output import JsonFlag
from app.cli.portal_options import Form, FormOption, SetOption, form_of
from app.cli.portal_output import plain, show_listing
from app.config import load_portal, load_schemas
from app.core.errors import NotFound
from app.core.redaction import HIDDEN, scrub
from app.domain.checks import likely
from app.domain.portal_settings import DEFAULT, KEYS, PortalSettings, Valued, variable
from app.domain.schemas import Schemas, SyncSpec

app = typer.Typer()


@app.command("show")
def show_config(
    key: Annotated[
        str | None, typer.Argument(metavar="[KEY]", help="One of them, or a part: client, tables.media.")
    ] = None,
    given: SetOption = None,
    form: FormOption = Form.TABLE,
    as_json: JsonFlag = False,
) -> None:
    """Show each setting, its value and where that comes from; secrets are masked."""
    portal = load_portal(given or ())
    values = {**portal.values, **table_values(portal, load_schemas(portal))}
    chosen = {name: one for name, one in values.items() if key is None or name == key or name.startswith(f"{key}.")}
    if key is not None and not chosen:
        raise NotFound(f"There is no setting {key}{likely(key, values)}.")
    rows = [(name, _shown(name, one.value), one.source) for name, one in chosen.items()]
    document = {
        "settings": [
            {"key": name, "value": plain(value), "source": source}
            | ({"variable": variable(name)} if name in KEYS else {})
            for name, value, source in rows
        ]
    }
    show_listing(form_of(form, as_json=as_json), ("KEY", "VALUE", "SOURCE"), rows, document)


def table_values(portal: PortalSettings, schemas: Schemas) -> Mapping[str, Valued]:
    """How each table is kept: its file beats lineup.yaml, the environment and flags beat its file."""
    found = {}
    for name, table in schemas.tables.items():
        own = schemas.given.get(name, {})
        for one in fields(SyncSpec):
            general = portal.values.get(f"sync.{one.name}")
            source = general.source if general is not None else DEFAULT
            if one.name in own and one.name not in portal.over:
                source = own[one.name]
            found[f"tables.{name}.{one.name}"] = Valued(value=getattr(table.sync, one.name), source=source)
    return found


def _shown(name: str, value: Any) -> Any:
    if name in KEYS and KEYS[name].secret:
        return HIDDEN if value else None
    return scrub(value) if isinstance(value, str) else value
