"""Rules and what they make of a name: tags, and the tidy name. Pure; a rule that cannot be run is left out and told."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from msgspec import Struct

from app.domain.gates import Index
from app.domain.kinds import Kind
from app.domain.normal import fold_case, plain
from app.domain.patterns import TOGETHER, BadPattern, Matcher, PatternType, Turn, Unusable
from app.domain.titles import cleaned_name

CAPTURE: Final = "__CAPTURE__"  # the tag is what the pattern's first group found
MAX_TAG: Final = 60  # characters
_JUNK: Final = " \t|:;,/\\-–—•·_"
_HOLLOW: Final = re.compile(r"[(\[{<][\s\-|/,:]*[)\]}>]|[|:/](?=\s*[|:/])")
_OPENING: Final = frozenset("([{<|:/")  # what anything hollow begins with
_TAG_EDGES: Final = " \t|:;,/\\-–—•·_()[]{}<>«»\"'*#=~"


class Source(StrEnum):
    """Where a rule looks; the names are those of the interface, and hold for movies and series as well."""

    NAME = "channel_name"
    CATEGORY = "category_name"
    BOTH = "both"


class Cleanup(StrEnum):
    """What becomes of the matched text in the cleaned name."""

    KEEP = "keep"
    REMOVE = "remove"
    REPLACE = "replace"


class Rule(Struct, frozen=True, kw_only=True):
    """One rule. Rules run in order, each on what the cleanups before it left of the name.

    `kinds` empty = all. After a match of a `stop` rule no later one is looked at. `trusted`: one of our own.
    """

    id: str
    pattern: str
    tag: str
    pattern_type: PatternType = PatternType.REGEX
    source: Source = Source.NAME
    priority: int = 100
    cleanup: Cleanup = Cleanup.KEEP
    replacement: str = ""
    case_sensitive: bool = False
    kinds: tuple[Kind, ...] = ()
    stop: bool = False
    trusted: bool = False


class Tagged(NamedTuple):
    """What the rules say of one item; tags in alphabetical order, the name never empty unless the item's is."""

    tags: tuple[str, ...]
    cleaned_name: str


_Given = Mapping[int, tuple[str, ...]]  # place of a rule → tags
_Found = tuple[Sequence[str], str]  # the tags that a rule gives, and the text after its cleanup ("" = as it was)


class _Step(Struct, frozen=True, gc=False, kw_only=True):
    place: int
    rule: Rule
    matcher: Matcher
    run: Callable[[str], _Found | None]  # what the rule finds in a text; None without a match
    limited: bool
    stops: bool
    reopens: bool  # whether its cleanup may open gates that were shut
    in_name: bool
    in_category: bool
    spaced: bool  # whether the gate has words that the text may have, and not together


