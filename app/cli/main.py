"""`lineup`: what every command has in common."""

import sys
from importlib.metadata import version
from typing import Annotated, Final

import typer
from sqlalchemy.exc import SQLAlchemyError
from yaml import YAMLError

from app.cli import (
    config,
    database,
    demo,
    epg,
    playlist,
    portal,
    provider,
    serve,
    simulate,
    snapshot,
    sync,
    tags,
    worker,
)
from app.cli.output import complain, say
from app.cli.provider import OPTION_NAMES
from app.cli.running import FAILED, MISUSED
from app.core.errors import Invalid, LineupError, Misconfigured, NotFound

INTERRUPTED: Final = 130

app = typer.Typer(
    help="A complete, tidy, local copy of IPTV catalogues, handed to apps as immutable gzipped snapshots.",
    pretty_exceptions_enable=False,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        say(f"lineup {version('lineup')}")
        raise typer.Exit


@app.callback()
def main(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """A complete, tidy, local copy of IPTV catalogues, handed to apps as immutable gzipped snapshots."""
    _help_without_command(context)


def _help_without_command(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        sys.stdout.write(context.get_help())
        raise typer.Exit(MISUSED)


app.command()(serve.serve)
app.command()(worker.worker)
app.command()(demo.demo)
app.command()(simulate.simulate)
for group, name, purpose in (
    (provider.app, "provider", "The upstream accounts whose catalogues are kept."),
    (sync.app, "sync", "Bring catalogues up to date."),
    (snapshot.app, "snapshot", "Published versions of a catalogue."),
    (tags.app, "tags", "Rules that tag items and tidy names, and filters that hide them."),
    (epg.app, "epg", "Programme guides: what channels show."),
    (playlist.app, "playlist", "Saved line-ups, and what players are given."),
    (portal.app, "portal", "An operator's database (IPTVPortal): SQL, schemas and settings."),
    (database.app, "db", "The database."),
    (config.app, "config", "The settings."),
):
    group.callback(invoke_without_command=True)(_help_without_command)
    app.add_typer(group, name=name, help=purpose)


def run() -> None:
    """The entry point: exit code 0 done, 1 failed or partial, 2 wrong use; one line instead of a trace."""
    sys.exit(_run())


def _run() -> int:
    try:
        code = app(standalone_mode=False)
    except typer.TyperException as error:
        complain(error.format_message())
        return error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except LineupError as error:
        complain(_sentence(error))
        return MISUSED if isinstance(error, Invalid | Misconfigured | NotFound) else FAILED
    except YAMLError as error:
        complain(f"lineup.yaml: {error}")
        return MISUSED
    except (OSError, SQLAlchemyError) as error:
        complain(f"{type(error).__name__}: {error}")
        return FAILED
    if code == INTERRUPTED:  # Typer, too, makes this of Ctrl-C
        complain("interrupted")
    return code if isinstance(code, int) else 0


def _sentence(error: LineupError) -> str:
    if not isinstance(error, Invalid):
        return error.detail
    return "; ".join(f"{OPTION_NAMES.get(field, field)}: {message}" for field, message in error.errors)
