"""What rules and filters look for. A person's pattern may take for ever: it runs under a limit, and is told on."""

import re
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeVar

import regex

from app.domain.gates import Gate, gate_of
from app.domain.normal import fold_case

MAX_LENGTH: Final = 1_000  # characters of a pattern
LIMIT_SECONDS: Final = 0.1  # one name; an honest pattern takes microseconds
NAME_SECONDS: Final = 1.0  # one name and all patterns of a person together
BUDGET_SECONDS: Final = 1.0  # all names together, and …
BUDGET_PER_NAME: Final = 100e-6  # … so much more for each: beyond that a pattern is slow throughout
TOGETHER: Final = f"With others the pattern took more than {NAME_SECONDS:g} s for one name, and the most of it."
_NO_GATE: Final = ("",)  # stands in every name
_GROUP: Final = re.compile(r"\\(\d+)")
_BAD: Final = (re.error, regex.error, IndexError, MemoryError)

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


class Cut(NamedTuple):
    """What a pattern found: its first group of every match, and the text with every match replaced."""

    captured: list[str]
    left: str


class Matcher:
    """One pattern, compiled. `gate`: folded literals without which there is no match.

    A literal that cannot be found in folded text needs no more than that; everything else is asked of the pattern.
    `trusted` patterns are our own: they are linear and run without a limit, by the engine that has none and is twice
    as fast for it. `limited` ones tell in `took` how many seconds their last run was.
    """

    __slots__ = ("_calls", "_compiled", "_is_literal", "_limit", "_spent", "gate", "groups", "limited", "took")

    def __init__(self, kind: PatternType, pattern: str, *, case_sensitive: bool = False, trusted: bool = False) -> None:
        if not pattern or len(pattern) > MAX_LENGTH:
            raise BadPattern(f"A pattern has 1 to {MAX_LENGTH} characters.")
        self.limited = kind is PatternType.REGEX and not trusted
        self.took = 0.0
        self._is_literal = kind is PatternType.CONTAINS and not case_sensitive
        self._limit = LIMIT_SECONDS if self.limited else None
        self._spent = 0.0
        self._calls = 0
        try:
            self._compiled = _compiled(_source(kind, pattern), case_sensitive=case_sensitive, limited=self.limited)
        except (re.error, regex.error, OverflowError, RecursionError) as error:
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
        if self._limit is None:
            return [one[1] or "" for one in self._compiled.finditer(text)]
        return self._limited(lambda: [one[1] or "" for one in self._compiled.finditer(text, timeout=self._limit)])

    def replaced(self, text: str, replacement: str) -> tuple[str, int]:
        """The text with every match replaced, and how many there were; `replacement` may name groups."""
        found: tuple[str, int]
        if self._limit is None:
            found = self._compiled.subn(replacement, text)
        else:
            found = self._limited(lambda: self._compiled.subn(replacement, text, timeout=self._limit))
        return found

    def cut(self, text: str, replacement: str) -> Cut:
        """Both at once."""
        captured: list[str] = []
        if self._limit is None and "\\" not in replacement:
            parts, end = [], 0
            for match in self._compiled.finditer(text):
                captured.append(match[1] or "")
                parts.append(text[end : match.start()])
                end = match.end()
            return Cut(captured, replacement.join([*parts, text[end:]]))

        def take(match: Any) -> str:
            captured.append(match[1] or "")
            expanded: str = match.expand(replacement) if "\\" in replacement else replacement
            return expanded

        if self._limit is None:
            return Cut(captured, self._compiled.sub(take, text))

        def run() -> str:
            captured.clear()  # of a try that took too long
            left: str = self._compiled.sub(take, text, timeout=self._limit)
            return left

        return Cut(captured, self._limited(run))

    def check_replacement(self, replacement: str) -> None:
        """Raises `BadPattern` when the replacement names groups that are not there."""
        try:
            self._compiled.sub(replacement, "\0")  # reads it, whatever matches
        except (re.error, regex.error, IndexError) as error:
            raise BadPattern(f"The replacement cannot be used: {error}.") from None
        missing = [number for number in _GROUP.findall(replacement) if int(number) > self.groups]
        if missing:
            raise BadPattern(f"The replacement names group {missing[0]}, which the pattern does not have.")

    def _limited(self, run: Callable[[], Found]) -> Found:
        began = time.perf_counter()
        try:
            found = _twice(run)
        except _BAD as error:
            raise Unusable(f"The pattern cannot be used: {error}.") from None
        finally:
            # A process that was held up meanwhile is no pattern's fault: no name counts for more than it may take.
            self.took = min(time.perf_counter() - began, 2 * LIMIT_SECONDS)
        self._calls += 1
        self._spent += self.took
        if self._spent > BUDGET_SECONDS + self._calls * BUDGET_PER_NAME:
            raise Unusable(f"The pattern took {self._spent:.1f} s for {self._calls} names.")
        return found


class Turn:
    """One name's turn: each of many patterns may be quick enough, and all of them together take for ever."""

    __slots__ = ("_slowest", "_spent", "_worst")

    def __init__(self) -> None:
        self._slowest = ""
        self._spent = 0.0
        self._worst = 0.0

    @property
    def over(self) -> bool:
        """Whether no more limited patterns may be run for this name."""
        return self._spent >= NAME_SECONDS

    def count(self, matcher: Matcher, owner: str) -> str | None:
        """Adds the last run of a limited pattern; once all is spent, answers whose took the most of it."""
        self._spent += matcher.took
        if matcher.took > self._worst:
            self._worst, self._slowest = matcher.took, owner
        return self._slowest if self.over else None


def _compiled(source: str, *, case_sensitive: bool, limited: bool) -> Any:
    """`regex` knows limits; `re` is faster where none is needed."""
    if limited:
        return regex.compile(source, regex.VERSION0 | (0 if case_sensitive else regex.IGNORECASE))
    return re.compile(source, 0 if case_sensitive else re.IGNORECASE)


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
    literal = re.escape(pattern)
    return {PatternType.PREFIX: rf"\A{literal}", PatternType.SUFFIX: rf"{literal}\Z"}.get(kind, literal)
