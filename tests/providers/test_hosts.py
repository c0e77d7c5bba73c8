"""Processes that ask one host: transports with a queue server between them, and one simulated portal."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from typing import Any

import pytest

from app.core.ports import Hints
from app.providers.hosts import Hosts
from app.providers.transport import ProviderClient, Transport
from app.queue.connection import connect
from app.queue.hints import RedisHints
from app.simulator.behaviour import Behaviour
from app.simulator.portal import Portal
from app.simulator.process import PortalThread
from app.simulator.server import create_portal
from app.simulator.spec import CatalogueSpec
from tests.providers.raw_server import RawServer, reply
from tests.providers.virtual import FakeHost, Walked, now, virtual, walk

SPEC = CatalogueSpec(channels=10, movies=10, series=10)
PATH = "/stalker_portal/server/load.php?type=stb&action=handshake"
Process = Callable[[], Transport]


@pytest.fixture
async def process(redis_url: str) -> AsyncIterator[Process]:
    """Makes transports as processes of their own would: each with its own connections."""
    async with AsyncExitStack() as stack:

        def make() -> Transport:
            redis = connect(redis_url)
            stack.push_async_callback(redis.aclose)
            transport = Transport(hints=RedisHints(redis))
            stack.push_async_callback(transport.close)
            return transport

        yield make


@pytest.fixture
def portal() -> Iterator[tuple[str, Portal]]:
    made = create_portal(SPEC, "stock", Behaviour(latency_ms=10))
    with PortalThread({"": made}) as thread:
        yield thread.url, made


async def walk_portal(client: ProviderClient, url: str, pages: int) -> int:
    """Fetches so many pages, eighty at a time; returns how many requests were refused."""
    left = iter(range(pages))
    refused = 0

    async def work() -> None:
        nonlocal refused
        for _ in left:
            for _ in range(20):
                if (await client.get(url + PATH)).status == 200:
                    break
                refused += 1
                await asyncio.sleep(0.3)
            else:
                raise AssertionError("refused twenty times")

    await asyncio.gather(*(work() for _ in range(80)))
    return refused


class Board:
    """Hints between the processes of a virtual world."""

    def __init__(self) -> None:
        self.kept: dict[str, Mapping[str, Any]] = {}
        self.told: dict[str, dict[str, tuple[float, Mapping[str, Any]]]] = {}

    async def put(self, key: str, value: Mapping[str, Any], *, ttl_seconds: int) -> None:
        assert ttl_seconds == 86_400
        self.kept[key] = dict(value)

    async def get(self, key: str) -> Mapping[str, Any] | None:
        await asyncio.sleep(0.001)
        return self.kept.get(key)

    async def share(
        self, key: str, member: str, value: Mapping[str, Any], *, ttl_seconds: float
    ) -> Mapping[str, Mapping[str, Any]]:
        await asyncio.sleep(0.001)
        members = self.told.setdefault(key, {})
        members[member] = (now() + ttl_seconds, dict(value))
        return {name: told for name, (until, told) in members.items() if until > now()}


@pytest.mark.parametrize("latency", [0.01, 0.05, 0.15])
@pytest.mark.parametrize("processes", [2, 3])
def test_processes_split_a_rate_and_together_keep_what_one_alone_keeps(processes: int, latency: float) -> None:
    async def work() -> tuple[list[Walked], list[Walked], float]:
        board, host = Board(), FakeHost(rate=20, burst=8, latency=latency)
        rounds = []
        for _ in range(2):
            hosts = [Hosts(150, board, clock=now) for _ in range(processes)]
            windows = [one.of("http://split.test").window for one in hosts]
            walks = (walk(window, host, 900 // processes, workers=80) for window in windows)
            rounds.append(await asyncio.gather(*walks))
            for one in hosts:
                await one.close()
            await asyncio.sleep(10)  # what they told of themselves is gone, what is remembered stays
        return rounds[0], rounds[1], board.kept["host:split.test:80"]["rate"]

    first, again, limit = virtual(work)
    assert limit == pytest.approx(20, rel=0.15)
    for walks in (first, again):
        assert 900 / max(one.seconds for one in walks) >= 0.85 * 20
        assert sum(one.steady for one in walks) >= 0.9 * 20
        # Each sees all that the host refused while it walked.
        assert max(one.refused for one in walks) <= 0.01 * processes


def test_what_was_remembered_is_known_before_the_first_request() -> None:
    async def work() -> tuple[float | None, float]:
        board = Board()
        board.kept["host:known.test:80"] = {"rate": 30}
        hosts = Hosts(150, board, clock=now)
        window, began = hosts.of("http://known.test").window, now()
        async with window:
            found = window.rate.limit, now() - began
        await hosts.close()
        return found

    limit, waited = virtual(work)
    assert limit == 30
    assert waited < 0.1


async def test_two_processes_share_a_rate_over_a_real_queue_server(
    process: Process, portal: tuple[str, Portal]
) -> None:
    url, served = portal
    served.behave(rate_limit=40, rate_burst=8)
    clients = [process().client(url=url) for _ in range(2)]
    began = time.monotonic()
    refused = sum(await asyncio.gather(*(walk_portal(one, url, 150) for one in clients)))
    assert 300 / (time.monotonic() - began) >= 0.5 * 40
    assert refused <= 0.08 * 300
    assert served.stats.throttled == refused


async def test_what_one_process_learned_another_knows_at_once(process: Process, portal: tuple[str, Portal]) -> None:
    url, served = portal
    served.behave(rate_limit=40, rate_burst=8)
    first = process()
    for _ in range(6):
        if first.window(url).rate.limit is None:
            await walk_portal(first.client(url=url), url, 120)
    limit = first.window(url).rate.limit
    assert limit == pytest.approx(40, rel=0.2)
    await asyncio.sleep(0.6)
    await first.close()
    later = process().client(url=url)
    refused = await walk_portal(later, url, 80)
    assert refused <= 1
    assert later.window.rate.limit == pytest.approx(limit)


async def test_the_ceiling_is_split_between_processes(process: Process, portal: tuple[str, Portal]) -> None:
    url, served = portal
    served.behave(latency_ms=100)
    clients = [process().client(url=url, max_parallel=10) for _ in range(2)]
    asking = [asyncio.create_task(walk_portal(one, url, 400)) for one in clients]
    await until(lambda: all(one.window.share < 1 for one in clients))
    await asyncio.sleep(0.3)
    served.stats.max_parallel = 0
    await asyncio.sleep(0.5)
    assert served.stats.max_parallel <= 12
    assert all(0.4 <= one.window.share <= 0.6 for one in clients)
    asking[1].cancel()
    await asyncio.wait([asking[1]])
    await until(lambda: clients[0].window.share == 1)
    asking[0].cancel()
    await asyncio.wait(asking)


async def test_trouble_of_one_process_halves_the_windows_of_all(process: Process, portal: tuple[str, Portal]) -> None:
    url, served = portal
    clients = [process().client(url=url) for _ in range(2)]
    served.behave(latency_ms=50)
    asking = [asyncio.create_task(walk_portal(one, url, 100_000)) for one in clients]
    await until(lambda: all(one.window.limit == 75 for one in clients))
    clients[0].window.bad()
    assert clients[0].window.limit <= 38
    await until(lambda: clients[1].window.limit <= 45)
    for task in asking:
        task.cancel()
    await asyncio.wait(asking)


async def test_retry_after_that_one_process_heard_holds_for_all(process: Process) -> None:
    async with RawServer(lambda asked: reply("x") if "fine" in asked.path else BUSY) as server:
        one, two = (process().client(url=server.url) for _ in range(2))
        await two.get(server.url + "/fine")
        await one.get(server.url)
        await until(lambda: two.window.held > 100)
        third = process().client(url=server.url)
        asking = asyncio.create_task(third.get(server.url + "/fine"))
        await until(lambda: third.window.held > 100)
        asking.cancel()
        await asyncio.wait([asking])
        assert len(server.asked) == 2


BUSY = reply("later", 429, {"Retry-After": "200"})


class Away:
    """A queue server that never answers."""

    async def put(self, key: str, value: Mapping[str, Any], *, ttl_seconds: int) -> None:
        await asyncio.Event().wait()

    async def get(self, key: str) -> Mapping[str, Any] | None:
        await asyncio.Event().wait()
        return None

    async def share(
        self, key: str, member: str, value: Mapping[str, Any], *, ttl_seconds: float
    ) -> Mapping[str, Mapping[str, Any]]:
        await asyncio.Event().wait()
        return {}


@pytest.mark.parametrize("hints", [Away(), RedisHints(connect("unix:///nowhere/at-all.sock")), None])
async def test_without_a_queue_server_a_process_goes_on_alone(hints: Hints | None, portal: tuple[str, Portal]) -> None:
    url, _ = portal
    transport = Transport(hints=hints)
    client = transport.client(url=url)
    began = time.monotonic()
    assert await walk_portal(client, url, 200) == 0
    assert time.monotonic() - began < 3
    assert client.window.share == 1
    async with asyncio.timeout(2):
        await transport.close()


@pytest.mark.parametrize(
    "told",
    [{}, {"demand": "x", "pace": None, "limit": -5, "troubles": [], "held": "soon"}, {"demand": 1e400, "held": True}],
)
async def test_nonsense_of_another_process_does_no_harm(
    told: dict[str, Any], process: Process, redis_url: str, portal: tuple[str, Portal]
) -> None:
    url, _ = portal
    client = process().client(url=url)
    redis = connect(redis_url)
    name = f"hosts:{url.removeprefix('http://')}"
    await RedisHints(redis).share(name, "0", told, ttl_seconds=60)
    async with asyncio.timeout(5):
        assert await walk_portal(client, url, 100) == 0
    await redis.aclose()


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(1500):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to pass")
