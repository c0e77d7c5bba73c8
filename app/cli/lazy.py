"""The commands by name: a module is imported when its command is called, as none needs what all need together."""

import gc
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any, ClassVar, Final

import typer
from typer.core import TyperGroup
from typer.main import get_group

from app.cli.codes import MISUSED

Places = Mapping[str, tuple[str, str]]

# Where each is (module, then a function or a group of commands) and its line in the list of all.
COMMANDS: Final[Places] = {
    "serve": ("app.cli.serve:serve", "Serve the API; without LINEUP_REDIS_URL also run the syncs."),
    "worker": ("app.cli.worker:worker", "Run syncs for servers that share LINEUP_REDIS_URL."),
    "demo": (
        "app.cli.demo:demo",
        "Start simulated portals, add them as providers, sync them, and serve the result.",
    ),
    "simulate": (
        "app.cli.simulate:simulate",
        "Serve simulated portals; any MAC address 00:1A:79:… and any user name and password are let in.",
    ),
    "provider": ("app.cli.provider:app", "The upstream accounts whose catalogues are kept."),
    "sync": ("app.cli.sync:app", "Bring catalogues up to date."),
    "snapshot": ("app.cli.snapshot:app", "Published versions of a catalogue."),
    "tags": ("app.cli.tags:app", "Rules that tag items and tidy names, and filters that hide them."),
    "epg": ("app.cli.epg:app", "Programme guides: what channels show."),
    "playlist": ("app.cli.playlist:app", "Saved line-ups, and what players are given."),
    "portal": ("app.cli.portal:app", "An operator's database (IPTVPortal): SQL, schemas and settings."),
    "keys": ("app.cli.keys:app", "Keys of the API, and what each may do."),
    "db": ("app.cli.database:app", "The database."),
    "config": ("app.cli.config:app", "The settings."),
}


class LazyCommands(TyperGroup):
    """Lists commands by their lines alone; the one that is called takes the place of its line."""

    places: ClassVar[Places] = COMMANDS

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is called, with what is left for it."""
        if args and args[0] in self.places:
            self.commands[args[0]] = load(args[0], self.places)
        return super().resolve_command(ctx, args)


def announce(app: typer.Typer, places: Places = COMMANDS) -> None:
    """Adds a line for each command."""
    for name, (_, purpose) in places.items():
        app.command(name, help=purpose)(_nothing)


def load(name: str, places: Places = COMMANDS) -> Any:
    """The command itself."""
    place, purpose = places[name]
    module, _, part = place.partition(":")
    with _uncollected():
        found = getattr(import_module(module), part)
    holder = typer.Typer()
    if isinstance(found, typer.Typer):
        found.callback(invoke_without_command=True)(help_without_command)
        holder.add_typer(found, name=name, help=purpose)
    else:
        holder.command(name)(found)
    return get_group(holder).commands[name]


def help_without_command(context: typer.Context) -> None:
    """A group alone shows what it has."""
    if context.invoked_subcommand is None:
        sys.stdout.write(context.get_help())
        raise typer.Exit(MISUSED)


def _nothing() -> None:
    """Stands where a command was announced."""


@contextmanager
def _uncollected() -> Iterator[None]:
    """Looks for no garbage in the block: an import leaves none, and each look takes tens of milliseconds."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
