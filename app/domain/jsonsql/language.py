"""SQL and JSONSQL for the rest of the program; the parser (40 MB, 0.4 s) is loaded with the first statement.

Errors and words (`errors.py`, `words.py`) can be imported without it, and so can this.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast

from app.domain.jsonsql.words import Json, Method, Statement, Style, Tables


def transpile(
    sql: str, *, tables: Tables | None = None, order_by_id: bool = True, style: Style = Style.DOCUMENTED
) -> Statement:
    """One statement of SQL in JSONSQL; see `transpile.py`."""
    made = _loaded("transpile").transpile(sql, tables=tables, order_by_id=order_by_id, style=style)
    return cast("Statement", made)


def to_sql(method: Method, params: Mapping[str, Json], *, tables: Tables | None = None) -> str:
    """JSONSQL as SQL; see `render.py`."""
    return cast("str", _loaded("render").to_sql(method, params, tables=tables))


def tables_read(sql: str) -> frozenset[str]:
    """The tables of a statement that only reads; see `reading.py`."""
    return cast("frozenset[str]", _loaded("reading").tables_read(sql))


def is_read_only(sql: str) -> bool:
    """Whether a statement is a SELECT in every node; see `reading.py`."""
    return cast("bool", _loaded("reading").is_read_only(sql))


def _loaded(name: str) -> Any:
    return import_module(f"app.domain.jsonsql.{name}")
