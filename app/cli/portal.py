"""`lineup portal`: an operator's database by command."""

from typing import Final

import typer

from app.cli.lazy import LazyCommands, Places, announce

COMMANDS: Final[Places] = {
    "auth": ("app.cli.portal_query:log_in", "Log in, or see that the session that is kept is still good."),
    "sql": ("app.cli.portal_query:run_sql", "Ask in SQL: the mirror of a provider, or the portal."),
    "jsonsql": ("app.cli.portal_query:run_jsonsql", "Ask the portal in its own language, as it is written."),
    "transpile": ("app.cli.portal_transpile:transpile_query", "Turn SQL into JSONSQL, or back, and ask nobody."),
    "sync": ("app.cli.portal_sync:app", "The mirror of the tables."),
    "cache": ("app.cli.portal_cache:app", "What answers before the portal is asked."),
    "schema": ("app.cli.portal_schema:app", "What the tables look like."),
    "config": ("app.cli.portal_config:app", "The settings of portals."),
}


class PortalCommands(LazyCommands):
    """Half of them need neither a database nor a connection."""

    places = COMMANDS


app = typer.Typer(cls=PortalCommands)
announce(app, COMMANDS)
