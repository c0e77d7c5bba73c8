import pytest

from app.core import quota
from app.core.quota import Buckets


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("per_minute", [1, 7, 60, 1000])
async def test_a_minutes_worth_comes_at_once_and_then_as_fast_as_is_set(per_minute: int) -> None:
    clock = Clock()
    buckets = Buckets(clock)
    assert [await buckets.take("a", per_minute=per_minute) for _ in range(per_minute)] == [0.0] * per_minute
    wait = await buckets.take("a", per_minute=per_minute)
    assert wait == pytest.approx(60 / per_minute)
    assert await buckets.take("b", per_minute=per_minute) == 0
    clock.now += wait
    assert await buckets.take("a", per_minute=per_minute) == 0
    assert await buckets.take("a", per_minute=per_minute) > 0
    clock.now += 60
    assert [await buckets.take("a", per_minute=per_minute) for _ in range(per_minute)] == [0.0] * per_minute


async def test_who_is_refused_loses_nothing_by_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    buckets = Buckets(clock)
    await buckets.take("a", per_minute=1)
    for _ in range(10):
        assert await buckets.take("a", per_minute=1) == pytest.approx(60)
    clock.now += 60
    assert await buckets.take("a", per_minute=1) == 0


async def test_memory_is_bounded_and_whoever_is_at_the_limit_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota, "MOST", 100)
    buckets = Buckets(Clock())
    for _ in range(3):
        await buckets.take("greedy", per_minute=3)
    for number in range(1000):
        await buckets.take(f"one of many {number}", per_minute=1000)
    assert len(buckets._full) <= 101
    assert await buckets.take("greedy", per_minute=3) > 0
