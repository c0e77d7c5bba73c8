"""Programmes of a guide: their times as feeds write them, and the document that is stored of one.

A document holds what is known and nothing else: `title`, `subTitle`, `description`, `categories`, `keywords`, `icon`,
`episode` (`season`, `number`, `part` from 1, `onscreen`), `directors`, `actors`, `writers`, `presenters`, `date`
(`2019-04-01`, as precise as it is known), `country`, `language`, `ageRating`, `rating` (0–10), `isNew`, `isLive`,
`isPremiere`, `isRepeat`, `isHd`, `catchupId`. Times stand beside it, never in it: a time shift leaves it as it is.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from html import unescape
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct, json

HOUR_MS: Final = 3_600_000
MINUTE_MS: Final = 60_000
MAX_LENGTH_MS: Final = 24 * HOUR_MS  # longer ones are placeholders, or have a wrong stop
LAST_LENGTH_MS: Final = HOUR_MS  # of a show without an end that nothing follows
MAX_TEXT: Final = 10_000  # characters of a description
EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
ZONES: Final = {  # minutes; names that mean two things (IST, AST) are not guessed at
    **dict.fromkeys(("Z", "UTC", "GMT", "WET"), 0),
    **dict.fromkeys(("BST", "CET", "MEZ", "WEST"), 60),
    **dict.fromkeys(("CEST", "MESZ", "EET", "SAST"), 120),
    **dict.fromkeys(("EEST", "MSK", "TRT"), 180),
    **dict.fromkeys(("EST", "CDT"), -300),
    **dict.fromkeys(("CST", "MDT"), -360),
    **dict.fromkeys(("MST", "PDT"), -420),
    **dict.fromkeys(("JST", "KST"), 540),
    "EDT": -240,
    "PST": -480,
    "BRT": -180,
    "AWST": 480,
    "AEST": 600,
    "AEDT": 660,
    "NZST": 720,
    "NZDT": 780,
}

READABLE: Final = frozenset({"", "onscreen", "sxxexx", "common"})
PARTS: Final = ("season", "number", "part")
encoded: Final = json.Encoder().encode  # its bytes are as long as they say; thousands of them are held at a time

_MOMENT = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ]?(\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,]\d+)?)?)?)?\s*"
    r"([+-]\d{1,2}(?::?\d\d)?|[A-Za-z][\w/+-]*)?(?:\s*\(?[A-Za-z]+\)?)?"
)
_EPOCH = re.compile(r"\d{9,10}|\d{13}")
_ONSCREEN = re.compile(r"(?:s(?:eason)?\s*(\d{1,4}))?[\s.,:x-]*(?:e(?:p(?:isode)?)?\.?\s*(\d{1,5}))?", re.IGNORECASE)
_CROSSED = re.compile(r"(\d{1,3})x(\d{1,4})")
_NS_PART = re.compile(r"\s*(\d{1,5})?\s*(?:/\s*\d*\s*)?")
_DATE = re.compile(r"(\d{4})-?(\d\d)?-?(\d\d)?")


class ProgrammeRecord(Struct, frozen=True, gc=False):
    """A show as a guide tells of it: the guide's own channel id, times in ms, and its document.

    `stop_ms` None = not told.
    """

    channel: str
    start_ms: int
    stop_ms: int | None
    body: bytes


@lru_cache(maxsize=65_536)  # the channels of a guide share their half hours
def moment(text: str) -> int | None:
    """Milliseconds since the epoch; None when it is no time.

    `20251009210000 +0200` and all that stands for it: without an offset UTC is meant, offsets may be glued, have a
    colon or a name, seconds, minutes and hours may be missing; ISO 8601 and epoch seconds are understood.
    """
    words = text.strip()
    found = _MOMENT.fullmatch(words)
    if found is not None and (at := _of_parts(*found.groups())) is not None:
        return at
    if _EPOCH.fullmatch(words):
        seconds = int(words) / (1000 if len(words) > 10 else 1)  # noqa: PLR2004 - thirteen digits are milliseconds
        return _within(datetime.fromtimestamp(seconds, UTC))
    return None


def _of_parts(*parts: str | None) -> int | None:
    """Year, month, day, hour, minute, second as digits, and the offset."""
    *clock, offset = parts
    year, month, day, hours, minutes, seconds = (int(part or 0) for part in clock)
    try:
        start = datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None
    if hours > 24 or minutes > 59 or seconds > 60:  # noqa: PLR2004 - 24:00 is the end of a day, :60 a leap second
        return None
    local = start + timedelta(hours=hours, minutes=minutes, seconds=seconds)
    ahead = _offset(offset, local) if offset else timedelta()
    return None if ahead is None else _within(local - ahead)


def _offset(text: str, local: datetime) -> timedelta | None:
    if text[0] in "+-":
        digits = text[1:].replace(":", "")
        hours, minutes = (int(digits), 0) if len(digits) <= 2 else (int(digits[:-2]), int(digits[-2:]))  # noqa: PLR2004
        found = timedelta(hours=hours, minutes=minutes)
        return -found if text[0] == "-" else found
    known = ZONES.get(text.upper())
    if known is not None:
        return timedelta(minutes=known)
    try:
        return local.replace(tzinfo=ZoneInfo(text)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _within(at: datetime) -> int | None:
    return int(at.timestamp() * 1000) if EARLIEST <= at <= LATEST else None


def stop_of(start_ms: int, stop_ms: int | None) -> int | None:
    """The end of a show; None where it is not told, makes no sense, or would be more than a day away."""
    return stop_ms if stop_ms is not None and start_ms < stop_ms <= start_ms + MAX_LENGTH_MS else None


def document(fields: dict[str, Any]) -> bytes:
    """The JSON of a show; what is None, false or empty is left out."""
    return encoded({name: value for name, value in fields.items() if value})


def plain_text(value: str) -> str:
    """Text for people: entities that were escaped twice decoded, trimmed, cut where nobody reads on."""
    found = unescape(value) if "&" in value and ";" in value else value
    return found.strip()[:MAX_TEXT]


@lru_cache(maxsize=8192)
def episode(system: str, text: str) -> Mapping[str, Any]:
    """What an `episode-num` says, as documents hold it; empty where that is nothing.

    Which part of a series a show is, counted from 1, and `onscreen`: what people read.
    """
    onscreen: str | None = None
    numbers: Sequence[int | None] = ()
    if system == "xmltv_ns":
        parts = [_NS_PART.fullmatch(part) for part in text.split(".", 3)[:3]]
        numbers = [int(part[1]) + 1 if part and part[1] else None for part in parts]
    elif system.lower() in READABLE:
        words = text.strip()
        found = _CROSSED.fullmatch(words) or _ONSCREEN.fullmatch(words)
        numbers = [int(part) if part else None for part in found.groups()] if found else ()
        onscreen = words[:60] or None
    told = {**dict(zip(PARTS, numbers, strict=False)), "onscreen": onscreen}
    return {name: value for name, value in told.items() if value is not None}


@lru_cache(maxsize=1024)
def stars(text: str) -> float | None:
    """`7.4/10`, `3/5` or `8` on the scale from 0 to 10; zero means nobody rated."""
    value, _, scale = text.partition("/")
    try:
        found = float(value.replace(",", ".")) * 10 / float(scale or 10)
    except (ValueError, ZeroDivisionError):
        return None
    return round(found, 2) if 0 < found <= 10 else None  # noqa: PLR2004 - the scale


@lru_cache(maxsize=8192)
def made_on(text: str) -> str | None:
    """`2019`, `2019-04` or `2019-04-01` from `YYYY`, `YYYYMM` or `YYYYMMDD`."""
    found = _DATE.match(text.strip())
    return "-".join(part for part in found.groups() if part) if found else None
