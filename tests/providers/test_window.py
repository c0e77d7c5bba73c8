import asyncio
import time

import pytest

from app.providers.window import START, Pace, Window


def test_starts_small_and_grows_with_every_good_answer_up_to_its_ceiling() -> None:
    window = Window(10)
    assert window.limit == START
    for _ in range(20):
        window.good(0.01)
    assert window.limit == 10


def test_halves_on_trouble_and_never_falls_below_one() -> None:
    window = Window(64)
    for _ in range(60):
        window.good(0.01)
    assert window.limit == 64
    window.bad(time.monotonic())
    assert window.limit == 32
    for _ in range(20):
        time.sleep(0.001)
        window.bad(time.monotonic())
    assert window.limit == 1


def test_halves_once_for_everything_that_was_asked_before() -> None:
    window = Window(64)
    for _ in range(60):
        window.good(0.01)
    asked = time.monotonic()
    for _ in range(50):
        window.bad(asked)
    assert window.limit == 32


def test_after_trouble_it_grows_by_one_per_round() -> None:
    window = Window(100)
    for _ in range(36):
        window.good(0.01)
    window.bad(time.monotonic())
    assert window.limit == 20
    for _ in range(20):
        window.good(0.01)
    assert 20 <= window.limit <= 21
    window.good(0.01)
    assert window.limit == 21


def test_does_not_grow_while_answers_are_slow() -> None:
    window = Window(100)
    window.good(0.1)
    before = window.limit
    for _ in range(50):
        window.good(20.0)
    assert window.limit == before


class Client:
    pass


def test_the_lowest_ceiling_of_all_clients_holds_at_once_and_as_long_as_its_client_lives() -> None:
    window = Window(100)
    careful, bold = Client(), Client()
    window.limit_for(careful, 2)
    window.limit_for(bold, 50)
    window.good(0.01)
    assert window.limit == 2
    del careful
    window.limit_for(bold, 50)
    window.good(0.01)
    assert window.limit == 3


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
    await window.__aenter__()
    first = asyncio.create_task(window.__aenter__())
    second = asyncio.create_task(window.__aenter__())
    await asyncio.sleep(0)
    await window.__aexit__(None, None, None)
    first.cancel()
    async with asyncio.timeout(1):
        await second
    with pytest.raises(asyncio.CancelledError):
        await first
    assert window.active == 1


async def test_a_pace_spaces_requests_out() -> None:
    pace = Pace(100)
    began = time.monotonic()
    await asyncio.gather(*(pace.turn() for _ in range(11)))
    assert time.monotonic() - began >= 0.099


async def test_without_a_pace_nothing_waits() -> None:
    pace = Pace(None)
    async with asyncio.timeout(0.5):
        for _ in range(1000):
            await pace.turn()
