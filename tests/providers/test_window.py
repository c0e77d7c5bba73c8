import asyncio
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.providers.window import LONGEST_HOLD, START, TASTE, Window
from tests.providers.virtual import FakeHost, new_window, now, virtual, walk


def take(window: Window, slots: int) -> None:
    """Takes slots that are free."""
    for _ in range(slots):
        entering = window.enter()
        with pytest.raises(StopIteration):
            entering.send(None)


def answer(window: Window, count: int, seconds: float = 0.01) -> None:
    """So many good answers while all slots are used."""
    for _ in range(count):
        take(window, window.limit - window.active)
        window.good(seconds)


def test_starts_small_and_grows_with_good_answers_up_to_its_ceiling() -> None:
    window = Window(10)
    assert window.limit == START
    answer(window, TASTE)
    assert START < window.limit < 8
    answer(window, 20)
    assert window.limit == 10


def test_does_not_grow_while_hardly_any_slot_is_used() -> None:
    window = Window(100)
    answer(window, 40)
    wide = window.limit
    for _ in range(window.active - 1):
        window.leave()
    for _ in range(50):
        window.good(0.01)
    assert window.limit == wide


def test_halves_on_trouble_and_never_falls_below_one() -> None:
    window = Window(64)
    answer(window, 80)
    assert window.limit == 64
    window.bad(time.monotonic())
    assert window.limit == 32
    for _ in range(20):
        time.sleep(0.001)
        window.bad(time.monotonic())
    assert window.limit == 1


def test_halves_once_for_everything_that_was_asked_before() -> None:
    window = Window(64)
    answer(window, 80)
    asked = time.monotonic()
    for _ in range(50):
        window.bad(asked)
    assert window.limit == 32


def test_after_trouble_it_grows_by_one_per_round() -> None:
    window = Window(40)
    answer(window, 60)
    window.bad(time.monotonic())
    for _ in range(20):
        window.leave()
    assert window.limit == 20
    answer(window, 20)
    assert 20 <= window.limit <= 21
    answer(window, 2)
    assert window.limit == 21


def test_stops_growing_where_more_at_once_only_makes_answers_slower() -> None:
    async def work() -> int:
        window = new_window()
        await walk(window, FakeHost(latency=0.1, workers=6), 1500)
        return window.limit

    # Six at a time are worked on: twelve take twice as long and bring nothing.
    assert 6 <= virtual(work) <= 18


def test_goes_on_growing_where_answers_are_slow_and_more_at_once_brings_more() -> None:
    async def work() -> tuple[int, float]:
        window, host = new_window(), FakeHost(latency=0.02, jitter=0)
        await walk(window, host, 20)
        host.latency, host.jitter = 0.3, 2.0
        return window.limit, (await walk(window, host, 12_000)).steady

    limit, steady = virtual(work)
    assert limit < 20
    assert steady > 0.6 * 150 / 0.6


@pytest.mark.parametrize("latency", [0.005, 0.05, 0.1])
def test_a_portal_that_answers_evenly_gets_a_healthy_window_within_three_seconds(latency: float) -> None:
    async def work() -> tuple[float, int]:
        window, began = new_window(), now()
        await walk(window, FakeHost(latency=latency, jitter=0.5), 1200)
        return now() - began, window.limit

    seconds, limit = virtual(work)
    assert seconds < 3
    assert limit >= 120


class Client:
    pass


def test_the_lowest_ceiling_of_all_clients_holds_at_once_and_as_long_as_its_client_lives() -> None:
    window = Window(100)
    careful, bold = Client(), Client()
    window.limit_for(careful, 2)
    window.limit_for(bold, 50)
    answer(window, 20)
    assert window.limit == 2
    del careful
    window.limit_for(bold, 50)
    answer(window, 20)
    assert window.limit > 2


def test_a_share_is_a_part_of_the_ceiling_and_of_the_pace() -> None:
    async def work() -> tuple[int, float]:
        window = new_window(100)
        window.rate.recall(100, now())
        window.take_share(0.25)
        walked = await walk(window, FakeHost(latency=0.01), 200)
        return window.limit, walked.steady

    limit, steady = virtual(work)
    assert limit <= 25
    assert steady == pytest.approx(0.25 * 90, rel=0.05)


async def test_never_lets_more_in_than_its_limit() -> None:
    window = Window(3)
    inside = most = 0

    async def one() -> None:
        nonlocal inside, most
        async with window.slot():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.001)
            inside -= 1

    await asyncio.gather(*(one() for _ in range(50)))
    assert most == 3
    assert window.active == 0


async def test_cancelled_waiters_leave_no_slot_behind() -> None:
    window = Window(1)

    async def one() -> None:
        async with window.slot():
            await asyncio.sleep(0.01)

    tasks = [asyncio.create_task(one()) for _ in range(20)]
    await asyncio.sleep(0.005)
    for task in tasks[::2]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert window.active == 0
    async with asyncio.timeout(1), window.slot():
        assert window.active == 1


