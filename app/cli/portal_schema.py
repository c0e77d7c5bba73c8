"""`lineup portal schema`: list, show, introspect, validate, generate."""

from typing import Final

import typer

from app.cli.lazy import LazyCommands, Places, announce

COMMANDS: Final[Places] = {
    "list": ("app.cli.portal_described:list_schemas", "Show the tables that are described, and how each is kept."),
    "show": ("app.cli.portal_described:show_schema", "Show one table's schema as YAML."),
    "introspect": (
        "app.cli.portal_sampling:introspect",
        "Make schemas from what the portal tells of tables: types, names, numbers of rows.",
    ),
    "validate": (
        "app.cli.portal_sampling:validate",
        "Compare schemas with the portal: how many values have the type of their field, and stand under its name.",
    ),
    "generate": ("app.cli.portal_described:generate", "Write the schemas as Python classes, or as JSON Schema."),
}


class SchemaCommands(LazyCommands):
    """Only two of them ask a portal."""

    places = COMMANDS


app = typer.Typer(cls=SchemaCommands)
announce(app, COMMANDS)
