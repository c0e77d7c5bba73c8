"""When a provider is synced by itself: every so many hours, by cron in its time zone, or never.

A start is later than its time by a random part of the jitter, so that what was planned for one moment is not begun in
one: `jitterMinutes`, else a fiftieth of the interval and at most ten minutes, with cron less than a minute.
"""

import random
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.core.errors import Invalid
from app.registry.cron import Cron, parse_cron

HOUR_MS: Final = 3_600_000
MAX_HOURS: Final = 24 * 366
MIN_HOURS: Final = 1 / 60
MINUTE_MS: Final = 60_000
MAX_JITTER_MINUTES: Final = 24 * 60
JITTER_SHARE: Final = 0.02
JITTER_MS: Final = 10 * MINUTE_MS

# {"everyHours": 6} or {"cron": "0 4 * * *", "timezone": "Europe/Berlin"}, and either with {"jitterMinutes": 5}
Schedule = Mapping[str, Any]


def checked_schedule(given: Schedule | None) -> dict[str, Any] | None:
    """The schedule as it is stored; raises `Invalid` with the field that makes no sense."""
    if given is None:
        return None
    if unknown := set(given) - {"everyHours", "cron", "timezone", "jitterMinutes"}:
        raise Invalid([(f"schedule.{name}", "There is no such part of a schedule.") for name in sorted(unknown)])
    if given.get("everyHours") is not None:
        return _checked_hours(given) | _checked_jitter(given)
    if given.get("cron") is not None:
        return _checked_cron(given) | _checked_jitter(given)
    raise Invalid([("schedule", "A schedule is everyHours, or cron with a timezone, or null.")])


def default_schedule(hours: float) -> dict[str, Any] | None:
    """What a provider gets whose schedule nobody named; 0 hours = none."""
    return {"everyHours": int(hours) if hours == int(hours) else hours} if hours else None


def next_sync_at(schedule: Schedule | None, after_ms: int) -> int | None:
    """The first scheduled moment later than `after_ms`; None without a schedule."""
    if schedule is None:
        return None
    if (hours := schedule.get("everyHours")) is not None:
        return after_ms + int(hours * HOUR_MS)
    return _cron(schedule["cron"]).next_after(after_ms, ZoneInfo(schedule.get("timezone") or "UTC"))


def jitter_ms(schedule: Schedule) -> int:
    """By how much a start is later than planned, at most."""
    if (minutes := schedule.get("jitterMinutes")) is not None:
        return int(minutes * MINUTE_MS)
    if (hours := schedule.get("everyHours")) is not None:
        return min(int(hours * HOUR_MS * JITTER_SHARE), JITTER_MS)
    return MINUTE_MS - 1


def next_start(schedule: Schedule | None, after_ms: int) -> int | None:
    """When the next sync begins: the next scheduled moment and a part of the jitter."""
    if schedule is None or (planned := next_sync_at(schedule, after_ms)) is None:
        return None
    return planned + random.randint(0, jitter_ms(schedule))  # noqa: S311 - not a secret


def latest_start(schedule: Schedule, after_ms: int) -> int:
    """What `next_start` answers at most; `after_ms` itself when there is no next moment."""
    return (next_sync_at(schedule, after_ms) or after_ms) + jitter_ms(schedule)


def _checked_jitter(given: Schedule) -> dict[str, Any]:
    minutes = given.get("jitterMinutes")
    if minutes is None:
        return {}
    if isinstance(minutes, bool) or not isinstance(minutes, int | float) or not 0 <= minutes <= MAX_JITTER_MINUTES:
        message = f"This must be a number of minutes from 0 to {MAX_JITTER_MINUTES}."
        raise Invalid([("schedule.jitterMinutes", message)])
    return {"jitterMinutes": minutes}


def _checked_hours(given: Schedule) -> dict[str, Any]:
    hours = given["everyHours"]
    if given.get("cron") is not None or given.get("timezone") is not None:
        raise Invalid([("schedule", "A schedule is either everyHours or cron, not both.")])
    if isinstance(hours, bool) or not isinstance(hours, int | float) or not MIN_HOURS <= hours <= MAX_HOURS:
        raise Invalid([("schedule.everyHours", f"This must be a number of hours above 0, at most {MAX_HOURS}.")])
    return {"everyHours": hours}


def _checked_cron(given: Schedule) -> dict[str, Any]:
    zone, expression = given.get("timezone") or "UTC", given["cron"]
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        raise Invalid([("schedule.timezone", "This must be a time zone such as Europe/Berlin.")]) from None
    try:
        happens = _cron(expression).next_after(0, ZoneInfo(zone)) is not None
    except ValueError as error:
        raise Invalid([("schedule.cron", str(error))]) from None
    if not happens:
        raise Invalid([("schedule.cron", "There is no such day in any year.")])
    return {"cron": expression, "timezone": zone}


@lru_cache(maxsize=256)
def _cron(expression: str) -> Cron:
    return parse_cron(expression)