class Tagger:
    """Rules, ready to be applied to any number of names. `troubles`: rules left out from then on, and why."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.troubles: dict[str, str] = {}
        steps = (self._step(place, rule) for place, rule in enumerate(rules))
        self._steps = {step.place: step for step in steps if step is not None}
        self._index = Index({one.place: one.matcher.gate for one in self._steps.values() if one.in_name})
        self._by_categories: dict[tuple[str, ...], _Given] = {}
        self._of_category = [step for step in self._steps.values() if step.in_category]

    def apply(self, name: str, category_names: Sequence[str] = ()) -> Tagged:
        """Tags and the cleaned name of an item with this name in these categories."""
        text = original = plain(name)
        folded = fold_case(text)
        given = self._given(tuple(category_names)) if self._of_category and category_names else {}
        tags: list[str] = []
        turn = None
        waiting = self._index.places(folded, given)
        opened = folded  # the text that these places were found in
        while waiting:
            place = waiting.pop()
            step = self._steps.get(place)
            if step is None:
                continue
            left = found = None
            if step.in_name and ((folded is opened and not step.spaced) or step.matcher.may_be_in(folded)):
                if step.limited:
                    turn = turn or Turn()
                    found = self._run(step, turn, text)
                else:
                    found = step.run(text)
            if found is not None:
                tags += found[0]
                left = found[1]
            if given:
                tags += given.get(place, ())
            if step.stops and (left is not None or place in given):
                break
            if left:
                text, folded = left, fold_case(left)
                if step.reopens or self._index.spaced:
                    waiting = [one for one in self._index.places(folded, given) if one > place]
                    opened = folded
        return Tagged(distinct(tags), cleaned_name(text) or cleaned_name(original) or name)

    def _step(self, place: int, rule: Rule) -> _Step | None:
        try:
            matcher = _matcher(rule)
        except BadPattern as error:
            self.troubles[rule.id] = str(error)
            return None
        return _Step(
            place=place,
            rule=rule,
            matcher=matcher,
            run=_runner(rule, matcher),
            limited=matcher.limited,
            stops=rule.stop,
            reopens=rule.cleanup is Cleanup.REPLACE,
            in_name=rule.source is not Source.CATEGORY,
            in_category=rule.source is not Source.NAME,
            spaced=any(" " in literal for literal in matcher.gate),
        )

    def _run(self, step: _Step, turn: Turn, text: str) -> _Found | None:
        """Runs a pattern that has a limit; one that breaks it is left out from now on."""
        if turn.over:
            return None
        found = None
        try:
            found = step.run(text)
        except Unusable as error:
            self._leave_out(step.rule.id, str(error))
        slowest = turn.count(step.matcher, step.rule.id)
        if slowest is not None:
            self._leave_out(slowest, TOGETHER)
        return found

    def _leave_out(self, rule_id: str, reason: str) -> None:
        self.troubles.setdefault(rule_id, reason)
        self._steps = {place: one for place, one in self._steps.items() if one.rule.id != rule_id}
        self._of_category = [one for one in self._of_category if one.rule.id != rule_id]
        self._by_categories.clear()

    def _given(self, names: tuple[str, ...]) -> _Given:
        given = self._by_categories.get(names)
        if given is None:
            given = self._look_up(names)
            self._by_categories[names] = given
        return given

    def _look_up(self, names: tuple[str, ...]) -> _Given:
        given: dict[int, tuple[str, ...]] = {}
        for name in map(plain, names):
            folded, turn = fold_case(name), Turn()
            for step in self._of_category:
                found = self._run(step, turn, name) if step.matcher.may_be_in(folded) else None
                if found is not None:
                    given[step.place] = (*given.get(step.place, ()), *found[0])
        return given


def _matcher(rule: Rule) -> Matcher:
    # To compile our own takes a quarter of a second; a person's keep account of their time, each anew.
    return _own(rule) if rule.trusted else checked(rule)


@lru_cache(maxsize=256)
def _own(rule: Rule) -> Matcher:
    return checked(rule)


def checked(rule: Rule) -> Matcher:
    """The rule's pattern, compiled; `BadPattern` says what is wrong with the rule."""
    matcher = Matcher(rule.pattern_type, rule.pattern, case_sensitive=rule.case_sensitive, trusted=rule.trusted)
    if rule.tag == CAPTURE and not matcher.groups:
        raise BadPattern(f"{CAPTURE} needs a regular expression with a group.")
    if rule.cleanup is Cleanup.REPLACE and rule.pattern_type is PatternType.REGEX:
        matcher.check_replacement(rule.replacement)
    return matcher


def tag_name(text: str) -> str:
    """A tag as it is stored: spaces single, no brackets or separators around it; "" when nothing is left."""
    return " ".join(plain(text).split()).strip(_TAG_EDGES)[:MAX_TAG].strip()


def distinct(tags: Iterable[str]) -> tuple[str, ...]:
    """Each tag once, whatever its case, in alphabetical order."""
    return _distinct(tuple(tags))


@lru_cache(maxsize=16_384)  # of all that rules can give, items have few combinations
def _distinct(tags: tuple[str, ...]) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for tag in tags:
        found.setdefault(tag.lower(), tag)
    return tuple(sorted(found.values()))


def _runner(rule: Rule, matcher: Matcher) -> Callable[[str], _Found | None]:
    """What a rule does with a text; None without a match."""
    given = (rule.tag,) if rule.tag else ()
    replacement = rule.replacement if rule.cleanup is Cleanup.REPLACE else " "  # of each match, with groups named
    if rule.pattern_type is not PatternType.REGEX:
        replacement = replacement.replace("\\", "\\\\")

    def finds(text: str) -> _Found | None:
        return (given, "") if matcher.found(text) else None

    def captures(text: str) -> _Found | None:
        found = _tags(matcher.captured(text))
        return (found, "") if found else None

    def replaces(text: str) -> _Found | None:
        left, count = matcher.replaced(text, replacement)
        return (given, tidied(left)) if count else None

    def cuts(text: str) -> _Found | None:
        captured, left = matcher.cut(text, replacement)
        found = _tags(captured)
        return (found, tidied(left)) if found else None

    if rule.cleanup is Cleanup.KEEP:
        return captures if rule.tag == CAPTURE else finds
    return cuts if rule.tag == CAPTURE else replaces


def _tags(captured: Iterable[str]) -> list[str]:
    return [tag for one in captured if (tag := _captured(one))]


@lru_cache(maxsize=4_096)  # a rule captures few different texts
def _captured(text: str) -> str:
    return tag_name(text).upper()


def tidied(text: str) -> str:
    """What a cut left behind, without hollow brackets, doubled separators and loose ends; "" when that is all."""
    whole = text if _OPENING.isdisjoint(text) else _HOLLOW.sub(" ", text)
    return " ".join(whole.split()).strip(_JUNK)
