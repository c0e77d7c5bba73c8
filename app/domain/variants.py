"""Which items are the same thing in another copy, which copy is the best, and which send it at another time. Pure.

Careful by intent: two copies that are not brought together cost a line in a list, two channels that are cost a channel.
`ESPN` and `ESPN 2`, `BBC One` and `BBC One London`, `UK: Sky News` and `AU: Sky News` stay apart.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from app.domain.labels import (
    BACKUPS,
    CODECS,
    COUNTRIES,
    LOOSE,
    PICTURE,
    PLACES,
    PLAIN_CODEC,
    RESOLUTIONS,
    TITLE_NOTES,
    UNKNOWN_RESOLUTION,
    place_among,
    place_of_guide,
    words_of,
)
from app.domain.shifts import shift_of
from app.domain.titles import ARTICLES, cleaned_name, fold

__all__ = [
    "Variant",
    "channel_variant",
    "link_confidence",
    "quality_of",
    "settled_place",
    "title_variant",
]

EAST_MARK: Final = -1  # a feed that calls itself East where that may be a place: by itself, but linked
MIN_INITIALS: Final = 3
PAIRED: Final = 0.8  # both coasts are there: then it is no place's name
_QUALITIES: Final = {0: "8K", 1: "4K", 2: "FHD", 3: "HD", 5: "SD"}
_NUMERALS: Final = {"one": "1", "two": "2", "three": "3", "four": "4", "five": "5"}
_NUMBERED: Final = frozenset({"bbc", "rte", "channel"})  # who write themselves both ways
_PREFIX: Final = re.compile(r"[\s\[(|]*([a-z0-9]{2,11}|ex[- ]yu)\s*(?:[\])|:]+|\s-)\s*")
_BRACKETS: Final = re.compile(r"[\[(|]([^\[\](){}|]*)[\])|]")
_BRACKETED_YEAR: Final = re.compile(r"[\[(]\s*((?:19|20)\d\d)(?:\s*[-–]\s*(?:(?:19|20)\d\d)?)?\s*[\])]")
_STEM: Final = re.compile(r"(?:fhd|uhd|hd|sd|4k)$")


class Variant(NamedTuple):
    """What an item is a copy of. Equal `base`, `place` and `mark` = the same; `base` is "" where the name says nothing.

    `place` is the country, "" when unknown: see `settled_place`. `mark` is the time shift in minutes, 0 for the main
    feed. `rank` orders copies, the best lowest: backups last, then resolution, then codec. `confidence` is that of
    the mark.
    """

    base: str
    place: str = ""
    mark: int = 0
    rank: int = 0
    confidence: float = 1.0


def channel_variant(name: str, tags: Iterable[str] = (), *, epg_id: str | None = None) -> Variant:
    """The variant of a channel by its name and tags.

    The provider's own name is better than the cleaned one: rules may have taken a word for a label (`4K Travel`).
    """
    known = tuple(tags)
    text, labels, prefixed = _unprefixed(fold(cleaned_name(name)))
    place = place_among(known) or prefixed
    shift = shift_of(text, known, place)
    rest, bracketed = _unbracketed(shift.rest if shift else text)
    words, picture = _unpictured(words_of(rest))
    place = place or next((PLACES[one] for one in bracketed if one in PLACES and one not in PICTURE), None)
    if len(words) > 1 and place and PLACES.get(words[0]) == place and not prefixed:
        words = words[1:]  # `US ★ ESPN`: what marked it as a country is gone, but a tag remembers
    named = _numbered(_bare(words))
    base, place = _by_guide("".join(named), words, epg_id, place)
    if base.isdigit() and not place:
        base = ""  # a number is a channel of some country
    labels += [*bracketed, *picture, *(tag.lower() for tag in known)]
    if shift is None:
        return Variant(base, place or "", 0, _rank(labels))
    mark = shift.minutes if shift.minutes or shift.confidence >= PAIRED else EAST_MARK
    return Variant(base, place or "", mark, _rank(labels), shift.confidence)


def title_variant(name: str, tags: Iterable[str] = (), *, year: int | None = None) -> Variant:
    """The variant of a movie or series: its name and year; copies in other languages are copies too."""
    text, labels, _ = _unprefixed(fold(cleaned_name(name)))
    found = _BRACKETED_YEAR.search(text)
    made = int(found[1]) if found else year
    text = text if found is None else f"{text[: found.start()]} {text[found.end() :]}"
    rest, bracketed = _unbracketed(text, TITLE_NOTES)
    words, picture = _unpictured(words_of(rest))
    # `Blade Runner 2049` keeps its number: a bare year goes only where it is known to be the year.
    if len(words) > 1 and words[-1] == str(year) and found is None:
        words = words[:-1]
    base = f"{' '.join(words)}|{made or ''}" if words else ""
    return Variant(base, rank=_rank([*labels, *bracketed, *picture, *(tag.lower() for tag in tags)]))


def quality_of(rank: int) -> str | None:
    """The resolution that a rank stands for; None where the name tells none."""
    return _QUALITIES.get(rank % 100 // 10)


def settled_place(places: Iterable[str], place: str) -> str:
    """The place of a variant among all `places` of its base: an unknown one is the only known one's."""
    known = {one for one in places if one}
    return place or (known.pop() if len(known) == 1 else "")


