"""What SQLite lacks of the functions that statements may call, with PostgreSQL's meaning."""

import hashlib
import math
import re
import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from app.core import jsonio

NOW: Final = "%Y-%m-%d %H:%M:%S"


def install(database: sqlite3.Connection) -> None:
    """Makes them known to a connection."""
    for name, (count, call) in _PYTHON.items():
        database.create_function(name, count, call, deterministic=name not in _MOODY)
    for name, verdict in (("bool_and", all), ("every", all), ("bool_or", any)):
        database.create_aggregate(name, 1, _verdict(verdict))
    database.create_aggregate("array_agg", 1, _Gathered)


def to_boolean(value: bytes) -> Any:
    """A column declared BOOLEAN; what is neither 0 nor 1 came so from the portal."""
    return {b"0": False, b"1": True}.get(value, value.decode())


def to_json(value: bytes) -> Any:
    """A column declared JSONTEXT."""
    try:
        return jsonio.loads(value)
    except jsonio.JSONDecodeError:
        return value.decode()


class _Gathered:
    def __init__(self) -> None:
        self._values: list[Any] = []

    def step(self, value: Any) -> None:
        self._values.append(value)

    def finalize(self) -> Any:
        return jsonio.dumps(self._values).decode() if self._values else None


def _verdict(decide: Callable[[list[bool]], bool]) -> Any:
    class Verdict:
        def __init__(self) -> None:
            self._values: list[bool] = []

        def step(self, value: Any) -> None:
            if value is not None:
                self._values.append(bool(value))

        def finalize(self) -> int | None:
            return int(decide(self._values)) if self._values else None

    return Verdict


def _regexp_replace(text: Any, pattern: Any, replacement: Any, flags: Any = "") -> str | None:
    r"""The first match, or all with the flag `g`; `\1` and `\&` name what was found."""
    if text is None or pattern is None or replacement is None:
        return None
    spelled = re.sub(r"\\&", r"\\g<0>", str(replacement))
    found = re.compile(str(pattern), re.IGNORECASE if "i" in str(flags) else 0)
    return found.sub(spelled, str(text), count=0 if "g" in str(flags) else 1)


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
    """NULL for NULL, as PostgreSQL has it."""

    def checked(*values: Any) -> Any:
        return None if None in values else call(*values)

    return checked


_PYTHON: Final[Mapping[str, tuple[int, Callable[..., Any]]]] = {
    "upper": (1, _strict(lambda value: str(value).upper())),
    "lower": (1, _strict(lambda value: str(value).lower())),
    "initcap": (1, _strict(lambda value: str(value).title())),
    "left": (2, _strict(lambda value, count: str(value)[: int(count)])),
    "right": (2, _strict(lambda value, count: str(value)[-int(count) :] if count else "")),
    "reverse": (1, _strict(lambda value: str(value)[::-1])),
    "md5": (1, _strict(lambda value: hashlib.md5(str(value).encode(), usedforsecurity=False).hexdigest())),
    "concat": (-1, lambda *parts: "".join(_spelled(part) for part in parts if part is not None)),
    "concat_ws": (-1, _concat_ws),
    "greatest": (-1, _chosen(max)),
    "least": (-1, _chosen(min)),
    "char_length": (1, _strict(lambda value: len(str(value)))),
    "character_length": (1, _strict(lambda value: len(str(value)))),
    "strpos": (2, _strict(lambda value, part: str(value).find(str(part)) + 1)),
    "btrim": (1, _strict(lambda value: str(value).strip(" "))),
    "lpad": (2, _strict(lambda value, size: str(value)[: int(size)].rjust(int(size)))),
    "rpad": (2, _strict(lambda value, size: str(value)[: int(size)].ljust(int(size)))),
    "split_part": (3, _strict(lambda value, by, at: dict(enumerate(str(value).split(str(by)), 1)).get(int(at), ""))),
    "starts_with": (2, _strict(lambda value, part: int(str(value).startswith(str(part))))),
    "regexp_replace": (-1, _regexp_replace),
    "regexp": (2, _strict(lambda pattern, value: int(re.search(str(pattern), str(value)) is not None))),
    "now": (0, lambda: datetime.now(UTC).strftime(NOW)),
    "trunc": (1, _strict(math.trunc)),
}
_MOODY: Final = frozenset({"now"})
