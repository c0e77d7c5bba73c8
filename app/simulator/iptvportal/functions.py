"""The functions that statements may call: how each is spelled in SQLite, and those that SQLite lacks."""

import hashlib
import math
import random
import re
import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

FIRST: Final = "first"  # the result has the type of the first argument
NOW: Final = "%Y-%m-%d %H:%M:%S"


class Function(NamedTuple):
    """`sql` is its name in SQLite; `least` and `most` are how many arguments it takes, most None = any number."""

    sql: str
    least: int = 1
    most: int | None = 1
    kind: str = ""
    aggregate: bool = False


FUNCTIONS: Final[Mapping[str, Function]] = {
    "count": Function("count", aggregate=True, kind="integer"),
    "sum": Function("sum", aggregate=True),
    "avg": Function("avg", aggregate=True),
    "min": Function("min", aggregate=True, kind=FIRST),
    "max": Function("max", aggregate=True, kind=FIRST),
    "bool_and": Function("min", aggregate=True, kind="boolean"),
    "bool_or": Function("max", aggregate=True, kind="boolean"),
    "string_agg": Function("group_concat", 2, 2, aggregate=True),
    "array_agg": Function("json_group_array", aggregate=True, kind="json"),
    "upper": Function("pg_upper"),
    "lower": Function("pg_lower"),
    "length": Function("length"),
    "char_length": Function("length"),
    "trim": Function("trim", 1, 2),
    "btrim": Function("trim", 1, 2),
    "ltrim": Function("ltrim", 1, 2),
    "rtrim": Function("rtrim", 1, 2),
    "replace": Function("replace", 3, 3),
    "substring": Function("substr", 2, 3),
    "substr": Function("substr", 2, 3),
    "left": Function("pg_left", 2, 2),
    "right": Function("pg_right", 2, 2),
    "position": Function("instr", 2, 2),
    "strpos": Function("instr", 2, 2),
    "reverse": Function("pg_reverse"),
    "md5": Function("pg_md5"),
    "concat": Function("pg_concat", 1, None),
    "concat_ws": Function("pg_concat_ws", 2, None),
    "coalesce": Function("coalesce", 1, None, FIRST),
    "nullif": Function("nullif", 2, 2, FIRST),
    "greatest": Function("pg_greatest", 1, None, FIRST),
    "least": Function("pg_least", 1, None, FIRST),
    "regexp_replace": Function("pg_regexp_replace", 3, 4),
    "abs": Function("abs"),
    "round": Function("round", 1, 2),
    "ceil": Function("pg_ceil"),
    "ceiling": Function("pg_ceil"),
    "floor": Function("pg_floor"),
    "power": Function("pg_power", 2, 2),
    "sqrt": Function("pg_sqrt"),
    "random": Function("pg_random", 0, 0),
    "now": Function("pg_now", 0, 0),
    "current_timestamp": Function("pg_now", 0, 0),
    "current_date": Function("pg_today", 0, 0),
}


def install(database: sqlite3.Connection) -> None:
    """Makes the functions that SQLite lacks, or has with another meaning, known to a connection."""
    for name, (count, call) in _PYTHON.items():
        database.create_function(name, count, call, deterministic=name not in _MOODY)


def _like(text: Any, pattern: Any, insensitive: int) -> int | None:
    if text is None or pattern is None:
        return None
    return int(_pattern(str(pattern), bool(insensitive)).fullmatch(str(text)) is not None)


@lru_cache(maxsize=256)
def _pattern(pattern: str, insensitive: bool) -> re.Pattern[str]:  # noqa: FBT001 - a flag of SQL
    parts: list[str] = []
    letters = iter(pattern)
    for letter in letters:
        if letter == "\\":
            parts.append(re.escape(next(letters, "\\")))
        else:
            parts.append({"%": ".*", "_": "."}.get(letter, re.escape(letter)))
    return re.compile("".join(parts), re.DOTALL | (re.IGNORECASE if insensitive else 0))


def _regexp_replace(text: Any, pattern: Any, replacement: Any, flags: Any = "") -> str | None:
    r"""The first match, or all with the flag `g`; `\1` and `\&` name what was found."""
    if text is None or pattern is None or replacement is None:
        return None
    spelled = re.sub(r"\\&", r"\\g<0>", str(replacement))
    found = re.compile(str(pattern), re.IGNORECASE if "i" in flags else 0)
    return found.sub(spelled, str(text), count=0 if "g" in flags else 1)


def _concat(*parts: Any) -> str:
    return "".join(_spelled(part) for part in parts if part is not None)


def _concat_ws(between: Any, *parts: Any) -> str | None:
    return None if between is None else str(between).join(_spelled(part) for part in parts if part is not None)


def _spelled(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _chosen(pick: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    def choose(*values: Any) -> Any:
        known = [value for value in values if value is not None]
        return pick(known) if known else None

    return choose


def _strict(call: Callable[..., Any]) -> Callable[..., Any]:
    """NULL for NULL, as Postgres has it."""

    def checked(*values: Any) -> Any:
        return None if None in values else call(*values)

    return checked


_PYTHON: Final[Mapping[str, tuple[int, Callable[..., Any]]]] = {
    "pg_like": (3, _like),
    "pg_upper": (1, _strict(lambda value: str(value).upper())),
    "pg_lower": (1, _strict(lambda value: str(value).lower())),
    "pg_left": (2, _strict(lambda value, count: str(value)[:count])),
    "pg_right": (2, _strict(lambda value, count: str(value)[-count:] if count else "")),
    "pg_reverse": (1, _strict(lambda value: str(value)[::-1])),
    "pg_md5": (1, _strict(lambda value: hashlib.md5(str(value).encode(), usedforsecurity=False).hexdigest())),
    "pg_concat": (-1, _concat),
    "pg_concat_ws": (-1, _concat_ws),
    "pg_greatest": (-1, _chosen(max)),
    "pg_least": (-1, _chosen(min)),
    "pg_regexp_replace": (-1, _regexp_replace),
    "pg_ceil": (1, _strict(math.ceil)),
    "pg_floor": (1, _strict(math.floor)),
    "pg_power": (2, _strict(pow)),
    "pg_sqrt": (1, _strict(math.sqrt)),
    "pg_random": (0, random.random),
    "pg_now": (0, lambda: datetime.now(UTC).strftime(NOW)),
    "pg_today": (0, lambda: datetime.now(UTC).strftime("%Y-%m-%d")),
}
_MOODY: Final = frozenset({"pg_random", "pg_now", "pg_today"})