def link_confidence(mark: int, confidence: float, marks: Iterable[int]) -> float:
    """How sure a time-shift link is; where both coasts are there, a direction is no place's name."""
    paired = EAST_MARK in marks and mark > 0
    return max(confidence, PAIRED) if paired else confidence


def _unprefixed(text: str) -> tuple[str, list[str], str | None]:
    """A folded name without what stands in front of it (`us: `, `|uk| 4k: `): the labels, and the place among them."""
    labels: list[str] = []
    place: str | None = None
    while (found := _PREFIX.match(text)) and found.end() < len(text):
        word = found[1]
        if word in PICTURE:
            labels.append(word)
        elif word in PLACES and place is None:
            place = PLACES[word]
        else:
            break
        text = text[found.end() :]
    return text, labels, place


def _unbracketed(text: str, notes: frozenset[str] = frozenset()) -> tuple[str, list[str]]:
    """The text without brackets that hold labels alone, and these labels; what else stands in brackets is name."""
    labels: list[str] = []

    def cut(found: re.Match[str]) -> str:
        words = words_of(found[1])
        if all(word in PICTURE or word in PLACES or word in notes for word in words):
            labels.extend(words)
            return " "
        return found[0]

    return (_BRACKETS.sub(cut, text), labels) if "[" in text or "(" in text or "|" in text else (text, labels)


def _unpictured(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Words without those of quality behind the name and the plain ones within it; never without all of them."""
    end, labels = len(words), list[str]()
    while end > 1 and words[end - 1] in PICTURE:
        end -= 1
    labels += words[end:]
    kept = [word for at, word in enumerate(words[:end]) if at == 0 or word not in LOOSE]
    labels += [word for word in words[1:end] if word in LOOSE]
    return kept, labels


def _bare(words: list[str]) -> list[str]:
    """Without a leading article, as names are sorted; `A&E` begins with none."""
    return words[1:] if len(words) > 1 and words[0] in ARTICLES and words[1] != "and" else words


def _numbered(words: Sequence[str]) -> list[str]:
    if not words or words[0] not in _NUMBERED:
        return list(words)
    return [_NUMERALS.get(word, word) for word in words]


def _by_guide(base: str, words: Sequence[str], epg_id: str | None, place: str | None) -> tuple[str, str | None]:
    """What an EPG id adds where it agrees with the name: the country, and one spelling of an abbreviation.

    Providers give the id of a station to its regions, time shifts and neighbours: alone it brings nothing together.
    """
    country = place_of_guide(epg_id)
    if not epg_id or country is None or (place in COUNTRIES and place != country):
        return base, place
    stem = _STEM.sub("", "".join(words_of(fold(epg_id).rpartition(".")[0])))
    if stem and stem in (base, "".join(words)):
        return base, country
    initials = "".join(word if word.isdigit() else word[0] for word in words)
    return (stem, country) if len(initials) >= MIN_INITIALS and stem == initials else (base, place)


def _rank(labels: Iterable[str]) -> int:
    known = frozenset(labels)
    resolution = min((RESOLUTIONS[one] for one in known if one in RESOLUTIONS), default=UNKNOWN_RESOLUTION)
    codec = min((CODECS[one] for one in known if one in CODECS), default=PLAIN_CODEC)
    return (not known.isdisjoint(BACKUPS)) * 100 + resolution * 10 + codec
