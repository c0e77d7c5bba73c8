"""The locks name versions and hashes only, and hold what pyproject.toml asks for."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.repository import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUNTIME: list[str] = PROJECT["project"]["dependencies"]
DEV: list[str] = PROJECT["dependency-groups"]["dev"]
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)(?P<rest>.*(?:\n    .*)*)", re.MULTILINE)


def text_of(lock: str) -> str:
    return (ROOT / lock).read_text()


def pins(lock: str) -> dict[str, str]:
    return {canonicalize_name(pin["name"]): pin["version"] for pin in PIN.finditer(text_of(lock))}


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_holds_no_address(lock: str) -> None:
    assert "://" not in text_of(lock)
    assert not re.findall(r"^-.*$", text_of(lock), re.MULTILINE)


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_pin_has_hashes(lock: str) -> None:
    assert pins(lock)
    assert not [pin["name"] for pin in PIN.finditer(text_of(lock)) if "--hash=sha256:" not in pin["rest"]]


@pytest.mark.parametrize(("lock", "wanted"), [("requirements.lock", RUNTIME), ("requirements-dev.lock", RUNTIME + DEV)])
def test_a_lock_satisfies_every_dependency(lock: str, wanted: list[str]) -> None:
    found = pins(lock)
    asked = [Requirement(text) for text in wanted]
    unmet = [str(one) for one in asked if not one.specifier.contains(found.get(canonicalize_name(one.name), "0"))]
    assert not unmet, "run: make lock"


def test_both_locks_agree() -> None:
    dev = pins("requirements-dev.lock")
    assert not {name: version for name, version in pins("requirements.lock").items() if dev.get(name) != version}
