from hypothesis import given
from hypothesis import strategies as st

from app.domain.breaker import CLOSED, FIRST_MS, LONGEST_MS, REFUSALS, TRIAL_MS, Breaker, BreakerState, open_ms

NOW = 1_800_000_000_000
CLOSED_, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN


def after(refusals: int, now: int = NOW) -> Breaker:
    breaker = CLOSED
    for _ in range(refusals):
        breaker = breaker.refused(now)
    return breaker


def test_two_refusals_leave_it_closed_and_the_third_opens_it_for_a_minute() -> None:
    assert after(2).state(NOW) is CLOSED_
    opened = after(3)
    assert opened.state(NOW) is OPEN
    assert opened.state(NOW + FIRST_MS - 1) is OPEN
    assert opened.state(NOW + FIRST_MS) is HALF_OPEN


def test_each_opening_lasts_twice_as_long_up_to_six_hours() -> None:
    breaker, now, minutes = after(REFUSALS), NOW, []
    for _ in range(12):
        assert breaker.until is not None
        minutes.append((breaker.until - now) // 60_000)
        now = breaker.until
        breaker = breaker.tried(now).failed(now)
    assert minutes == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360]


def test_one_attempt_is_let_through_and_others_wait_for_it() -> None:
    opened = after(REFUSALS)
    later = (opened.until or 0) + 1
    trying = opened.tried(later)
    assert trying.state(later) is OPEN
    assert trying.state(later + TRIAL_MS) is HALF_OPEN
    assert trying.failed(later).state(later + 2 * FIRST_MS - 1) is OPEN


def test_what_was_under_way_when_it_opened_makes_it_no_longer() -> None:
    opened = after(REFUSALS)
    assert opened.refused(NOW + 5) == opened


def test_a_clock_that_was_set_back_does_not_keep_it_open_for_a_day() -> None:
    opened = after(REFUSALS)
    assert opened.state(NOW - 24 * 3_600_000) is HALF_OPEN


@given(st.lists(st.tuples(st.sampled_from(["refused", "answered", "tried"]), st.integers(0, 2 * LONGEST_MS))))
def test_whatever_happens_it_opens_only_for_refusals_in_a_row_and_closes_again(events: list[tuple[str, int]]) -> None:
    breaker, now, row = CLOSED, NOW, 0
    for event, passed in events:
        now += passed
        state = breaker.state(now)
        if event == "answered":
            breaker, row = CLOSED, 0
        elif event == "tried" and state is HALF_OPEN:
            breaker = breaker.tried(now)
            assert breaker.state(now) is OPEN
        elif event == "refused" and state is not OPEN:
            breaker, row = breaker.refused(now), row + 1
            assert (breaker.state(now) is OPEN) == (row >= REFUSALS)
        assert breaker.refusals == row
        assert breaker.trips == max(0, row - REFUSALS + 1)
        if breaker.until is not None:
            assert breaker.until - now <= max(open_ms(breaker.trips), TRIAL_MS) <= LONGEST_MS
        assert breaker.state(now + LONGEST_MS) is not OPEN
