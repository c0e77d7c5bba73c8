"""Cron expressions: five fields, names of months and days, lists, ranges and steps."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
ALIASES: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
HORIZON_DAYS: Final = 366 * 8 + 3  # 29 February may be eight years away
SUNDAY_TOO: Final = 7
_PART = re.compile(r"(\*|[a-z]+|\d+)(?:-([a-z]+|\d+))?(?:/(\d+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()


_FIELDS: Final = (
    _Field(name="minute", low=0, high=59),
    _Field(name="hour", low=0, high=23),
    _Field(name="day of month", low=1, high=31),
    _Field(name="month", low=1, high=12, names=MONTHS),
    _Field(name="day of week", low=0, high=7, names=DAYS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """A parsed expression; when both day fields are restricted, either may match, as cron has it.

    `repeats` = the hours are not named one by one: an hour that the clock has twice then counts twice.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # 0 = Sunday
    either_day: bool
    repeats: bool

    def next_after(self, moment_ms: int, zone: ZoneInfo) -> int | None:
        """The first match later than a moment, both in ms; None when there is none (31 February)."""
        day = datetime.fromtimestamp(moment_ms / 1000, UTC).astimezone(zone).date()
        for ahead in range(HORIZON_DAYS):
            if self._falls_on(chosen := day + timedelta(days=ahead)):
                later = [at for at in self._moments(chosen, zone) if at > moment_ms]
                if later:
                    return min(later)
        return None

    def _falls_on(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        in_month, in_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return (in_month or in_week) if self.either_day else (in_month and in_week)

    def _moments(self, day: date, zone: ZoneInfo) -> list[int]:
        # An hour that the clock skips still happens, right after the gap: a nightly sync is not lost in spring.
        folds = (0, 1) if self.repeats else (0,)
        times = (time(hour, minute, fold=fold) for hour in self.hours for minute in self.minutes for fold in folds)
        return [int(datetime.combine(day, at, zone).timestamp()) * 1000 for at in times]


def parse_cron(expression: str) -> Cron:
    """Raises ValueError with a sentence that names the field."""
    parts = ALIASES.get(expression.strip().lower(), expression).lower().split()
    if len(parts) != len(_FIELDS):
        raise ValueError("A cron expression has five fields: minute, hour, day of month, month, day of week.")
    minutes, hours, days, months, weekdays = (_numbers(field, part) for field, part in zip(_FIELDS, parts, strict=True))
    return Cron(
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        days=days,
        months=months,
        weekdays=frozenset(day % SUNDAY_TOO for day in weekdays),
        either_day=not parts[2].startswith("*") and not parts[4].startswith("*"),
        repeats=parts[1].startswith("*"),
    )


def _numbers(field: _Field, text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(f"The {field.name} field does not read as cron: {part!r}.")
        first, last, step = match.groups()
        if first == "*":
            low, high = field.low, field.high
        else:
            low = _number(field, first)
            high = _number(field, last) if last else (field.high if step else low)
        if low > high or step == "0" or (first == "*" and last):
            raise ValueError(f"The {field.name} field holds an impossible range: {part!r}.")
        found.update(range(low, high + 1, int(step or 1)))
    return frozenset(found)


def _number(field: _Field, word: str) -> int:
    if word in field.names:
        return field.names.index(word) + field.low
    if not word.isdecimal() or not field.low <= int(word) <= field.high:
        raise ValueError(f"The {field.name} field goes from {field.low} to {field.high}, not {word!r}.")
    return int(word)
