from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.core.clock import rfc3339
from app.registry.cron import parse_cron
from app.registry.schedule import default_schedule, next_sync_at


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
