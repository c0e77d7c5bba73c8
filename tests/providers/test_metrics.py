import time
from collections.abc import AsyncIterator

import pytest
from prometheus_client import REGISTRY

from app.core.errors import Unavailable
from app.providers.host import Host
from app.providers.retry import retrying
from app.providers.transport import Transport
from tests.providers.raw_server import Asked, RawServer, reply

SECRET = "s3cret-word"
ANSWERS = {
    "/whole": reply("x"),
    "/empty": reply(""),
    "/refused": reply("busy", 429),
    "/other": reply("gone", 404),
    "/failed": None,
}


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    made = Transport()
    yield made
    await made.close()


def answer(asked: Asked) -> bytes | None:
    return ANSWERS[asked.path]


async def test_requests_are_counted_by_what_became_of_them_and_by_host_alone(transport: Transport) -> None:
    async with RawServer(answer) as server:
        asking = transport.client(url=f"{server.url}/{SECRET}")
        host = {"host": f"127.0.0.1:{server.port}"}
        before = {path: _counted(host, path) for path in ANSWERS}  # the port may have been another server's
        refused, timed = _sample("refusals_total", host), _sample("request_seconds_count", host)
        for path in ANSWERS:
            try:
                await asking.get(server.url + path, params={"password": SECRET})
            except Unavailable:
                assert path == "/failed"
        for path in ANSWERS:
            assert _counted(host, path) == before[path] + 1, path
        assert _sample("refusals_total", host) == refused + 1
        assert _sample("request_seconds_count", host) == timed + 4
        assert REGISTRY.get_sample_value("lineup_provider_window_limit", host) == asking.window.limit
        assert REGISTRY.get_sample_value("lineup_provider_window_active", host) == 0
        assert REGISTRY.get_sample_value("lineup_provider_pace", host) == 0
    labels = [sample.labels for metric in REGISTRY.collect() for sample in metric.samples]
    assert SECRET not in str(labels)


def _counted(host: dict[str, str], path: str) -> float:
    return _sample("requests_total", {**host, "outcome": path[1:]})


def _sample(name: str, labels: dict[str, str]) -> float:
    return REGISTRY.get_sample_value(f"lineup_provider_{name}", labels) or 0.0


async def test_retries_are_counted() -> None:
    async def down() -> None:
        raise Unavailable("again")

    before = REGISTRY.get_sample_value("lineup_provider_retries_total") or 0.0
    with pytest.raises(Unavailable):
        await retrying(down, attempts=2, base_seconds=0)
    assert REGISTRY.get_sample_value("lineup_provider_retries_total") == before + 2


def test_counting_a_request_costs_microseconds() -> None:
    host = Host("bench.test:80", "me", 150)
    rounds = 5_000
    fastest = min(_timed(host, rounds) for _ in range(5))
    # Window and metrics together; ten times what a quiet machine needs.
    assert fastest / rounds < 50e-6


def _timed(host: Host, rounds: int) -> float:
    began = time.perf_counter()
    for _ in range(rounds):
        host.answered(200, {}, 0.0, 0.004)
    return time.perf_counter() - began
