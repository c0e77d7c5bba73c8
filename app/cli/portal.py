"""`lineup portal`: an operator's database by command."""

import typer

from app.cli import portal_cache, portal_config, portal_query, portal_schema, portal_sync

app = typer.Typer()
app.add_typer(portal_query.app)
for group, name, purpose in (
    (portal_sync.app, "sync", "The mirror of the tables."),
    (portal_cache.app, "cache", "What answers before the portal is asked."),
    (portal_schema.app, "schema", "What the tables look like."),
    (portal_config.app, "config", "The settings of portals."),
):
    app.add_typer(group, name=name, help=purpose, no_args_is_help=True)
