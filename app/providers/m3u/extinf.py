"""One `#EXTINF` line: its duration, its attributes and its name, however they are quoted."""

import re
from typing import Final

MOST_ATTRIBUTES: Final = 200  # of one line: where quotes are open each costs a look at the whole line
MOST_NAMES: Final = 2_000  # spellings that are remembered; there are some hundred
# What nearly all lines are made of: quoted attributes without quotes inside, then a comma, then the name.
QUOTED: Final = r'(-?[0-9.]*+)((?:[ ,\t]*+[A-Za-z0-9_-]++="[^"\n]*+")*+)[ \t]*+,'
_DURATION: Final = re.compile(r"\s*(-?\d*\.?\d*)")
_NEXT: Final = re.compile(
    r"""[\s,;]*(?P<name>[A-Za-z][\w.:-]*)\s*=\s*(?:
        "(?P<double>.*?)"(?=\s*,|\s+[\w.:-]+\s*=|\s*$|[\w-]+=)
      | '(?P<single>.*?)'(?=\s*,|\s+[\w.:-]+\s*=|\s*$)
      | (?P<bare>[^\s,]*)
    )""",
    re.VERBOSE,
)


class _Names(dict[str, str]):
    """Attribute names by what stands between two values: `" tvg-ID="` is `tvg-id`."""

    def __missing__(self, raw: str) -> str:
        name = raw.strip(" ,\t=").lower()
        if len(self) < MOST_NAMES:
            self[raw] = name
        return name


_names: Final = _Names()


def attributes_of(quoted: str) -> dict[str, str]:
    """The attributes of a line that `QUOTED` matched, names in lower case."""
    parts = quoted.split('"')
    return dict(zip(map(_names.__getitem__, parts[:-1:2]), parts[1::2], strict=True))


def read_extinf(rest: str) -> tuple[float, dict[str, str], str]:
    """Duration in seconds (0 or less when unknown), attributes, name of what follows `#EXTINF:`.

    A closing quote counts only where whitespace and the next `key=`, a comma or the end follows. The name is what
    stands behind the first comma after the last whole attribute.
    """
    found = _DURATION.match(rest)
    at = found.end() if found else 0
    duration = seconds(found[1] if found else "")
    attributes: dict[str, str] = {}
    for _ in range(MOST_ATTRIBUTES):
        one = _NEXT.match(rest, at)
        if one is None or _is_name(rest, at, one):
            break
        value = next(value for value in (one["double"], one["single"], one["bare"]) if value is not None)
        attributes.setdefault(one["name"].lower(), value.strip("\"'"))
        at = one.end()
    comma = rest.find(",", at)
    name = rest[comma + 1 :] if comma >= 0 else ""
    if comma < 0 and not attributes:
        name = rest[at:]  # the comma is missing
    return duration, attributes, name.strip()


def _is_name(rest: str, at: int, one: "re.Match[str]") -> bool:
    """Whether what looks like an unquoted attribute behind a comma is the name: `#EXTINF:-1,x=y`."""
    return one["bare"] is not None and "-" not in one["name"] and "," in rest[at : one.start("name")]


def seconds(text: str) -> float:
    """The duration; -1 when it is none."""
    try:
        return float(text)
    except ValueError:
        return -1.0
