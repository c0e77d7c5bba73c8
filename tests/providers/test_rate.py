"""The pace that a window finds against hosts that refuse, in virtual time."""

import asyncio
from itertools import pairwise

import pytest

from app.providers.rate import KEEP, Rate
from tests.providers.virtual import FakeHost, Walked, new_window, now, virtual, walk

LATENCIES = [0.001, 0.02, 0.05, 0.1, 0.2]


@pytest.mark.parametrize("latency", LATENCIES)
@pytest.mark.parametrize("jitter", [0.1, 1.0])
def test_without_memory_a_limiter_is_met_at_nine_tenths_with_two_percent_refused(latency: float, jitter: float) -> None:
    async def work() -> Walked:
        return await walk(new_window(), FakeHost(rate=20, burst=8, latency=latency, jitter=jitter), 500)

    walked = virtual(work)
    assert walked.pages / walked.seconds >= 0.9 * 20
    assert walked.refused <= 0.02


@pytest.mark.parametrize("latency", LATENCIES)
def test_with_memory_hardly_anything_is_refused(latency: float) -> None:
    async def work() -> Walked:
        window = new_window()
        window.rate.recall(21, now())
        return await walk(window, FakeHost(rate=20, burst=8, latency=latency), 500)

    walked = virtual(work)
    assert walked.pages / walked.seconds >= 0.9 * 20
    assert walked.refused <= 0.005


@pytest.mark.parametrize("latency", LATENCIES)
def test_a_limiter_that_delays_is_recognised_by_its_queue(latency: float) -> None:
    async def work() -> Walked:
        return await walk(new_window(), FakeHost(rate=20, burst=8, delay=True, latency=latency), 500)

    walked = virtual(work)
    assert walked.steady >= 0.95 * 20
    assert walked.refused <= (0 if latency < 0.2 else 0.005)  # where the queue is short beside the latency


@pytest.mark.parametrize(("rate", "burst"), [(1, 5), (5, 20), (50, 10), (200, 100)])
def test_other_limits_are_found_too(rate: float, burst: int) -> None:
    async def work() -> tuple[Walked, float | None]:
        window = new_window()
        found = await walk(window, FakeHost(rate=rate, burst=burst), max(300, round(rate * 30)))
        return found, window.rate.limit

    walked, limit = virtual(work)
    assert walked.steady >= 0.85 * rate
    assert walked.refused <= 0.06
    assert limit == pytest.approx(rate, rel=0.12)


def test_a_memory_that_is_too_high_is_corrected() -> None:
    async def work() -> tuple[Walked, float | None]:
        window = new_window()
        window.rate.recall(60, now())
        return await walk(window, FakeHost(rate=20, burst=8), 500), window.rate.limit

    walked, limit = virtual(work)
    assert walked.refused <= 0.02
    assert limit == pytest.approx(20, rel=0.1)


def test_a_limit_that_was_lifted_is_left_behind() -> None:
    async def work() -> tuple[float | None, bool]:
        window, host = new_window(), FakeHost(rate=20, burst=8)
        await walk(window, host, 300)
        assert window.rate.limit == pytest.approx(20, rel=0.1)
        host.become(None)
        await walk(window, host, 3000)
        return window.rate.pace, window.rate.lifted

    assert virtual(work) == (None, True)


def test_probing_a_limit_that_stays_costs_little() -> None:
    async def work() -> Walked:
        window, host = new_window(), FakeHost(rate=20, burst=8)
        await walk(window, host, 300)
        return await walk(window, host, 6000)

    assert virtual(work).refused < 0.003


@pytest.mark.parametrize("every", [2, 3, 5, 10, 20])
def test_refusals_that_do_not_depend_on_the_rate_do_not_slow_it_down_for_good(every: int) -> None:
    async def work() -> Walked:
        host = FakeHost(accident=lambda asked: asked % every == 0, latency=0.02)
        return await walk(new_window(), host, 1500)

    # One at a time is what a window that halves on every trouble comes down to.
    assert virtual(work).steady >= 0.5 / 0.02 * (1 - 1 / every)


def test_an_outage_is_forgotten_and_never_remembered() -> None:
    async def work() -> tuple[float, float | None]:
        window, host = new_window(), FakeHost()
        await walk(window, host, 1000)
        began = now()
        host.accident = lambda _: now() < began + 5
        await walk(window, host, 3000)
        return now() - began, window.rate.limit

    seconds, limit = virtual(work)
    assert limit is None
    assert seconds < 30


def test_one_refusal_among_many_answers_is_an_accident() -> None:
    async def work() -> float | None:
        window = new_window()
        await walk(window, FakeHost(accident=lambda asked: asked in {300, 700}), 1500)
        return window.rate.pace

    assert virtual(work) is None


def test_keeps_to_nine_tenths_of_what_is_remembered() -> None:
    rate = Rate()
    rate.recall(30, 100.0)
    assert (rate.limit, rate.pace) == (30, KEEP * 30)
    for step in range(100):
        rate.sent(100.0 + step / 30)
    assert rate.pace == KEEP * 30


def test_only_the_leader_tries_for_more() -> None:
    rate = Rate()
    rate.follow(18, 20, 0.0)
    for step in range(5000):
        rate.sent(step / 20)
    assert rate.pace == 18
    rate.lead(300.0)
    for step in range(500):
        rate.sent(300 + step / 20)
    assert rate.pace > 18


def test_requests_at_a_pace_are_even_and_in_order() -> None:
    async def work() -> list[tuple[int, float]]:
        window = new_window()
        window.rate.recall(100, now())
        began, sent = now(), []

        async def one(number: int) -> None:
            async with window:
                sent.append((number, now() - began))

        await asyncio.gather(*(one(number) for number in range(20)))
        return sent

    sent = virtual(work)
    assert [number for number, _ in sent] == list(range(20))
    gaps = [after - before for (_, before), (_, after) in pairwise(sent)]
    assert gaps == pytest.approx([1 / 90] * 19, abs=0.003)
