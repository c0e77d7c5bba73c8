"""How pages spell numbers, times and sizes. Times in ms."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from app.core.clock import now_ms, rfc3339
from app.domain.kinds import ProviderKind

NOTHING: Final = "–"
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_SIZES: Final = ("B", "kB", "MB", "GB", "TB")
THOUSAND: Final = 1000
TEN: Final = 10
DAY_MS: Final = 86_400_000
SOON_MS: Final = 14 * DAY_MS
_NAMES: Final[Mapping[str, str]] = {
    ProviderKind.STALKER: "Stalker portal",
    ProviderKind.XTREAM: "Xtream panel",
    ProviderKind.M3U: "M3U list",
    ProviderKind.IPTVPORTAL: "IPTVPortal operator",
}


def number(value: float | None) -> str:
    """`64,106`."""
    return NOTHING if value is None else f"{value:,}"


def span(seconds: float | None) -> str:
    """`1 h 20 min`, `3.2 s`: two units at most."""
    if seconds is None:
        return NOTHING
    if seconds < TEN:
        return f"{max(seconds, 0):.1f} s"
    left, parts = round(seconds), []
    for size, unit in _UNITS:
        if left >= size:
            parts.append(f"{left // size} {unit}")
            left %= size
        elif parts:
            break
    return " ".join(parts[:2])


def coarse(seconds: float) -> str:
    """The largest unit of a time alone: `3 h`."""
    left = max(0, round(seconds))
    size, unit = next(((size, unit) for size, unit in _UNITS if left >= size), _UNITS[-1])
    return f"{left // size} {unit}"


def moment(ms: int | None) -> str:
    """`3 h ago`, `in 5 min`."""
    if ms is None:
        return NOTHING
    seconds = (ms - now_ms()) / 1000
    if abs(seconds) < 1:
        return "now"
    return f"in {coarse(seconds)}" if seconds > 0 else f"{coarse(-seconds)} ago"


def stamp(ms: int | None) -> str:
    """`2026-11-21 09:36 UTC`."""
    return NOTHING if ms is None else f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"


def day(ms: int | None) -> str:
    """`21 November 2026`."""
    if ms is None:
        return NOTHING
    at = datetime.fromtimestamp(ms / 1000, UTC)
    return f"{at.day} {at:%B %Y}"


def clock(ms: int) -> str:
    """`09:36`."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%H:%M}"


def size(count: float | None) -> str:
    """`8.3 MB`; powers of a thousand."""
    if count is None:
        return NOTHING
    left = float(count)
    for unit in _SIZES[:-1]:
        if left < THOUSAND:
            return f"{left:.0f} {unit}" if unit == "B" or left >= 10 * TEN else f"{left:.1f} {unit}"
        left /= THOUSAND
    return f"{left:.1f} {_SIZES[-1]}"


def title(word: str) -> str:
    """`channel_categories` as people read it."""
    return word.replace("_", " ").replace("-", " ").capitalize()


def dialect(kind: str) -> str:
    """A provider's kind as people call it."""
    return _NAMES[kind]


def plural(count: int, one: str, many: str = "") -> str:
    """`1 rule`, `12 rules`."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def is_soon(ms: int | None) -> bool:
    """Whether something ends within two weeks, or has ended."""
    return ms is not None and ms < now_ms() + SOON_MS


FILTERS: Final[Mapping[str, Any]] = {
    "number": number,
    "span": span,
    "moment": moment,
    "stamp": stamp,
    "rfc3339": rfc3339,
    "day": day,
    "clock": clock,
    "size": size,
    "named": title,
    "dialect": dialect,
}
