"""Who is shown: a provider's filters, and what is for adults. Pure: the answer is stored, not computed per request."""

import re
from collections.abc import Iterable, Sequence
from enum import IntEnum, StrEnum
from typing import Final

from msgspec import Struct

from app.domain.kinds import Kind
from app.domain.normal import fold_case, plain
from app.domain.patterns import TOGETHER, BadPattern, Matcher, PatternType, Turn, Unusable

# "Adult Swim" and "Young Adult" are not what these categories are; nor is a film called "xXx" (its category is asked).
_ADULT: Final = re.compile(
    r"(?<![a-z0-9])(?:x{3,}|porno?|adults?(?!s? (?:swim|animation|cartoons?|contemporary|education))(?<!young adult)"
    r"|18 ?\+|\+ ?18|erotica?|erotic|hentai|ххх|взрослы[ей]|для взрослых)(?![a-z0-9])"
)
_ADULT_CHANNEL: Final = re.compile(r"\A\W*(?:xxx|18 ?\+|\+ ?18|adults?)\s*[:|\]\-)]")


class Visibility(IntEnum):
    """What outputs do with an item: show it, show it to who asks for adult content, or never."""

    SHOWN = 0
    ADULT = 1
    FILTERED = 2


class Action(StrEnum):
    INCLUDE = "include"
    EXCLUDE = "exclude"


class Subject(StrEnum):
    """What a filter looks at: a category by id or name, words in the name, a pattern in the name, a tag."""

    CATEGORY = "category"
    NAME = "name"
    REGEX = "regex"
    TAG = "tag"


class Filter(Struct, frozen=True, kw_only=True):
    """One filter; `kinds` empty = all. The first that matches an item decides about it."""

    id: str
    action: Action
    field: Subject
    value: str
    case_sensitive: bool = False
    kinds: tuple[Kind, ...] = ()


class Sieve:
    """Filters, ready to judge any number of items. `troubles`: filters left out from then on, and why.

    What no filter matches is shown, unless there are filters that include: then only what they name is.
    """

    def __init__(self, filters: Iterable[Filter]) -> None:
        self.troubles: dict[str, str] = {}
        tests = ((one, self._matcher(one)) for one in filters)
        self._tests = [(one, matcher) for one, matcher in tests if one.id not in self.troubles]
        inclusive = any(one.action is Action.INCLUDE for one, _ in self._tests)
        self._rest = Visibility.FILTERED if inclusive else Visibility.SHOWN

    def judge(
        self,
        name: str,
        *,
        categories: Sequence[str] = (),
        category_ids: Sequence[str] = (),
        tags: Sequence[str] = (),
        adult: bool = False,
    ) -> Visibility:
        """What becomes of an item; `categories` are names. What is filtered is not even shown to who asks."""
        verdict = self._verdict(name, categories, category_ids, tags) if self._tests else Visibility.SHOWN
        return Visibility.ADULT if adult and verdict is Visibility.SHOWN else verdict

    def _verdict(
        self, name: str, categories: Sequence[str], category_ids: Sequence[str], tags: Sequence[str]
    ) -> Visibility:
        text, turn = plain(name), Turn()
        for one, matcher in self._tests:
            if one.id in self.troubles:
                continue
            if matcher is not None:
                found = self._found(one, matcher, turn, text)
            elif one.field is Subject.TAG:
                found = one.value.lower() in (tag.lower() for tag in tags)
            else:
                found = one.value in category_ids or _same(one.value) in map(_same, categories)
            if found:
                return Visibility.SHOWN if one.action is Action.INCLUDE else Visibility.FILTERED
        return self._rest

    def _found(self, one: Filter, matcher: Matcher, turn: Turn, text: str) -> bool:
        if not matcher.may_be_in(fold_case(text)) or (matcher.limited and turn.over):
            return False
        found = False
        try:
            found = matcher.found(text)
        except Unusable as error:
            self.troubles[one.id] = str(error)
        slowest = turn.count(matcher, one.id) if matcher.limited else None
        if slowest is not None:
            self.troubles.setdefault(slowest, TOGETHER)
        return found

    def _matcher(self, one: Filter) -> Matcher | None:
        try:
            return checked(one)
        except BadPattern as error:
            self.troubles[one.id] = str(error)
            return None


def checked(one: Filter) -> Matcher | None:
    """The pattern of a filter on names, None for the others; `BadPattern` says what is wrong with it."""
    if one.field is Subject.REGEX:
        return Matcher(PatternType.REGEX, one.value, case_sensitive=one.case_sensitive)
    if one.field is Subject.NAME:
        return Matcher(PatternType.CONTAINS, plain(one.value), case_sensitive=one.case_sensitive)
    return None


def is_adult(category_name: str) -> bool:
    """Whether a category calls itself one for adults."""
    return _ADULT.search(_same(category_name)) is not None


def is_adult_channel(name: str) -> bool:
    """Whether a channel's name is marked (`XXX: …`); films and series are not judged by their names."""
    low = name.lower()
    if low.isascii() and "xxx" not in low and "18" not in low and "adult" not in low:  # then the rest need not look
        return False
    return _ADULT_CHANNEL.search(_same(name)) is not None


def _same(text: str) -> str:
    return fold_case(plain(text))
