"""The short form of `make faults`: one case of each sort, with the same table; lost workers are in tests/workers."""

import pytest

from tests.faults.case import table
from tests.faults.cases import CASES
from tests.faults.runner import run


@pytest.mark.timeout(600)
@pytest.mark.parametrize("ground", ["portals", None])
def test_every_fault_gets_what_it_deserves_and_no_row_is_lost(ground: str | None) -> None:
    chosen = [case for case in CASES if case.short and (case.setting.ground is None) == (ground is None)]
    lines: list[str] = []
    results = run(chosen, lines.append)
    assert all(one.survived for one in results), "\n".join([*lines, table(results)])
