"""Literals that a pattern cannot do without: looking for them is twenty times cheaper than running it."""

import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from itertools import pairwise
from operator import add
from typing import Any, Final

from app.domain.normal import fold_case

MOST: Final = 32  # literals; the letters and pairs of a text are looked up together, so that it hardly matters how many
REMEMBERED: Final = 20_000  # words: names are much alike
_ODD: Final = re.compile(r"\{(?!\d)")  # fuzzy matching and named lists read as literals elsewhere
_GROUPS: Final = frozenset({"SUBPATTERN", "ATOMIC_GROUP"})
_REPEATS: Final = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})

_COMMON: Final = "etaoinsrhldcumfpgwybvkxjqz"  # letters of names, the commonest first

Gate = tuple[str, ...]
_Guarded = tuple[int, str]  # the place of a gate, and a literal that opens it ("" = what was looked for is all of it)


class Index:
    """Which gates a text may open: looks at pairs of letters, so that it does not matter how many gates there are."""

    def __init__(self, gates: Mapping[int, Gate]) -> None:
        keys: dict[str, list[_Guarded]] = {}
        for place, gate in gates.items():
            for literal in gate:
                key = _rarest(literal)
                # A cut may bring the words of a literal together: before it, each of them opens the gate.
                guard = next(word for word in literal.split(" ") if key in word) if " " not in key else key
                keys.setdefault(key, []).append((place, "" if key == guard else guard))
        self._always = keys.pop("", [])
        self._keys = keys
        self._known = frozenset(keys)
        self._words: dict[str, list[_Guarded]] = {}
        # What a cut puts together meets at a space: without such keys it opens no gate that was shut.
        self.spaced = any(" " in key for key in keys)

    def places(self, folded: str, more: Iterable[int] = ()) -> list[int]:
        """The places of gates that a folded text opens, and `more`, the last one first."""
        opened, words = self._always.copy(), self._words
        for word in folded.split(" "):
            known = words.get(word)
            opened += self._opened_by(word) if known is None else known
        if self.spaced:
            opened += self._guarded(map(add, folded, folded[1:]))
        found = {place for place, literal in opened if literal in folded}
        return sorted(found.union(more), reverse=True)

    def _opened_by(self, word: str) -> list[_Guarded]:
        """What the keys in a word open; names are made of few different ones."""
        if len(self._words) >= REMEMBERED:
            self._words.clear()
        found = self._guarded((*map(add, word, word[1:]), *word, " "))
        self._words[word] = found
        return found

    def _guarded(self, pairs: Iterable[str]) -> list[_Guarded]:
        return [guarded for key in self._known.intersection(pairs) for guarded in self._keys[key]]


def gate_of(pattern: str) -> Gate:
    """Folded literals of which each match holds at least one; empty when none are known."""
    if _ODD.search(pattern):
        return ()
    try:
        # The parser of the standard library is not public: without it patterns are run, and nothing else changes.
        parser = import_module("re._parser")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tree = parser.parse(pattern)
    except (ImportError, AttributeError, re.error, RecursionError, OverflowError, Warning):
        return ()
    return _needed(tree) or ()


def _rarest(literal: str) -> str:
    """The pair of letters in a literal that the fewest names hold; the literal itself when it is no longer."""
    if len(literal) < 2:  # noqa: PLR2004 - a pair
        return literal
    pairs = (first + second for first, second in pairwise(literal))
    return max(pairs, key=lambda pair: sum(map(_rarity, pair)))


def _rarity(letter: str) -> int:
    if letter == " ":
        return -len(_COMMON)
    place = _COMMON.find(letter)
    return len(_COMMON) if place < 0 else place


def _needed(tree: Iterable[tuple[Any, Any]]) -> Gate | None:
    """The best of what the parts of a sequence need: long literals, few of them."""
    found: list[Gate] = []
    run: list[str] = []
    for op, value in (*tree, (None, None)):
        if str(op) == "LITERAL":
            run.append(chr(value))
            continue
        if run:
            found.append((fold_case("".join(run)),))
            run = []
        part = _of_part(str(op), value)
        if part:
            found.append(part)
    return max(found, key=_worth, default=None)


def _of_part(op: str, value: Any) -> Gate | None:
    if op == "BRANCH":
        return _of_branches([_needed(one) for one in value[1]])
    if op == "IN" and len(value) <= MOST and all(str(kind) == "LITERAL" for kind, _ in value):
        return tuple(dict.fromkeys(fold_case(chr(code)) for _, code in value))
    if op in _GROUPS:
        return _needed(value[-1] if op == "SUBPATTERN" else value)
    if op in _REPEATS and value[0] > 0:
        return _needed(value[2])
    return None


def _of_branches(parts: Sequence[Gate | None]) -> Gate | None:
    every: dict[str, None] = {}
    for part in parts:
        if not part:
            return None
        every.update(dict.fromkeys(part))
    return tuple(every) if len(every) <= MOST else None


def _worth(gate: Gate) -> tuple[int, int]:
    return min(map(len, gate)), -len(gate)
