"""Tolerant coercions: what providers write as text, number, flag, list, `"N/A"`, `""`, null or nothing at all.

All are pure and total: they never raise on any JSON value; what makes no sense is None (or `""`, `()`).
"""

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from html import unescape
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

NOTHING: Final = frozenset({"", "n/a", "na", "null", "none", "undefined", "-"})
LONGEST_NOTHING: Final = max(map(len, NOTHING))
TRUE: Final = frozenset({"1", "true", "yes", "on", "y", "t"})
FALSE: Final = frozenset({"0", "false", "no", "off", "n", "f"})
_FLAGS: Final = dict.fromkeys(TRUE, True) | dict.fromkeys(FALSE, False)
INT64: Final = 2**63  # what both databases can hold
EPOCH_MS: Final = 100_000_000_000  # seconds up to the year 5138; above, some panels mean milliseconds
LAST_MS: Final = 253_402_300_799_999  # 9999-12-31
FIRST_YEAR, LAST_YEAR = 1888, 2100  # the oldest film that survives
MAX_MINUTES: Final = 100_000
FEW_HOURS: Final = 6  # "1:52" is a film of 1 h 52 min, "45:30" one of 45 min 30 s

_YEAR = re.compile(r"(?<!\d)(?:18[89]\d|19\d\d|20\d\d|2100)(?!\d)")
_CLOCK = re.compile(r"(\d{1,4}):(\d{1,2})(?::(\d{1,2})(?:\.\d+)?)?")
_UNITS = re.compile(r"(?:(\d+)\s*h\w*)?\W*(?:(\d+)\s*m\w*)?", re.IGNORECASE)
_SURROGATE = re.compile("[\ud800-\udfff]")


def text(value: Any) -> str:
    """The value as text, `""` for null, flags, lists and objects; whole floats lose their `.0`."""
    if type(value) is str:
        return value if value.isascii() and "\0" not in value else _storable(value)
    if type(value) is int:
        return str(value) if -INT64 <= value < INT64 else ""
    if type(value) is float and math.isfinite(value):
        return str(int(value)) if value.is_integer() else str(value)
    return ""


def _storable(value: str) -> str:
    # Postgres holds no NUL, and UTF-8 no lone surrogate: both come from cut JSON escapes.
    value = value.replace("\0", "")
    try:
        value.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub("�", value)
    return value


def text_or_none(value: Any) -> str | None:
    """The value as trimmed text, None where there is none."""
    return text(value).strip() or None


def clean_text(value: Any) -> str | None:
    """Text for people: HTML entities decoded, trimmed; `""` and `"N/A"` are None."""
    if not value:
        return "0" if value == 0 and type(value) is int else None
    found = value if type(value) is str and value.isascii() and "\0" not in value else text(value)
    if "&" in found:
        found = text(unescape(found))
    found = found.strip()
    return None if not found or found in ("N/A", "n/a") else found


def number(value: Any) -> float | int | None:
    """A finite number of at most 64 bits; `"7,1"` is 7.1, `"7.0"` is 7."""
    if value is None:
        return None
    if type(value) is str:
        value = _parsed(value)
    if type(value) is int:
        return value if -INT64 <= value < INT64 else None
    if type(value) is not float or not math.isfinite(value) or abs(value) >= INT64:
        return None
    return int(value) if value.is_integer() else value


@lru_cache(maxsize=8192)  # ratings, durations and flags repeat all the time
def _parsed(value: str) -> float | int | None:
    value = value.strip()
    if not value or len(value) > 40:  # noqa: PLR2004 - no number is that long; int() of a million digits is an attack
        return None
    try:
        return int(value)
    except ValueError:
        pass
    try:
        return float(value.replace(",", "."))
    except ValueError:
        return None


def integer(value: Any) -> int | None:
    """A whole number; fractions are cut off."""
    found = number(value)
    return None if found is None else int(found)


def truth(value: Any) -> bool | None:
    """A flag; None when the provider did not say."""
    if type(value) is bool:
        return value
    if type(value) is str:
        return _FLAGS.get(value) if value in _FLAGS else _FLAGS.get(value.strip().lower())
    return bool(value) if type(value) in (int, float) else None


def rating(value: Any) -> float | None:
    """A rating from above 0 to 10; `"7,4"`, `"7.4/10"`, `7`; zero means nobody rated."""
    return _spelled_rating(value) if type(value) is str else _rated(number(value))


@lru_cache(maxsize=1024)  # there are a hundred of them, and every title has two
def _spelled_rating(value: str) -> float | None:
    return _rated(number(value.partition("/")[0]))


