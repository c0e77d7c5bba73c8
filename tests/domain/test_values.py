import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import values

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
COERCIONS = (
    values.text,
    values.text_or_none,
    values.clean_text,
    values.number,
    values.integer,
    values.truth,
    values.rating,
    values.year,
    values.minutes,
    values.minutes_of_seconds,
    values.epoch_ms,
    lambda value: values.local_ms(value, "Europe/Berlin"),
    values.names,
    lambda value: values.image(value, lambda path: f"http://h.example.test/{path}"),
)


@given(ANY_JSON)
def test_no_json_value_breaks_a_coercion_and_every_result_can_be_stored(value: Any) -> None:
    for coerce in COERCIONS:
        result = coerce(value)
        json.dumps(result, allow_nan=False)
        for word in result if isinstance(result, tuple) else (result,):
            if isinstance(word, str):
                word.encode()
                assert "\0" not in word
            elif word is not None:
                assert -(2**63) <= word < 2**63


@given(st.integers(-(2**62), 2**62))
def test_a_whole_number_is_the_same_as_number_and_as_text(value: int) -> None:
    assert values.integer(value) == values.integer(f" {value} ") == value
    assert values.text(value) == str(value)


@given(st.floats(0.01, 10))
def test_a_rating_keeps_its_value_whatever_its_decimal_sign(value: float) -> None:
    expected = round(value, 2) or None
    assert values.rating(value) == expected
    assert values.rating(f"{value:.2f}") == values.rating(f"{value:.2f}".replace(".", ","))


@given(st.integers(1, 253_402_300_799))
def test_epoch_seconds_become_milliseconds(seconds: int) -> None:
    expected = seconds * 1000 if seconds < values.EPOCH_MS else None
    if expected is not None:
        assert values.epoch_ms(seconds) == values.epoch_ms(str(seconds)) == expected


@given(st.datetimes(timezones=st.just(UTC), allow_imaginary=False).filter(lambda moment: 1971 <= moment.year < 2100))
def test_a_local_time_in_utc_is_its_own_moment(moment: datetime) -> None:
    spelled = moment.replace(microsecond=0)
    found = values.local_ms(spelled.strftime("%Y-%m-%d %H:%M:%S"), "UTC")
    assert found == int(spelled.timestamp()) * 1000


@given(st.lists(st.text(st.characters(categories=["Lu", "Ll"]), min_size=10, max_size=14), max_size=6, unique=True))
def test_joined_names_come_apart_again_in_order(names: list[str]) -> None:
    assert values.names(", ".join(names)) == values.names(" / ".join(names)) == values.names(names) == tuple(names)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, ""), (True, ""), ([], ""), ({}, ""), (5012.0, "5012"), (7.5, "7.5"), (float("nan"), ""), ("a\0b", "ab"),
     (" x ", " x "), ("\ud800x", "\ufffdx")],
)  # fmt: skip
def test_text_is_what_can_be_stored(value: Any, expected: str) -> None:
    assert values.text(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("Tom &amp; Jerry", "Tom & Jerry"), ("&nbsp;", None), (" N/A ", None), ("n/a", None), ("", None), (None, None),
     (0, "0"), (2012, "2012"), ("AT&amp;amp;T", "AT&amp;T")],
)  # fmt: skip
def test_clean_text_is_for_people(value: Any, expected: str | None) -> None:
    assert values.clean_text(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("7,1", 7.1), ("7.0", 7), (7.0, 7), ("", None), ("x", None), (True, None), (None, None), ("1e400", None),
     ("9" * 5000, None), (2**63, None), ("-3", -3)],
)  # fmt: skip
def test_numbers_are_finite_and_fit(value: Any, expected: float | None) -> None:
    assert values.number(value) == expected
    assert type(values.number(value)) is type(expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, True), ("1", True), (True, True), ("true", True), ("YES", True), (0, False), ("0", False), ("false", False),
     (None, None), ("", None), ([], None)],
)  # fmt: skip
def test_a_flag_that_was_not_given_is_not_false(value: Any, expected: bool | None) -> None:  # noqa: FBT001
    assert values.truth(value) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("7,4", 7.4), ("7.4", 7.4), (7, 7.0), ("7.4/10", 7.4), ("N/A", None), (0, None), ("0", None), (-1, None),
     (10, 10.0), (74, None), (0.001, None)],
)  # fmt: skip
def test_ratings_go_up_to_ten_and_nobody_gives_zero(value: Any, expected: float | None) -> None:
    assert values.rating(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(2019, 2019), ("2019", 2019), ("2019-04-01", 2019), ("01.04.2019", 2019), ("2019/2020", 2019), (1887, None),
     (2101, None), (0, None), ("0000-00-00", None), ("1714000000", None), (2019.0, 2019), (None, None)],
)  # fmt: skip
def test_a_year_is_found_in_a_date_but_not_in_a_number(value: Any, expected: int | None) -> None:
    assert values.year(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("01:52:03", 112), ("112", 112), (112, 112), ("112 min", 112), ("1h 52m", 112), ("1:52", 112), ("45:30", 46),
     ("0", None), ("", None), ("00:00:00", None), ("soon", None), (-5, None), ("99999999", None)],
)  # fmt: skip
def test_durations_are_minutes(value: Any, expected: int | None) -> None:
    assert values.minutes(value) == expected


