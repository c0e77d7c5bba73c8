import json
import re

import pytest

from app.domain.jsonsql.render import to_sql
from app.domain.jsonsql.transpile import transpile
from tests.support.repository import ROOT

ROWS = re.findall(r"^\| `([^`]+)` \| `(\{[^`]+\})` \|$", (ROOT / "docs/jsonsql.md").read_text(), re.MULTILINE)


def test_the_table_is_found() -> None:
    assert len(ROWS) > 15


@pytest.mark.parametrize(("sql", "params"), ROWS)
def test_the_documented_rows_are_true(sql: str, params: str) -> None:
    made = transpile(sql)
    assert json.dumps(made.params, separators=(",", ":")) == params
    assert transpile(to_sql(made.method, json.loads(params))) == made
