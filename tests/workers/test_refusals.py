from collections.abc import Iterator

import pytest
from sqlalchemy import update

from app.context import ProcessContext
from app.core.clock import now_ms
from app.db.tables import metadata
from app.domain.kinds import JobStatus, SyncMode
from app.simulator.behaviour import Account, Behaviour
from app.simulator.process import PortalProcess
from tests.workers.conftest import SPEC, Workers, add_stalker, add_xtream, until

PROVIDER = metadata.tables["provider"]
BANNED = {"do": "body", "body": "", "status": 403}
LIVE = (JobStatus.COMPLETED, JobStatus.PARTIAL, JobStatus.FAILED)


@pytest.fixture(params=["xtream", "stock"])
def portal(request: pytest.FixtureRequest) -> Iterator[PortalProcess]:
    accounts = (Account(username="demo", password="demo"),) if request.param == "xtream" else ()
    with PortalProcess([request.param], SPEC, Behaviour(accounts=accounts)) as found:
        found.kind = request.param  # type: ignore[attr-defined]
        yield found


async def test_a_ban_is_heeded_across_processes_and_over_when_the_portal_lets_in_again(
    context: ProcessContext, workers: Workers, portal: PortalProcess
) -> None:
    add = add_xtream if portal.kind == "xtream" else add_stalker  # type: ignore[attr-defined]
    pk = await add(context, portal.url)
    workers.start()
    portal.behave(faults=[BANNED])

    async def sync() -> tuple[JobStatus, str]:
        started = await context.jobs.start(pk, mode=SyncMode.FULL, only=frozenset({"channels"}))
        job = await until(context, started.job_id, *LIVE)
        return job.status, " ".join(job.errors)

    for _ in range(3):
        status, said = await sync()
        assert status is JobStatus.FAILED
        assert "403" in said
    health = (await context.registry.list())[0].health
    assert health.breaker == "open"
    assert health.last_error is not None
    assert "403" in health.last_error
    calls = portal.stats()["calls"]
    status, said = await sync()
    assert status is JobStatus.FAILED
    assert said.startswith("The provider is left alone until ")
    assert "403" in said
    assert portal.stats()["calls"] == calls
    portal.behave(faults=[])
    async with context.database.writer() as writer:
        await writer.execute(update(PROVIDER).values(breaker_until=now_ms() - 1))
    assert (await sync())[0] is JobStatus.COMPLETED
    view = (await context.registry.list())[0]
    assert (view.health.breaker, view.health.last_error) == ("closed", None)
    assert view.account.status == "active"
