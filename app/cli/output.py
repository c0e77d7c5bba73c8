"""What commands print: tables for people, tab-separated lines for pipes, JSON for programs."""

import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import orjson
import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.core.redaction import scrub

JsonFlag = Annotated[bool, typer.Option("--json", help="JSON for programs.")]
UNKNOWN: Final = "–"
BYTES_STEP: Final = 1000
WIDEST: Final = 1000  # characters
EXCERPT: Final = 60  # characters before and behind the place of a fault

console = Console(soft_wrap=True, highlight=False)
errors = Console(stderr=True, soft_wrap=True, highlight=False)


def say(text: str) -> None:
    """A line on standard output, as it is."""
    console.print(Text(text))


def complain(text: str) -> None:
    """The one line that says what is wrong."""
    errors.print(Text(f"lineup: {scrub(' '.join(text.split()))}"))


def point(text: str, line: int, column: int) -> None:
    """A line of what was written, and a caret below its place; both count from 1."""
    written = text.splitlines()[line - 1] if text else ""
    start = max(0, column - EXCERPT)
    shown = scrub(written[start : column + EXCERPT].expandtabs(1))
    errors.print(Text(f"  {shown}\n  {' ' * (column - 1 - start)}^"))


def show_json(value: Any) -> None:
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")


def show_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, right: Sequence[str] = ()) -> None:
    """A listing; the columns `right` hold numbers."""
    if not console.is_terminal:
        for row in (columns, *rows):
            sys.stdout.write("\t".join(word(cell).replace("\t", " ") for cell in row) + "\n")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(word(cell)) for cell in row))
    # Wider than the terminal is better than words cut in pieces.
    wanted = console.measure(table, options=console.options.update(max_width=WIDEST)).maximum
    Console(width=max(console.width, wanted), highlight=False).print(table)


def show_fields(fields: Mapping[str, Any]) -> None:
    """One thing in full."""
    width = max(map(len, fields))
    for name, value in fields.items():
        gap = " " * (width - len(name) + 2) if console.is_terminal else "\t"
        say(f"{name}{gap}{word(value)}")


def word(value: Any) -> str:
    """A cell."""
    if value is None or value == "":
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if console.is_terminal else str(value)
    return str(value)


def size(number: int) -> str:
    """Bytes as people read them."""
    amount, unit = float(number), "B"
    for larger in ("kB", "MB", "GB"):
        if amount < BYTES_STEP:
            break
        amount, unit = amount / BYTES_STEP, larger
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def seconds(number: float) -> str:
    """A duration."""
    minutes, rest = divmod(number, 60)
    return f"{minutes:.0f} min {rest:.0f} s" if minutes else f"{rest:.1f} s"
