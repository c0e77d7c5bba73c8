"""The refresh of a guide, in a process that holds nothing else: what it takes is what is measured."""

from typing import Any

from app.core.memory import calm_collector
from app.db.engine import Database
from app.domain.kinds import ProviderKind, StepName, StepStatus
from app.domain.outcomes import job_outcome
from app.epg.guides import Guides
from app.epg.refresh import Window
from app.jobs.run import Run
from app.providers.base import ProviderAccount
from app.providers.registry import open_provider
from app.providers.transport import Transport
from app.registry.secrets import Secrets
from bench.measure import Clock


async def refresh(clock: Clock, arguments: dict[str, Any]) -> dict[str, Any]:
    """One job of only the guides: from the question for the file until all of it is shown and matched."""
    database, transport = Database(arguments["database"]), Transport()
    window = Window(past_days=1, future_days=8)
    guides = Guides(database, transport, Secrets(["not-a-real-key"]), window=window, default_hours=12)
    login = {"username": "fake-user", "password": "fake-word"}
    account = ProviderAccount(
        id="bench", name="bench", kind=ProviderKind.XTREAM, url=arguments["url"], credentials=login, options={}
    )
    calm_collector()  # as every worker does
    with clock:
        async with open_provider(account, transport) as provider, Run(database, None, arguments["job"]) as job:
            await guides.plan(job)
            await guides.refresh(job, provider, account)
            (step,) = job.steps
            await job.finish(job_outcome({StepName.EPG: step.status}), errors=job.errors, version=None)
    assert step.status is StepStatus.COMPLETED, step
    await transport.close()
    await database.close()
    return {"programmes": step.added}
