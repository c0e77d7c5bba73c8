"""The documentation is complete and true where a program can tell."""

import re
from pathlib import Path

import pytest

from app.config import PREFIX, Settings
from app.domain.kinds import ProviderKind
from app.providers.fields import CREDENTIALS, OPTIONS
from tests.support.repository import ROOT

DOCS = ROOT / "docs"
CONFIGURATION = (DOCS / "configuration.md").read_text()
PROVIDERS = (DOCS / "providers.md").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
DECISIONS = sorted((DOCS / "decisions").glob("*.md"))
VARIABLES = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
ROW = re.compile(r"^\| `(LINEUP_\w+)`(?: \(also `(\w+)`\))? \| (.*?) \| ", re.MULTILINE)


def test_every_setting_is_documented_and_nothing_else() -> None:
    assert sorted(name for name, _, _ in ROW.findall(CONFIGURATION)) == sorted(VARIABLES)


def test_the_defaults_that_are_documented_are_true() -> None:
    told = {name: default.strip("`").removeprefix("./") for name, _, default in ROW.findall(CONFIGURATION)}
    for name, field in Settings.model_fields.items():
        if field.default not in (None, ()):
            value = told[f"{PREFIX}{name.upper()}"]
            assert value == str(field.default) or float(value) == float(field.default), name


def test_other_names_of_settings_are_documented() -> None:
    told = {name: other for name, other, _ in ROW.findall(CONFIGURATION) if other}
    aliased = {f"{PREFIX}{name.upper()}" for name, field in Settings.model_fields.items() if field.validation_alias}
    assert set(told) == aliased
    assert all(name == f"{PREFIX}{other}" for name, other in told.items())


def test_the_example_names_every_setting_and_sets_none() -> None:
    lines = EXAMPLE.splitlines()
    assert {name for line in lines if (name := line.lstrip("#").partition("=")[0]).startswith(PREFIX)} == VARIABLES
    assert all(line.startswith("#") or not line for line in lines)


def test_every_credential_and_option_of_a_provider_is_documented() -> None:
    names = {name for kind in ProviderKind for name in CREDENTIALS.get(kind, ())} | set(OPTIONS)
    assert {name for name in names if f"`{name}`" not in PROVIDERS} == set()


@pytest.mark.parametrize("file", DECISIONS, ids=lambda file: file.stem)
def test_a_decision_names_what_guards_it_and_that_exists(file: Path) -> None:
    text = file.read_text()
    assert text.startswith(f"# {int(file.name[:4])}. ")
    assert re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    guards = re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?`", text)
    assert guards
    for path, name in guards:
        assert not name or f"def {name}(" in (ROOT / path).read_text(), f"{path}::{name}"
        assert (ROOT / path).exists()


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(file.name[:4]) for file in DECISIONS] == list(range(1, len(DECISIONS) + 1))
