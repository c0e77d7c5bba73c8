"""What commands of a portal are asked with."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer

ProviderOption = Annotated[
    str | None, typer.Option("--provider", "-p", help="A provider of kind iptvportal, by its id or its name.")
]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", help="KEY=VALUE, a setting for this command: --set client.timeout=5.")
]


class Form(StrEnum):
    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    YAML = "yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked besides the statement."""

    form: Form
    debug: bool
    dry_run: bool
    allow_writes: bool
    yes: bool


FormOption = Annotated[Form, typer.Option("--format", "-f", help="How it is printed.")]
DebugFlag = Annotated[bool, typer.Option("--debug", help="Say what is asked, and how long it takes.")]
DryRunFlag = Annotated[bool, typer.Option("--dry-run", help="Print the request, and send nothing.")]


def form_of(form: Form, *, as_json: bool) -> Form:
    """`--json` is short for `--format json`."""
    return Form.JSON if as_json else form
