from datetime import UTC, datetime
from functools import cache
from itertools import count, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.clock import rfc3339
from app.core.errors import Invalid
from app.registry.cron import parse_cron
from app.registry.schedule import (
    HOUR_MS,
    MINUTE_MS,
    checked_schedule,
    default_schedule,
    latest_start,
    next_start,
    next_sync_at,
)


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def following(expression: str, after: str, zone: str = "UTC") -> str | None:
    return rfc3339(parse_cron(expression).next_after(ms(after), ZoneInfo(zone)))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("* * * * *", "2026-11-21T09:37:00Z"),
        ("*/15 * * * *", "2026-11-21T09:45:00Z"),
        ("36 9 * * *", "2026-11-22T09:36:00Z"),
        ("0 4 * * *", "2026-11-22T04:00:00Z"),
        ("0 22-2/2 * * *", None),
        ("5,35 8-10 * * *", "2026-11-21T10:05:00Z"),
        ("0 4 1 * *", "2026-12-01T04:00:00Z"),
        ("0 4 * * mon", "2026-11-23T04:00:00Z"),
        ("0 4 * * 7", "2026-11-22T04:00:00Z"),
        ("0 4 * * 0", "2026-11-22T04:00:00Z"),
        ("0 4 * * sat-sun", None),
        ("0 4 * * 6-7", "2026-11-22T04:00:00Z"),
        ("0 4 13 * fri", "2026-11-27T04:00:00Z"),
        ("0 4 * jan *", "2027-01-01T04:00:00Z"),
        ("0 0 29 2 *", "2028-02-29T00:00:00Z"),
        ("@daily", "2026-11-22T00:00:00Z"),
        ("10/20 * * * *", "2026-11-21T09:50:00Z"),
    ],
)
def test_the_next_match_is_found(expression: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(ValueError, match="impossible range"):
            parse_cron(expression)
    else:
        assert following(expression, "2026-11-21T09:36:00") == expected


def test_a_day_that_never_comes_has_no_next_match() -> None:
    assert following("0 4 31 2 *", "2026-11-21T09:36:00") is None


def test_hours_are_those_of_the_zone_in_summer_and_winter() -> None:
    assert following("0 4 * * *", "2026-07-01T00:00:00", "Europe/Berlin") == "2026-07-01T02:00:00Z"
    assert following("0 4 * * *", "2026-12-01T00:00:00", "Europe/Berlin") == "2026-12-01T03:00:00Z"


def test_an_hour_that_the_clock_skips_still_happens_once() -> None:
    # Berlin goes from 02:00 to 03:00 on 29 March 2026.
    first = following("30 2 * * *", "2026-03-28T12:00:00", "Europe/Berlin")
    assert first == "2026-03-29T01:30:00Z"
    assert following("30 2 * * *", "2026-03-29T01:30:00", "Europe/Berlin") == "2026-03-30T00:30:00Z"


def test_an_hour_that_the_clock_repeats_happens_once() -> None:
    # Berlin has 02:30 twice on 25 October 2026.
    assert following("30 2 * * *", "2026-10-24T12:00:00", "Europe/Berlin") == "2026-10-25T00:30:00Z"
    assert following("30 2 * * *", "2026-10-25T00:30:00", "Europe/Berlin") == "2026-10-26T01:30:00Z"


def test_every_hour_means_every_hour_also_when_the_clock_repeats_or_skips_one() -> None:
    assert following("0 * * * *", "2026-10-25T00:00:00", "Europe/Berlin") == "2026-10-25T01:00:00Z"
    assert following("0 * * * *", "2026-10-25T01:00:00", "Europe/Berlin") == "2026-10-25T02:00:00Z"
    assert following("0 * * * *", "2026-03-29T00:00:00", "Europe/Berlin") == "2026-03-29T01:00:00Z"
    assert following("0 * * * *", "2026-03-29T01:00:00", "Europe/Berlin") == "2026-03-29T02:00:00Z"


YEAR = range(0, 365 * 24 * HOUR_MS, HOUR_MS)
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Havana")


@cache
def edges() -> list[tuple[str, int]]:
    """(zone, moment) of each hour of 2026 within which a clock on the wall jumps."""
    start, found = ms("2026-01-01T00:00:00"), []
    for name in ZONES:
        zone = ZoneInfo(name)
        offsets = [wall(start + at, zone).utcoffset() for at in YEAR]
        found += [(name, start + at) for at, (one, other) in zip(YEAR, pairwise(offsets), strict=False) if one != other]
    return found


@settings(deadline=None, max_examples=300)
@given(st.data(), st.integers(-180, 180), st.integers(0, 59))
def test_every_hour_by_cron_is_every_hour_around_each_jump(data: st.DataObject, near: int, minute: int) -> None:
    zone_name, edge = data.draw(st.sampled_from(edges()))
    zone, after = ZoneInfo(zone_name), edge + near * MINUTE_MS
    found = parse_cron(f"{minute} * * * *").next_after(after, zone)
    shown = next(at for at in count(after + MINUTE_MS, MINUTE_MS) if wall(at, zone).minute == minute)
    # A clock that jumps by half an hour may skip the minute: then it happens right after the gap.
    assert found == shown or (zone_name == "Australia/Lord_Howe" and found is not None and found < shown)


@settings(deadline=None, max_examples=300)
@given(st.data(), st.integers(-3 * 24 * 60, 180), st.integers(0, 23), st.integers(0, 59))
def test_once_a_day_is_once_a_day_around_each_jump(data: st.DataObject, near: int, hour: int, minute: int) -> None:
    zone_name, edge = data.draw(st.sampled_from(edges()))
    zone, at, days = ZoneInfo(zone_name), edge + near * MINUTE_MS, []
    for _ in range(5):
        at = parse_cron(f"{minute} {hour} * * *").next_after(at, zone) or 0
        days.append(wall(at, zone).date())
    assert all((later - earlier).days == 1 for earlier, later in pairwise(days))


def wall(at: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at / 1000, zone)


@pytest.mark.parametrize(
    ("schedule", "most"),
    [
        ({"everyHours": 6}, 0.12 * HOUR_MS),
        ({"everyHours": 0.5}, 0.01 * HOUR_MS),
        ({"everyHours": 24 * 7}, 10 * MINUTE_MS),
        ({"everyHours": 6, "jitterMinutes": 30}, 30 * MINUTE_MS),
        ({"everyHours": 6, "jitterMinutes": 0}, 0),
        ({"cron": "0 4 * * *"}, MINUTE_MS - 1),
        ({"cron": "0 4 * * *", "jitterMinutes": 5}, 5 * MINUTE_MS),
    ],
)
def test_a_start_is_late_by_a_part_of_the_jitter_and_never_more(schedule: dict[str, Any], most: float) -> None:
    now = ms("2026-11-21T09:36:00")
    planned = next_sync_at(schedule, now) or 0
    starts = [next_start(schedule, now) or 0 for _ in range(300)]
    assert all(planned <= one <= planned + most for one in starts)
    assert latest_start(schedule, now) == planned + most
    assert len(set(starts)) > 1 or not most


@pytest.mark.parametrize("minutes", [-1, 1441, True, "5", float("nan")])
def test_a_jitter_that_makes_no_sense_is_named(minutes: Any) -> None:
    with pytest.raises(Invalid) as refused:
        checked_schedule({"everyHours": 6, "jitterMinutes": minutes})
    assert [field for field, _ in refused.value.errors] == ["schedule.jitterMinutes"]


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "a * * * *",
        "*/0 * * * *",
        "5-1 * * * *",
        "* * * * 8",
        "1,,2 * * * *",
        "-1 * * * *",
        "*-5 * * * *",
        "@sometimes",
    ],
)
def test_what_is_no_cron_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=r"^(A cron expression|The )"):
        parse_cron(expression)


def test_an_interval_counts_from_now() -> None:
    assert next_sync_at({"everyHours": 1.5}, 1000) == 1000 + 5_400_000
    assert next_sync_at(None, 1000) is None
    assert default_schedule(6) == {"everyHours": 6}
    assert default_schedule(0) is None
