from collections.abc import Callable

import httpx
import pytest

from app.simulator.limiter import Limiter
from tests.simulator.box import Box

Make = Callable[..., Box]


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def limiter(clock: Clock, *, rate: float = 20, burst: int = 8, delay: bool = False) -> Limiter:
    return Limiter(rate=rate, burst=burst, delay=delay, clock=clock)


def test_a_burst_is_let_in_and_the_next_one_refused() -> None:
    door = limiter(Clock())
    assert [door.admit("a") for _ in range(10)] == [0.0] * 9 + [None]


def test_what_exceeds_the_rate_waits_for_its_turn() -> None:
    door = limiter(Clock(), delay=True)
    assert [door.admit("a") for _ in range(10)] == [pytest.approx(n / 20) for n in range(9)] + [None]


def test_the_bucket_leaks_and_refused_requests_do_not_fill_it() -> None:
    clock = Clock()
    door = limiter(clock)
    for _ in range(30):
        door.admit("a")
    clock.now += 0.1
    assert [door.admit("a") for _ in range(3)] == [0.0, 0.0, None]


def test_over_a_long_time_exactly_the_rate_comes_through() -> None:
    clock = Clock()
    door = limiter(clock)
    let_in = 0
    for _ in range(1000):
        let_in += door.admit("a") is not None
        clock.now += 0.01
    assert let_in == pytest.approx(20 * 10 + 9, abs=1)


def test_every_address_has_a_bucket_of_its_own() -> None:
    door = limiter(Clock(), burst=0)
    assert [door.admit("a"), door.admit("a"), door.admit("b")] == [0.0, None, 0.0]


@pytest.mark.parametrize("status", [503, 429])
def test_a_portal_refuses_what_comes_too_fast_and_counts_it(box: Make, status: int) -> None:
    stb = box("panel")
    stb.portal.behave(rate_limit=1, rate_burst=2, rate_status=status, retry_after=7)
    answers: list[httpx.Response] = [stb.get("itv", "get_genres") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, status, status]
    assert answers[-1].headers["retry-after"] == "7"
    assert answers[-1].headers["content-type"].startswith("text/html")
    assert stb.portal.stats.as_json()["throttled"] == 2
