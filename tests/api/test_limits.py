"""Too many requests of one address, of one key."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from app.api.callers import address_of
from app.config import Settings
from app.domain.access import KeyScope
from tests.support.server import Served, serving


@asynccontextmanager
async def limited(settings: Settings, **limits: Any) -> AsyncIterator[Served]:
    async with serving(settings.model_copy(update=limits)) as found:
        yield found


async def statuses(served: Served, times: int, headers: Mapping[str, str] | None = None) -> list[int]:
    return [(await served.client.get("/api/jobs", headers=headers)).status_code for _ in range(times)]


async def test_an_address_is_told_when_to_come_back(settings: Settings) -> None:
    async with limited(settings, rate_per_address=3) as served:
        assert await statuses(served, 4) == [200, 200, 200, 429]
        answer = await served.client.get("/api/jobs")
        assert answer.json()["code"] == "rate_limited"
        assert 1 <= int(answer.headers["retry-after"]) <= 20
        assert (await served.client.get("/health")).status_code == 200
        elsewhere = httpx.ASGITransport(served.app, client=("192.0.2.7", 1))
        async with httpx.AsyncClient(transport=elsewhere, base_url="http://lineup.test") as other:
            assert (await other.get("/api/jobs")).status_code == 200


async def test_beyond_the_limit_a_right_guess_looks_like_a_wrong_one(settings: Settings) -> None:
    async with limited(settings, rate_per_address=2, api_keys=("fake-key-to-guess",)) as served:
        wrong, right = {"X-API-Key": "fake-guess"}, {"X-API-Key": "fake-key-to-guess"}
        assert await statuses(served, 3, wrong) == [401, 401, 429]
        assert await statuses(served, 1, right) == [429]


async def test_each_key_has_a_limit_of_its_own(settings: Settings) -> None:
    async with limited(settings, rate_per_key=2, api_keys=("fake-key-one", "fake-key-two")) as served:
        _, word = await served.context.access.keys.create("three", KeyScope.READ)
        for key in ("fake-key-one", "fake-key-two", word):
            assert await statuses(served, 3, {"Authorization": f"Bearer {key}"}) == [200, 200, 429]


async def test_two_processes_share_a_limit(settings: Settings) -> None:
    async with limited(settings, rate_per_address=4) as one, limited(settings, rate_per_address=4) as other:
        assert await statuses(one, 2) + await statuses(other, 3) == [200, 200, 200, 200, 429]
        assert await statuses(one, 1) == [429]


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("", "unknown"),
        ("testclient", "unknown"),
    ],
)
def test_an_address_is_counted_as_whoever_has_it(host: str, counted: str) -> None:
    assert address_of({"type": "http", "client": (host, 1)}) == counted


def test_a_unix_socket_has_no_address() -> None:
    assert address_of({"type": "http", "client": None}) == "unknown"
