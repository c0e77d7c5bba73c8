"""What SQLite lacks of the functions that statements may call, with PostgreSQL's meaning.

They run between two looks at the clock, so each is bounded by itself: texts in their length, lists in their number,
patterns in their time.
"""

import hashlib
import math
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import regex

from app.core import jsonio

NOW: Final = "%Y-%m-%d %H:%M:%S"
MOST_GATHERED: Final = 100_000  # values of one array
LONGEST_FILLED: Final = 1_000_000  # letters that a text is filled up to
Call = Callable[..., Any]


def install(database: sqlite3.Connection, deadline: float) -> None:
    """Makes them known to a connection; at `deadline` (monotonic seconds) a search gives up."""
    for name, (count, call) in _PYTHON.items():
        database.create_function(name, count, call, deterministic=name not in _MOODY)
    for name, (count, search) in _SEARCHES.items():
        database.create_function(name, count, partial(search, deadline), deterministic=True)
    for name, verdict in (("bool_and", all), ("every", all), ("bool_or", any)):
        database.create_aggregate(name, 1, partial(_Verdict, verdict))
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
        if len(self._values) == MOST_GATHERED:
            raise OverflowError
        self._values.append(value)

    def finalize(self) -> Any:
        return jsonio.dumps(self._values).decode() if self._values else None


class _Verdict:
    """`decide` is `all` or `any`; NULLs have no voice."""

    def __init__(self, decide: Callable[[Iterable[bool]], bool]) -> None:
        self._decide = decide
        self._said: set[bool] = set()

    def step(self, value: Any) -> None:
        if value is not None:
            self._said.add(bool(value))

    def finalize(self) -> Any:
        return int(self._decide(self._said)) if self._said else None


def _replaced(deadline: float, text: Any, pattern: Any, replacement: Any, flags: Any = "") -> str | None:
    r"""The first match, or all with the flag `g`; `\1` and `\&` name what was found."""
    if None in (text, pattern, replacement, flags):
        return None
    spelled = str(replacement).replace(r"\&", r"\g<0>")
    found = regex.compile(str(pattern), regex.IGNORECASE if "i" in str(flags) else 0)
    return found.sub(spelled, str(text), count=0 if "g" in str(flags) else 1, timeout=_left(deadline))


def _found(deadline: float, pattern: Any, text: Any) -> int | None:
    if None in (pattern, text):
        return None
    return int(regex.search(str(pattern), str(text), timeout=_left(deadline)) is not None)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _concat_ws(between: Any, *parts: Any) -> str | None:
    return None if between is None else str(between).join(_spelled(part) for part in parts if part is not None)


def _spelled(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _padded(value: Any, size: Any, fill: Any = " ", *, left: bool) -> str:
    text, wide, filler = str(value), int(size), str(fill)
    if wide > LONGEST_FILLED:
        raise OverflowError
    missing = max(0, wide - len(text)) if filler else 0
    added = (filler * missing)[:missing]
    return added + text if left and missing else (text + added)[: max(0, wide)]


def _chosen(pick: Callable[[list[Any]], Any]) -> Call:
    def choose(*values: Any) -> Any:
        known = [value for value in values if value is not None]
        return pick(known) if known else None

    return choose


def _strict(call: Call) -> Call:
    """NULL for NULL, as PostgreSQL has it."""

    def checked(*values: Any) -> Any:
        return None if None in values else call(*values)

    return checked


_PYTHON: Final[Mapping[str, tuple[int, Call]]] = {
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
    "lpad": (-1, _strict(partial(_padded, left=True))),
    "rpad": (-1, _strict(partial(_padded, left=False))),
    "split_part": (3, _strict(lambda value, by, at: dict(enumerate(str(value).split(str(by)), 1)).get(int(at), ""))),
    "starts_with": (2, _strict(lambda value, part: int(str(value).startswith(str(part))))),
    "now": (0, lambda: datetime.now(UTC).strftime(NOW)),
    "trunc": (1, _strict(math.trunc)),
}
_SEARCHES: Final[Mapping[str, tuple[int, Call]]] = {"regexp_replace": (-1, _replaced), "regexp": (2, _found)}
_MOODY: Final = frozenset({"now"})
