import asyncio
import time

import pytest

from app.providers.pace import Pace


async def send(pace: Pace) -> float:
    async with pace:
        return time.monotonic()


async def test_a_pace_spaces_requests_out() -> None:
    pace = Pace(100)
    began = time.monotonic()
    await asyncio.gather(*(send(pace) for _ in range(11)))
    assert time.monotonic() - began >= 0.095


async def test_without_a_pace_there_is_nothing_to_wait_for() -> None:
    assert not Pace(None)
    assert Pace(0.5)


async def test_a_share_of_a_pace_is_slower() -> None:
    pace = Pace(100)
    pace.share = 0.5
    began = time.monotonic()
    await asyncio.gather(*(send(pace) for _ in range(6)))
    assert time.monotonic() - began >= 0.095


async def test_who_is_cancelled_while_waiting_costs_nobody_a_turn() -> None:
    pace = Pace(10)
    began = time.monotonic()
    await send(pace)
    waiting = [asyncio.create_task(send(pace)) for _ in range(50)]
    last = asyncio.create_task(send(pace))
    await asyncio.sleep(0.01)
    for task in waiting:
        task.cancel()
    async with asyncio.timeout(1):
        assert await last - began < 0.3
    assert all(task.cancelled() for task in waiting)


async def test_a_request_that_failed_before_it_was_sent_takes_no_turn() -> None:
    pace = Pace(1)
    with pytest.raises(RuntimeError):
        async with pace:
            raise RuntimeError
    began = time.monotonic()
    await send(pace)
    assert time.monotonic() - began < 0.5