@pytest.mark.parametrize(("value", "expected"), [("2700", 45), (2700, 45), (20, 1), (0, None), ("x", None)])
def test_seconds_become_minutes(value: Any, expected: int | None) -> None:
    assert values.minutes_of_seconds(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1714000000", 1714000000000), (1714000000123, 1714000000123), ("0", None), (-1, None), ("", None), (None, None),
     ("null", None), (10**17, None)],
)  # fmt: skip
def test_epochs_are_moments(value: Any, expected: int | None) -> None:
    assert values.epoch_ms(value) == expected


@pytest.mark.parametrize(
    ("value", "zone", "expected"),
    [("2024-05-02 10:11:12", "Europe/Berlin", 1714637472000), ("2024-05-02 10:11:12", "Mars/Base", 1714644672000),
     ("2024-05-02 10:11:12", None, 1714644672000), ("0000-00-00 00:00:00", "UTC", None), ("", "UTC", None),
     ("yesterday", "UTC", None), (1714637472, "UTC", None), ("2024-05-02 10:11:12", "../../etc/passwd", 1714644672000)],
)  # fmt: skip
def test_a_clock_is_read_in_its_zone(value: Any, zone: str | None, expected: int | None) -> None:
    assert values.local_ms(value, zone) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("Drama, Comedy", ("Drama", "Comedy")), ("Sci-Fi/Fantasy", ("Sci-Fi", "Fantasy")), ("N/A", ()), ("", ()),
     (None, ()), (["A", "B", "A"], ("A", "B")), ([{"name": "A"}, None, 5], ("A", "5")), ({"1": "A"}, ("A",)),
     ("Drama, N/A, Drama", ("Drama",)), ("Ren&eacute;e, Tom &amp; Jerry", ("Renée", "Tom & Jerry"))],
)  # fmt: skip
def test_names_are_each_told_once(value: Any, expected: tuple[str, ...]) -> None:
    assert values.names(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("http://h/a.png", "http://h/a.png"), ("HTTP://h/a.png", "HTTP://h/a.png"), ("a.png", "R:a.png"),
     ("http://h/a b.png", "http://h/a%20b.png"), ("/a.png", "R:/a.png"), ("//h/a.png", "R://h/a.png"),
     ("data:image/png;base64,AA", None), ("javascript:alert(1)", None), ("file:///etc/passwd", None), ("", None),
     ("N/A", None), ("null", None), (None, None), (False, None), ([], None), ("http://h/a\nb", None),
     (["http://h/1.png", "http://h/2.png"], "http://h/1.png")],
)  # fmt: skip
def test_a_picture_is_an_absolute_address_or_nothing(value: Any, expected: str | None) -> None:
    found = values.image(value, lambda path: f"http://resolved.example.test/{path}")
    if expected is not None and expected.startswith("R:"):
        expected = f"http://resolved.example.test/{expected[2:]}"
    assert found == expected


def test_a_relative_picture_may_be_refused() -> None:
    assert values.image("a.png", lambda _: None) is None
