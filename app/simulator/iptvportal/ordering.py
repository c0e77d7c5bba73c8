"""ORDER BY and GROUP BY in all forms that are told of.

The direction is the doubtful part (protocols/iptvportal.md, 14): a word behind a field, alone or in a list of its own.
"""

from collections.abc import Iterator
from typing import Any, Final

from app.simulator.iptvportal.expressions import Expressions
from app.simulator.iptvportal.fragments import Fragment, QueryError, quoted
from app.simulator.iptvportal.scope import Scope

# Postgres sorts NULL as the largest value, SQLite as the smallest.
DIRECTIONS: Final = {"ASC": " ASC NULLS LAST", "DESC": " DESC NULLS FIRST"}
PAIR: Final = 2


def orders(node: Any, scope: Scope, reader: Expressions, *, directed: bool) -> list[Fragment]:
    """The expressions to sort or group by; `directed` gives each its direction."""
    if node is None:
        return []
    found = list(_listed(node if isinstance(node, list) else [node], scope, directed=directed))
    made = [(_one(one, scope, reader, directed=directed), direction) for one, direction in found]
    return [one.wrapped(f"{{}}{DIRECTIONS[direction]}") if directed else one for one, direction in made]


def _listed(items: list[Any], scope: Scope, *, directed: bool) -> Iterator[tuple[Any, str]]:
    """Each item with its direction."""
    waiting: Any = None
    for item in items:
        word = item.upper() if isinstance(item, str) and item.upper() in DIRECTIONS else None
        if word and directed and waiting is not None and scope.find(str(item)) is None:
            yield waiting, word
            waiting = None
            continue
        if waiting is not None:
            yield waiting, "ASC"
        waiting = None
        if isinstance(item, list):
            if not directed or len(item) != PAIR or str(item[1]).upper() not in DIRECTIONS:
                raise QueryError("order_by: a list holds a field and its direction")
            yield item[0], str(item[1]).upper()
        elif isinstance(item, str) and directed and item.rpartition(" ")[2].upper() in DIRECTIONS and " " in item:
            yield item.rpartition(" ")[0].strip(), item.rpartition(" ")[2].upper()
        elif isinstance(item, dict) and _lists_columns(item):
            yield from (({alias: column}, "ASC") for alias, column in item.items())
        else:
            waiting = item
    if waiting is not None:
        yield waiting, "ASC"


def _lists_columns(item: dict[str, Any]) -> bool:
    """`{alias: column, alias: column}`; a function of one column is made of texts too."""
    return len(item) > 1 and "function" not in item and all(isinstance(one, str) for one in item.values())


def _one(item: Any, scope: Scope, reader: Expressions, *, directed: bool) -> Fragment:
    if isinstance(item, bool) or item is None or isinstance(item, float):
        raise QueryError(f"order_by: {item!r} is no field")
    if isinstance(item, int):
        if not 1 <= item <= len(scope.outputs):
            raise QueryError(f"ORDER BY position {item} is not in select list")
        return Fragment(str(item))
    if isinstance(item, str):
        # ORDER BY means the columns of the result first, GROUP BY those of the tables.
        if item in scope.outputs and (directed or scope.find(item) is None):
            return Fragment(quoted(item))
        return scope.column(item)
    return reader.value(item, "column")