def _rated(found: float | None) -> float | None:
    if found is None or not 0 < found <= 10:  # noqa: PLR2004 - the scale
        return None
    return round(float(found), 2) or None


def year(value: Any) -> int | None:
    """The first year from 1888 to 2100 in `2019`, `"2019"`, `"2019-04-01"`, `"01.04.2019"`."""
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is int:
        return value if FIRST_YEAR <= value <= LAST_YEAR else None
    return _spelled_year(value) if type(value) is str else None


@lru_cache(maxsize=1024)
def _spelled_year(value: str) -> int | None:
    found = _YEAR.search(value)
    return int(found[0]) if found else None


def minutes(value: Any) -> int | None:
    """A duration in minutes from `112`, `"112 min"`, `"01:52:03"`, `"1h 52m"`; zero is unknown."""
    return _spelled_duration(value) if type(value) is str else _lasting(number(value))


@lru_cache(maxsize=1024)
def _spelled_duration(value: str) -> int | None:
    found = number(value)
    return _lasting(_spelled_minutes(value.strip()) if found is None else found)


def _lasting(found: float | None) -> int | None:
    return round(found) or None if found is not None and 0 < found <= MAX_MINUTES else None


def _spelled_minutes(value: str) -> float | None:
    if clock := _CLOCK.fullmatch(value):
        first, second, third = (int(part) if part else None for part in clock.groups())
        if third is not None:
            return (first or 0) * 60 + (second or 0) + third / 60
        return (first or 0) * 60 + (second or 0) if (first or 0) < FEW_HOURS else (first or 0) + (second or 0) / 60
    if (units := _UNITS.match(value)) and units[0]:
        return int(units[1] or 0) * 60 + int(units[2] or 0)
    return None


def minutes_of_seconds(value: Any) -> int | None:
    """A duration in minutes from seconds; less than a minute counts as one."""
    found = number(value)
    if found is None or not 0 < found <= MAX_MINUTES * 60:
        return None
    return max(1, round(found / 60))


def epoch_ms(value: Any) -> int | None:
    """Milliseconds since the epoch from epoch seconds (or milliseconds); zero and less are unknown."""
    found = number(value)
    if found is None or found <= 0:
        return None
    ms = int(found) if found >= EPOCH_MS else int(found * 1000)
    return ms if ms <= LAST_MS else None


def local_ms(value: Any, timezone: str | None) -> int | None:
    """Milliseconds since the epoch from `"2024-05-02 10:11:12"` as read on a clock in `timezone` (UTC when unknown)."""
    if type(value) is not str or value.startswith("0000"):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone(timezone or "UTC"))
    try:
        return max(int(moment.timestamp() * 1000), 0) or None
    except (OverflowError, ValueError):
        return None


@lru_cache(maxsize=256)
def zone(name: str) -> tzinfo:
    """The time zone of that name, UTC when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def names(value: Any) -> tuple[str, ...]:
    """Names from a list or from `"A, B / C"`, entities decoded, in order, each once; `"N/A"` is nobody."""
    if type(value) is str:
        return _split(value)
    if type(value) is dict:
        value = list(value.values())
    if type(value) is not list:
        return ()
    parts = [part for entry in value for part in _split(text(entry.get("name") if type(entry) is dict else entry))]
    return tuple(dict.fromkeys(parts))


@lru_cache(maxsize=4096)  # genres and directors repeat all the time
def _split(value: str) -> tuple[str, ...]:
    whole = clean_text(value)
    if whole is None:
        return ()
    if "/" in whole:
        whole = whole.replace("N/A", "").replace("/", ",")
    parts = [part.strip() for part in whole.split(",")]
    return tuple(dict.fromkeys([part for part in parts if len(part) > LONGEST_NOTHING or part.lower() not in NOTHING]))


def image(value: Any, resolve: Callable[[str], str | None]) -> str | None:
    """An absolute http(s) URL of a picture; `resolve` makes relative ones absolute or refuses them with None."""
    if type(value) is list:
        value = value[0] if value else None
    if type(value) is not str:
        return None
    found: str | None = value.strip()
    if not found:
        return None
    if not found.startswith(("http://", "https://")):
        found = None if found.lower() in NOTHING else _absolute(found, resolve)
    if found is None or not found.isprintable():
        return None
    return found.replace(" ", "%20") if " " in found else found


def _absolute(value: str, resolve: Callable[[str], str | None]) -> str | None:
    head = value[:8].lower()
    if head.startswith(("http://", "https://")):
        return value
    # A colon before any slash is a scheme (`data:`, `file:`, `javascript:`), never a relative path.
    if ":" in value.partition("/")[0] or "\\" in value:
        return None
    found = resolve(value)
    return found if found and found.startswith(("http://", "https://")) else None
