"""What rules and filters look for. A person's pattern may take for ever: it runs under a limit, and is told on."""

import re
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Final, TypeVar

import regex

from app.domain.gates import Gate, gate_of
from app.domain.normal import fold_case

MAX_LENGTH: Final = 1_000  # characters of a pattern
LIMIT_SECONDS: Final = 0.1  # one name; an honest pattern takes microseconds
BUDGET_SECONDS: Final = 1.0  # all names together, and …
BUDGET_PER_NAME: Final = 100e-6  # … so much more for each: beyond that a pattern is slow throughout
_NO_GATE: Final = ("",)  # stands in every name
_GROUP: Final = re.compile(r"\\(\d+)")

Found = TypeVar("Found")


class PatternType(StrEnum):
    """How a pattern is read; all but `regex` are literal."""

    PREFIX = "prefix"
    SUFFIX = "suffix"
    CONTAINS = "contains"
    REGEX = "regex"


class BadPattern(ValueError):
    """The text is no pattern; says why."""


class Unusable(Exception):
    """A pattern ran into its limit, or cannot do what is asked of it; says which. It must not be run again."""


class Matcher:
    """One pattern, compiled. `gate`: folded literals without which there is no match.

    A literal that cannot be found in folded text needs no more than that; everything else is asked of the pattern.
    `trusted` patterns are our own: they are linear and run without a limit.
    """

    __slots__ = ("_calls", "_compiled", "_is_literal", "_limit", "_spent", "gate", "groups")

    def __init__(self, kind: PatternType, pattern: str, *, case_sensitive: bool = False, trusted: bool = False) -> None:
        if not pattern or len(pattern) > MAX_LENGTH:
            raise BadPattern(f"A pattern has 1 to {MAX_LENGTH} characters.")
        flags = regex.VERSION0 | (0 if case_sensitive else regex.IGNORECASE)
        self._is_literal = kind is PatternType.CONTAINS and not case_sensitive
        self._limit = None if trusted or kind is not PatternType.REGEX else LIMIT_SECONDS
        self._spent = 0.0
        self._calls = 0
        try:
            self._compiled = regex.compile(_source(kind, pattern), flags)
        except (regex.error, OverflowError, RecursionError) as error:
            raise BadPattern(f"This is not a regular expression: {error}.") from None
        self.groups = int(self._compiled.groups)  # that it captures
        self.gate: Gate = (gate_of(pattern) or _NO_GATE) if kind is PatternType.REGEX else (fold_case(pattern),)

    def may_be_in(self, folded: str) -> bool:
        """Whether a folded text passes the gate."""
        for literal in self.gate:  # noqa: SIM110 - a generator costs more than most gates have literals
            if literal in folded:
                return True
        return False

    def found(self, text: str) -> bool:
        """Whether it matches anywhere in a text that passed the gate."""
        if self._is_literal:
            return True
        if self._limit is None:
            return self._compiled.search(text) is not None
        return self._limited(lambda: self._compiled.search(text, timeout=self._limit) is not None)

    def captured(self, text: str) -> list[str]:
        """The first group of every match."""
        if self._limit is None and self.groups == 1:
            return self._compiled.findall(text)
        return self._limited(lambda: [one[1] or "" for one in self._compiled.finditer(text, timeout=self._limit)])

    def replaced(self, text: str, replacement: str) -> tuple[str, int]:
        """The text with every match replaced, and how many there were; `replacement` may name groups."""
        if self._limit is None:
            return self._compiled.subn(replacement, text)
        return self._limited(lambda: self._compiled.subn(replacement, text, timeout=self._limit))

    def check_replacement(self, replacement: str) -> None:
        """Raises `BadPattern` when the replacement names groups that are not there."""
        try:
            self._compiled.sub(replacement, "\0")  # reads it, whatever matches
        except (regex.error, IndexError) as error:
            raise BadPattern(f"The replacement cannot be used: {error}.") from None
        missing = [number for number in _GROUP.findall(replacement) if int(number) > self.groups]
        if missing:
            raise BadPattern(f"The replacement names group {missing[0]}, which the pattern does not have.")

    def _limited(self, run: Callable[[], Found]) -> Found:
        if self._limit is None:
            return run()
        began = time.thread_time()
        try:
            found = _twice(run)
        except (regex.error, IndexError, MemoryError) as error:
            raise Unusable(f"The pattern cannot be used: {error}.") from None
        self._calls += 1
        self._spent += time.thread_time() - began
        if self._spent > BUDGET_SECONDS + self._calls * BUDGET_PER_NAME:
            raise Unusable(f"The pattern took {self._spent:.1f} s for {self._calls} names.")
        return found


def _twice(run: Callable[[], Found]) -> Found:
    """A process that was held up is no pattern's fault: only the second time-out in a row counts."""
    try:
        return run()
    except TimeoutError:
        pass
    try:
        return run()
    except TimeoutError:
        raise Unusable(f"The pattern took more than {LIMIT_SECONDS:g} s for one name.") from None


def _source(kind: PatternType, pattern: str) -> str:
    if kind is PatternType.REGEX:
        return pattern
    literal = regex.escape(pattern, literal_spaces=True)
    return {PatternType.PREFIX: rf"\A{literal}", PatternType.SUFFIX: rf"{literal}\Z"}.get(kind, literal)
