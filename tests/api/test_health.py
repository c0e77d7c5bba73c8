import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import event

from app.config import Settings
from tests.support.server import Served, serving
from workers.lifecycle import embedded_worker


@pytest.fixture
async def whole(settings: Settings) -> AsyncIterator[Served]:
    async with serving(settings, background=embedded_worker) as found:
        yield found


async def test_a_process_that_answers_is_healthy(served: Served) -> None:
    assert await served.json("GET", "/health") == {"status": "ok"}


async def test_a_whole_installation_is_ready(whole: Served) -> None:
    for _ in range(100):
        answer = await whole.client.get("/health/ready")
        if answer.status_code == 200:
            break
        await asyncio.sleep(0.1)  # a worker reports when it has started
    assert answer.json() == {
        "status": "ok",
        "checks": {"database": "ok", "queue": "ok", "worker": "ok", "schema": "ok"},
    }


async def test_a_missing_worker_is_named(served: Served) -> None:
    problem = await served.json("GET", "/health/ready", 503)
    assert problem["code"] == "not_ready"
    assert problem["checks"] | {"worker": None} == {"database": "ok", "queue": "ok", "worker": None, "schema": "ok"}
    assert problem["checks"]["worker"] != "ok"


async def test_a_database_that_went_away_is_named_without_its_address(served: Served) -> None:
    await served.context.database.close()
    event.listen(served.context.database._readers.sync_engine, "do_connect", _refuse)
    problem = await served.json("GET", "/health/ready", 503)
    assert problem["checks"]["database"].startswith("unreachable")
    assert problem["checks"]["schema"].startswith("unreachable")


async def test_requests_are_measured_by_route_and_not_by_path(served: Served) -> None:
    await served.client.get("/api/providers/some-very-special-id/movies")
    await served.client.get("/nobody/knows/this")
    text = (await served.client.get("/metrics")).text
    assert 'route="/api/providers/{provider_id}/movies"' in text
    assert 'route="unmatched"' in text
    assert "some-very-special-id" not in text
    assert "nobody/knows" not in text
    assert 'lineup_http_request_seconds_bucket{le="0.001"' in text


def _refuse(*_args: object) -> None:
    raise OSError("connection refused: postgresql://user:fake-word@host")
