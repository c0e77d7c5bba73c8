"""Questions to whoever sits at the terminal."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer
from rich.text import Text

from app.cli.codes import FAILED
from app.cli.output import complain, errors
from app.core.errors import Invalid

YES: Final = frozenset({"y", "yes"})


def confirm(question: str) -> None:
    """Asks, where somebody can answer; anything but yes ends the command."""
    check_asked()
    with interruptible():
        # Standard output is for rows: `typer.confirm` would leave a blank there.
        errors.print(Text(f"{question} [y/N]: "), end="")
        agreed = _line().strip().lower() in YES
    if not agreed:
        complain("nothing was done")
        raise typer.Exit(FAILED)


def check_asked() -> None:
    """Refuses where nobody sits, such as in a script."""
    if not sys.stdin.isatty():
        raise Invalid([("--yes", "Nobody can be asked here; say --yes.")])


def prompt(name: str, *, hidden: bool) -> str:
    """What somebody types."""
    with interruptible():
        return str(typer.prompt(name, hide_input=hidden, err=True))


def _line() -> str:
    try:
        return input()
    except EOFError:
        raise typer.Abort from None


@contextmanager
def interruptible() -> Iterator[None]:
    """Lets Ctrl-C end a question: the loop's own way waits until the question is answered."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
