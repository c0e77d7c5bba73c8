import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from sqlalchemy import update
from sqlmodel import col

from app.api import metrics
from app.api.metrics import Shared, exposition
from app.core.clock import now_ms
from app.core.errors import NotReady
from app.db.tables import Provider
from app.queue.arq_queue import ArqQueue
from app.queue.connection import connect
from tests.support.effort import SLACK
from tests.support.server import Served

FAMILY = GaugeMetricFamily("lineup_test_gauge", "A gauge.", value=7)


async def scraped(served: Served) -> str:
    answer = await served.client.get("/metrics")
    assert answer.status_code == 200
    return answer.text


async def test_what_processes_share_is_told(served: Served, xtream: dict[str, object]) -> None:
    provider = await served.json("POST", "/api/providers", 201, json=xtream | {"sync": True})
    await served.json("POST", "/api/providers", 201, json=xtream)
    async with served.context.database.writer() as writer:
        opened = {"breaker_refusals": 3, "breaker_trips": 1, "breaker_until": now_ms() + 30_000}
        await writer.execute(update(Provider).where(col(Provider.id) == provider["id"]).values(**opened))
    text = await scraped(served)
    for line in (
        'lineup_jobs_live{status="queued"} 1.0',
        'lineup_jobs_live{status="running"} 0.0',
        "lineup_queue_depth 1.0",
        "lineup_workers_alive 0.0",
        f'lineup_breaker_state{{provider="{provider["id"]}"}} 2.0',
    ):
        assert line in text
    assert text.count("lineup_breaker_state{") == 2
    assert "lineup_database_bytes" in text
    assert "process_resident_memory_bytes" in text


async def test_a_queue_that_is_away_is_left_out_and_the_rest_stands(served: Served) -> None:
    redis = connect("redis://127.0.0.1:9")
    served.app.state.shared = metrics.shared(replace(served.context, queue=ArqQueue(redis)))
    text = await scraped(served)
    assert "lineup_queue_depth" not in text
    assert "lineup_jobs_live{" in text
    assert "lineup_jobs_total{" in text
    await redis.aclose()


async def test_many_scrapers_cost_one_look() -> None:
    looks = 0

    async def source() -> Sequence[Metric]:
        nonlocal looks
        looks += 1
        await asyncio.sleep(0)
        return [FAMILY]

    shared = Shared([source])
    found = await asyncio.gather(*(shared.measured() for _ in range(10)))
    assert looks == 1
    assert all(b"lineup_test_gauge 7.0" in exposition(one) for one in found)


async def test_a_source_that_hangs_costs_bounded_time_and_is_asked_no_second_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(metrics, "SOURCE_SECONDS", 0.05)
    monkeypatch.setattr(metrics, "FRESH_SECONDS", 0.0)
    answered, asked = asyncio.Event(), 0

    async def hanging() -> Sequence[Metric]:
        nonlocal asked
        asked += 1
        await answered.wait()
        return [FAMILY]

    async def away() -> Sequence[Metric]:
        raise NotReady("The queue cannot be reached.")

    shared = Shared([hanging, away])
    began = time.monotonic()
    assert list(await shared.measured()) == []
    assert list(await shared.measured()) == []
    assert time.monotonic() - began < 1 * SLACK
    answered.set()
    assert list(await shared.measured()) == [FAMILY]
    assert asked == 1
