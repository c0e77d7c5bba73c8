"""Checks of what people wrote into files: each fault with its path, all of them before anything is refused."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, Final

MOST_SHOWN: Final = 60  # characters of a value in a message


@dataclass(frozen=True, slots=True)
class Check:
    """`take` returns a value as it is used, None where it cannot be; `wants` says what it would have taken."""

    wants: str
    take: Callable[[Any], Any]
    secret: bool = False  # its values are in no message


NATURAL: Final = Check("a whole number from 0 on", lambda value: value if _whole(value) and value >= 0 else None)
COUNT: Final = Check("a whole number from 1 on", lambda value: value if _whole(value) and value > 0 else None)
INTEGER: Final = Check("a whole number", lambda value: value if _whole(value) else None)
AMOUNT: Final = Check("a number above 0", lambda value: float(value) if _number(value) and value > 0 else None)
FLAG: Final = Check("true or false", lambda value: value if isinstance(value, bool) else None)
TEXT: Final = Check("a text", lambda value: value if isinstance(value, str) and value.strip() else None)
SECRET: Final = Check(TEXT.wants, TEXT.take, secret=True)
# YAML makes a date of what looks like one and has no quotes.
STAMP: Final = Check("a time", lambda value: value.isoformat() if isinstance(value, date) else TEXT.take(value))


def choice(words: type[StrEnum]) -> Check:
    """One of some words, with `-` or `_` in them."""

    def take(value: Any) -> Any:
        spelled = value.strip().lower().replace("-", "_") if isinstance(value, str) else None
        return words(spelled) if spelled in set(words) else None

    return Check(f"one of {', '.join(words)}", take)


class Checks:
    """`errors` are (path, message), `notes` sentences about what has no effect."""

    def __init__(self) -> None:
        self.errors: list[tuple[str, str]] = []
        self.notes: list[str] = []

    def wrong(self, path: str, message: str) -> None:
        self.errors.append((path, message))

    def mapping(self, path: str, value: Any) -> Mapping[Any, Any]:
        """The value; an empty one for what is no mapping."""
        if isinstance(value, Mapping):
            return value
        self.wrong(path, f"{shown(value)} is no mapping.")
        return {}

    def value(self, path: str, value: Any, check: Check) -> Any:
        """The value as it is used, None where there is none or a wrong one."""
        found = None if value is None else check.take(value)
        if found is None and value is not None:
            self.wrong(path, f"{'This' if check.secret else shown(value)} is not {check.wants}.")
        return found

    def some(
        self, path: str, raw: Any, known: Mapping[str, Check], *, noted: Collection[str] = (), others: bool = False
    ) -> dict[str, Any]:
        """What of a mapping was given and is right; `noted` keys have no effect, `others` may stand there too."""
        found: dict[str, Any] = {}
        for key, value in self.mapping(path, raw).items():
            if key in known:
                if (made := self.value(f"{path}.{key}", value, known[key])) is not None:
                    found[key] = made
            elif key in noted:
                self.notes.append(f"{path}.{key} has no effect.")
            elif not others:
                self.wrong(f"{path}.{key}", f"is no key here{likely(str(key), known)}.")
        return found


def likely(name: str, known: Collection[str]) -> str:
    """A guess at what was meant, else all there is, to stand behind a sentence."""
    found = get_close_matches(name, known, 1)
    return f"; {found[0]} may be meant" if found else f": there are {', '.join(known)}"


def shown(value: Any) -> str:
    """A value in a message."""
    return repr(value)[:MOST_SHOWN]


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
