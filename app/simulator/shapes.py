"""How portals spell what they know: ratings, times and flags in every form that was seen."""

from collections.abc import Callable
from functools import lru_cache
from time import gmtime, strftime
from typing import Any, Final

from app.simulator.draw import below

Number = Callable[[int], Any]  # how a dialect spells an integer
ZERO_DATE: Final = "0000-00-00 00:00:00"


def as_int(value: int) -> int:
    """The spelling of panels."""
    return value


def datetime_text(seconds: int) -> str:
    """`2024-05-02 10:11:12` in UTC."""
    return strftime("%Y-%m-%d %H:%M:%S", gmtime(seconds))


def date_text(seconds: int) -> str:
    """`2024-05-02` in UTC."""
    return strftime("%Y-%m-%d", gmtime(seconds))


def rating(tenths: int, draw: int, *, dirty: bool) -> Any:
    """`"7.4"`, and where dirt is allowed also a number, `""`, `"0"`, `"N/A"`, `"7,4"` or null."""
    text = f"{tenths // 10}.{tenths % 10}"
    if not dirty:
        return text if tenths else ""
    if not tenths:
        return ("", "0", "N/A", None)[draw % 4]
    return (text, tenths / 10, tenths // 10, f"{tenths // 10},{tenths % 10}")[draw % 4]


def year(value: int, draw: int, *, share: float) -> str:
    """Mostly the year, sometimes `""`, `"0"` or `"N/A"`."""
    return ("", "0", "N/A")[draw % 3] if below(share, draw) else str(value)


@lru_cache(maxsize=1024)
def poster(name: str) -> bytes:
    """A small SVG picture, coloured by its name; browsers show it whatever its suffix says."""
    hue = sum(name.encode()) * 37 % 360
    label = "".join(letter for letter in name if letter.isdigit())[-4:]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="240" height="320">'
        f'<rect width="240" height="320" fill="hsl({hue},45%,38%)"/>'
        f'<text x="120" y="180" font-size="56" fill="#fff" text-anchor="middle" font-family="sans-serif">{label}</text>'
        "</svg>"
    ).encode()