async def test_a_slot_that_was_handed_to_a_cancelled_waiter_is_handed_on() -> None:
    window = Window(1)
    await window.enter()
    first = asyncio.create_task(window.enter())
    second = asyncio.create_task(window.enter())
    await asyncio.sleep(0)
    window.leave()
    first.cancel()
    async with asyncio.timeout(1):
        await second
    with pytest.raises(asyncio.CancelledError):
        await first
    assert window.active == 1


WAITS: dict[str, Callable[[Window], None]] = {
    "a slot": lambda window: window.limit_for(Client, 1),
    "the pace": lambda window: window.rate.recall(10, now()),
    "the host": lambda window: window.hold(5),
}


@pytest.mark.parametrize("why", WAITS)
def test_whoever_waits_is_served_in_order_and_can_be_cancelled_at_once(why: str) -> None:
    async def work() -> tuple[list[int], float]:
        window, served = new_window(), []
        WAITS[why](window)

        async def one(number: int) -> None:
            async with window:
                served.append(number)
                await asyncio.sleep(0.1)

        tasks = [asyncio.create_task(one(number)) for number in range(12)]
        await asyncio.sleep(0.01)
        began = now()
        for number in (3, 4, 9, 11):
            tasks[number].cancel()
            with pytest.raises(asyncio.CancelledError):
                await tasks[number]
        gone = now() - began
        await asyncio.gather(*tasks, return_exceptions=True)
        assert window.active == 0
        return served, gone

    served, gone = virtual(work)
    assert served == [0, 1, 2, 5, 6, 7, 8, 10]
    assert gone < 0.001


def test_nobody_asks_a_host_that_said_when() -> None:
    async def work() -> list[float]:
        window, began = new_window(), now()
        sent: list[float] = []

        async def one() -> None:
            async with window:
                sent.append(now() - began)

        window.hold(7)
        await asyncio.gather(*(one() for _ in range(10)))
        return sent

    assert min(virtual(work)) >= 7


def test_what_a_host_says_counts_up_to_five_minutes() -> None:
    async def work() -> float:
        window, began = new_window(), now()
        window.hold(86_400)
        window.hold(1)
        async with window:
            return now() - began

    assert virtual(work) == pytest.approx(LONGEST_HOLD, abs=0.01)


OPERATIONS = st.lists(
    st.tuples(st.sampled_from(["ask", "ask", "good", "bad", "refused", "cancel", "wait", "share"]), st.integers(0, 40)),
    max_size=120,
)


class Rounds:
    """A window under random hands: the laws hold after every step."""

    def __init__(self, ceiling: int) -> None:
        self.window = new_window(ceiling)
        self.ceiling = ceiling
        self.inside: list[tuple[asyncio.Task[None], float, asyncio.Event]] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def step(self, what: str, number: int) -> None:
        window = self.window
        limit, active, troubles = window.limit, window.active, window.troubles
        if what == "ask":
            self.tasks.append(asyncio.create_task(self._one(asyncio.Event())))
        elif what == "wait":
            await asyncio.sleep(number / 100)
        elif what == "share":
            window.take_share(max(number, 1) / 40)
        elif what == "cancel" and self.tasks:
            self.tasks.pop(number % len(self.tasks)).cancel()
        elif self.inside:
            self._end(what, number)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert 1 <= window.limit <= self.ceiling
        assert window.active == len(self.inside)
        assert window.active <= max(window.limit, limit, active)
        assert window.troubles <= troubles + 1

    def _end(self, what: str, number: int) -> None:
        task, asked, leave = self.inside.pop(number % len(self.inside))
        before, halvings = self.window.limit, self.window.troubles
        if what == "good":
            self.window.good(now() - asked + 0.001)
        else:
            self.window.bad(asked, refused=what == "refused")
            self.window.bad(asked, refused=what == "refused")
            assert self.window.troubles <= halvings + 1
            assert self.window.limit >= max(1, before // 2)
        leave.set()
        self.inside.append((task, asked, leave))

    async def _one(self, leave: asyncio.Event) -> None:
        async with self.window:
            task = asyncio.current_task()
            assert task is not None
            mine = (task, now(), leave)
            self.inside.append(mine)
            try:
                await leave.wait()
            finally:
                self.inside.remove(mine)

    async def end(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        assert (self.window.active, self.window.demand) == (0, 0)


@settings(max_examples=150, deadline=None)
@given(ceiling=st.integers(1, 12), operations=OPERATIONS)
def test_whatever_happens_no_slot_is_lost_and_the_limit_stays_in_its_bounds(
    ceiling: int, operations: list[tuple[str, int]]
) -> None:
    async def work() -> None:
        rounds = Rounds(ceiling)
        for what, number in operations:
            await rounds.step(what, number)
        await rounds.end()

    virtual(work)
