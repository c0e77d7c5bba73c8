"""`lineup`: what every command has in common."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer
from yaml import YAMLError

from app.cli.codes import FAILED, INTERRUPTED, MISUSED
from app.cli.lazy import LazyCommands, announce, help_without_command
from app.cli.names import OPTION_NAMES
from app.cli.output import complain, say
from app.core.errors import Invalid, LineupError, Misconfigured, NotFound

app = typer.Typer(
    cls=LazyCommands,
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
    help_without_command(context)


announce(app)


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
    except OSError as error:
        complain(f"{type(error).__name__}: {error}")
        return FAILED
    if code == INTERRUPTED:  # Typer, too, makes this of Ctrl-C
        complain("interrupted")
    return code if isinstance(code, int) else 0


def _sentence(error: LineupError) -> str:
    if not isinstance(error, Invalid):
        return error.detail
    return "; ".join(f"{OPTION_NAMES.get(field, field)}: {message}" for field, message in error.errors)
