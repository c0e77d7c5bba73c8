"""Episodes by their names: which series, season and number `EN - Dark (2017) S01 E02 Lies` is. Pure."""

import re
from dataclasses import dataclass
from hashlib import blake2b
from html import unescape
from typing import Final

from app.domain.titles import fold

SEASON_WORDS: Final = "season|saison|staffel|temporada|stagione|sezon|seizoen|sæson|säsong|sesong|сезон|series|kausi"
EPISODE_WORDS: Final = (
    "episodes?|épisodes?|ep|folge|cap[íi]tulo|cap|episodios?|episódio|puntata|b[öo]l[üu]m|odcinek|odc|aflevering|afl"
    "|afsnit|avsnitt|серия|эпизод|jakso|حلقة|الحلقة"
)
# The most certain spelling first. Each has a season (`s`), where it tells one, and an episode (`e`).
_MARKERS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<![a-z0-9])s(?P<s>\d{1,4})[\s._-]*(?:x\s*)?ep?[\s._-]*(?P<e>\d{1,4})(?!\d)(?:\s*-\s*e?\d{1,4}(?![\dp]))?",
        # Two digits at least: "4x4" is a car.
        r"(?<![a-z0-9])(?P<s>\d{1,2})x(?P<e>\d{2,3})(?![\dp])",
        rf"(?<!\w)(?:{SEASON_WORDS})\W{{0,3}}(?P<s>\d{{1,4}})\W{{0,4}}(?:{EPISODE_WORDS})\W{{0,3}}(?P<e>\d{{1,4}})(?!\d)",
        rf"(?<!\w)(?P<s>\d{{1,4}})\W{{0,2}}(?:{SEASON_WORDS})\W{{0,4}}(?P<e>\d{{1,4}})\W{{0,2}}(?:{EPISODE_WORDS})(?!\w)",
        rf"(?<!\w)(?:{EPISODE_WORDS})\W{{0,3}}(?P<e>\d{{1,4}})(?!\d)",
        r"(?<![a-z0-9])e(?P<e>\d{2,4})(?!\d)",
    )
)
EDGES: Final = " \t.,:;-–—_|/\\([{#~•·"
_FRAMED_YEAR: Final = re.compile(r"[(\[]((?:19|20)\d\d)[)\]]")
_YEAR: Final = re.compile(r"\s*[(\[]((?:19|20)\d\d)[)\]]|\s+((?:19|20)\d\d)$")
_LANGUAGE: Final = re.compile(
    r"\s*(?:[|\[(](?P<framed>[A-Za-z]{2,3})[|\])]|(?P<bare>[A-Z]{2,3}(?:-[A-Z]{2})?)\s*[-–:|➾»]+\s)\s*"
)
_QUALITY: Final = re.compile(
    r"^[|\[(]?(?:4k|uhd|fhd|hd|sd|hevc|[hx]26[45]|1080p|720p|2160p)[|\])]?\s*[-–:|]*\s*", re.IGNORECASE
)
_WORDS: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeName:
    """`title` of the series as it is written (may be empty), `name` of the episode where it has one."""

    title: str
    season: int
    number: int
    name: str | None


def episode_name(name: str) -> EpisodeName | None:
    """What the name of an episode tells; None when there is no marker of one in it."""
    if not any(letter.isdigit() for letter in name):
        return None
    for marker in _MARKERS:
        if found := marker.search(name):
            groups = found.groupdict()
            own = name[found.end() :].strip(EDGES + ")]}")
            season = groups.get("s")
            return EpisodeName(
                title=name[: found.start()].rstrip(EDGES).strip(),
                season=1 if season is None else int(season),
                number=int(groups["e"]),
                name=own or None,
            )
    return None


def year_of(title: str) -> int | None:
    """The year that stands in brackets in a title; a bare one may be the title's own (`Blade Runner 2049`)."""
    found = _FRAMED_YEAR.search(title)
    return int(found[1]) if found else None


def series_key(title: str) -> str:
    """The same for all spellings of a series: case, accents, punctuation and quality do not count.

    The year does, and the language that stands before the title: `|DE| Dark` and `EN - Dark` are watched by different
    people. 16 hexadecimal digits, so that it may be part of an id.
    """
    plain = unescape(title)
    language = ""
    for _ in range(2):  # either may come first
        plain = _QUALITY.sub("", plain)
        if not language and (found := _LANGUAGE.match(plain)):
            language = (found["framed"] or found["bare"]).lower()
            plain = plain[found.end() :]
    year = ""
    if found := _YEAR.search(plain):
        year = found[1] or found[2]
        plain = plain[: found.start()] + plain[found.end() :]
    words = _WORDS.sub(" ", fold(plain)).strip() or plain.strip()
    return blake2b(f"{language}\x1f{words}\x1f{year}".encode(), digest_size=8).hexdigest()
