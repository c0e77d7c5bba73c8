"""Time shifts: channels that send another one's programmes later, `+1` in Europe and West Coast feeds in America."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from app.domain.labels import PICTURE, PLACES, words_of

MAX_HOURS: Final = 11  # `+12` and more are ages and numbers
WEST_MINUTES: Final = 180
AMERICA: Final = frozenset({"us", "ca"})
EAST: Final = frozenset({"east"})
WEST: Final = frozenset({"west", "pacific"})
# `Canal +1` may be the channel Canal+ 1.
_PLUS_BRANDS: Final = frozenset({"canal", "movistar"})
# Behind these a direction is a place: `Middle East`, `Fox Sports West`, `BBC One West`, `Key West`.
_PLACES_BEFORE: Final = frozenset(
    {
        *("middle", "far", "near", "north", "south", "mid", "wild", "old", "key", "the", "into", "go", "and", "asia"),
        *("sport", "sports", "sportsnet", "ski", "msg", "news", "radio", "south", "mae", "kanye", "central"),
    }
)
_REGIONAL: Final = frozenset({"bbc", "itv", "itv1", "uktv", "wdr", "ndr", "mdr"})
_PLUS: Final = re.compile(r"(?P<mark>[\s(\[|]*\+(?P<gap>\s?)(?P<hours>\d{1,2})\s?(?:hours?|hrs?|h)?)(?!\w|\+)")
_WORD_PLUS: Final = re.compile(r"(?<=[a-z0-9])\splus(?P<hours>[12])(?!\w)")
_TAG: Final = re.compile(r"\+(\d{1,2})\s?h?")
_BRACKETS: Final = re.compile(r"[\[(|]\s*(east|west|pacific)(?:\s+(?:coast|feed))?\s*[\])|]")
_LAST: Final = re.compile(r"\s(east|west|pacific)(?:\s+(?:coast|feed))?\s*$")
_PREFIX: Final = re.compile(r"[\[(|]?\s*([a-z]{2,4})\s*[\])|:]|([a-z]{2,4})\s+-\s")
_MARKS: Final = re.compile(r"[+]|east|west|pacific|plus")


class Shift(NamedTuple):
    """How many minutes behind its main feed a channel is, 0 for a feed marked East; and the name without the mark."""

    minutes: int
    confidence: float
    rest: str


def shift_of(text: str, tags: Sequence[str], place: str | None) -> Shift | None:
    """The shift that a folded name and its tags tell; `place` is the channel's country where it is known.

    A rule may have moved the mark from the name to the tags. `Film4 +1` is 60 behind, `US: HBO West` 180; a feed
    marked East is 0 behind. Below 0.6 it is only to be believed where both feeds are there.
    """
    marked = _MARKS.search(text)
    if (marked and (found := _later(text))) or (found := _tagged_later(text, tags)):
        return found
    return _coast(text, tags, place) if marked or tags else None


def _later(text: str) -> Shift | None:
    for found in _PLUS.finditer(text):
        hours, before = int(found["hours"]), words_of(text[: found.start()])
        attached = found["mark"].startswith("+")
        # `Canal+ 1` and `6+ 1`: the plus belongs to the word in front of it.
        belongs = attached and bool(found["gap"])
        if not before or belongs or before[-1] in _PLUS_BRANDS or not 1 <= hours <= MAX_HOURS:
            continue
        confidence = 0.95 if hours == 1 else 0.7 if attached else 0.9
        return Shift(hours * 60, confidence, _without(text, found.start(), found.end()))
    spelled = _WORD_PLUS.search(text)
    if spelled and not _PLUS_BRANDS.intersection(words_of(text[: spelled.start()])):
        return Shift(int(spelled["hours"]) * 60, 0.7, _without(text, spelled.start(), spelled.end()))
    return None


def _tagged_later(text: str, tags: Sequence[str]) -> Shift | None:
    for tag in tags:
        found = _TAG.fullmatch(tag.strip().lower())
        if found and 1 <= int(found[1]) <= MAX_HOURS:
            return Shift(int(found[1]) * 60, 0.95, text)
    return None


def _coast(text: str, tags: Sequence[str], place: str | None) -> Shift | None:
    country = place or _prefixed(text)
    if country not in (None, "en", *AMERICA):
        return None
    american = country in AMERICA
    if (found := _BRACKETS.search(text)) and (rest := _feed(text, found)) is not None:
        return _directed(found[1], 0.95 if american else 0.7, rest)
    if (found := _LAST.search(_without_picture(text))) and (rest := _feed(text, found)) is not None:
        return _directed(found[1], 0.9 if american else 0.5, rest)
    words = words_of(text)
    # A direction that still stands in the name was judged there.
    tagged = next((low for tag in tags if (low := tag.lower()) in EAST | WEST and low not in words), None)
    if tagged and _may_be_feed(words):
        return _directed(tagged, 0.9 if american else 0.7, text)
    return None


def _directed(word: str, confidence: float, rest: str) -> Shift:
    return Shift(0 if word in EAST else WEST_MINUTES, confidence, rest)


def _feed(text: str, found: re.Match[str]) -> str | None:
    """The name without the direction, when what stands before it is a channel and no place."""
    before = words_of(text[: found.start()])
    return _without(text, found.start(), found.end()) if _may_be_feed(before) else None


def _may_be_feed(words: Sequence[str]) -> bool:
    named = [word for word in words if word not in PICTURE and word not in PLACES]
    return bool(named) and named[-1] not in _PLACES_BEFORE and not _REGIONAL.intersection(named)


def _without_picture(text: str) -> str:
    """The text up to its last word that is no word of quality."""
    end = text.rstrip(" ])|")
    while (cut := end.rpartition(" "))[1] and cut[2].strip("[](|)") in PICTURE:
        end = cut[0].rstrip(" [(|-")
    return end


def _without(text: str, start: int, end: int) -> str:
    return f"{text[:start]} {text[end:].lstrip(' )]|')}".strip()


def _prefixed(text: str) -> str | None:
    found = _PREFIX.match(text)
    return PLACES.get(found[1] or found[2]) if found else None
