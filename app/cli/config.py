import os
from typing import Any, Final

import typer
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource, YamlConfigSettingsSource

from app.cli.output import JsonFlag, show_json, show_table
from app.config import PREFIX, Settings, load_settings
from app.core.redaction import HIDDEN, scrub

app = typer.Typer()

SECRET: Final = frozenset({"secret_key", "api_keys"})
SOURCES: Final = (
    ("environment", EnvSettingsSource),
    (".env", DotEnvSettingsSource),
    ("lineup.yaml", YamlConfigSettingsSource),
)


@app.command("show")
def show_config(as_json: JsonFlag = False) -> None:
    """Every setting, its value and where that comes from; secrets are masked."""
    settings = load_settings()
    given = [(place, {_field(name) for name in source(Settings)()}) for place, source in SOURCES]
    found = [
        {
            "name": f"{PREFIX}{name.upper()}",
            "value": _shown(name, getattr(settings, name)),
            "source": next((place for place, names in given if name in names), "default"),
        }
        for name in Settings.model_fields
    ]
    if as_json:
        show_json({"settings": found})
    else:
        show_table(("setting", "value", "source"), [tuple(one.values()) for one in found])


def _field(name: str) -> str:
    """The field of a variable: sources answer with the name by which they found it."""
    return name.lower().removeprefix(PREFIX.lower())


def _shown(name: str, value: Any) -> Any:
    if name in SECRET:
        return HIDDEN if value else None
    if isinstance(value, str):
        return scrub(value)
    return os.fspath(value) if isinstance(value, os.PathLike) else value
