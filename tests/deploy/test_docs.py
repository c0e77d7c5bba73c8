"""What documents for operators say of numbers and names is true."""

import re

import pytest

from app.access.keys import COMMAND, FRESH_SECONDS
from app.api.callers import ANYBODY, SESSION, configured
from app.api.permits import scope_of
from app.context import POOL_SIZE
from app.db import upkeep
from app.domain.access import KeyScope
from app.streams.passing import GOOD_MS
from tests.support.repository import ROOT
from workers.schedule import CRON_JOBS
from workers.settings import MAX_JOBS

DOCS = ROOT / "docs"
SECURITY, SCALING, OPERATIONS = ((DOCS / f"{name}.md").read_text() for name in ("security", "scaling", "operations"))


def test_budgets_are_those_of_the_code() -> None:
    assert f"| at most {POOL_SIZE} | `max_connections` ≥ {POOL_SIZE} × (S + W) + 10" in SCALING
    assert f"| {MAX_JOBS} per worker | W = jobs at once / {MAX_JOBS} |" in SCALING


def test_every_scope_and_everybody_without_a_key_is_described() -> None:
    assert re.findall(r"^\| `(\w+)` \| ", SECURITY, re.MULTILINE) == [scope.value for scope in KeyScope]
    for caller in (ANYBODY.name, SESSION.name, configured(1).name, COMMAND):
        assert f"`{caller}`" in SECURITY
    assert scope_of("GET", "/api/audit") is KeyScope.ADMIN
    assert FRESH_SECONDS == 2  # "two seconds later"
    assert GOOD_MS == 6 * 3_600_000  # "after six hours"


def test_the_night_is_as_it_is_told() -> None:
    tidy = next(job for job in CRON_JOBS if job.name == "tidy")
    assert f"{tidy.hour:02}:{tidy.minute}" in OPERATIONS
    assert f"{upkeep.WORTH_BYTES // 2**20} MB" in OPERATIONS
    assert upkeep.HOLLOW == 0.25  # "a quarter"


@pytest.mark.parametrize("text", [SECURITY, SCALING, OPERATIONS], ids=["security", "scaling", "operations"])
def test_files_and_documents_that_are_named_exist(text: str) -> None:
    for link in re.findall(r"\]\(([^)#:]+)(?:#[\w-]+)?\)", text):
        assert (DOCS / link).exists(), link
    for file in re.findall(r"`(deploy/[\w./-]+)`", text):
        assert (ROOT / file).exists(), file
