from app.context import ProcessContext
from app.domain.outcomes import job_outcome
from app.jobs.run import Run
from app.jobs.tracker import JobTracker
from app.providers.base import Provider, ProviderAccount
from app.sync.pipeline import SyncPipeline
from workers.runtime import task
from workers.tasks.notify import ring


@task
async def sync(context: ProcessContext, job_id: str) -> None:
    """Syncs one provider, publishing whenever a step changed something; its guides and then its tables come last."""
    version = None
    async with Run(context.database, context.hints, job_id) as job:
        account = await context.registry.account(job.provider_pk)
        guided = await context.guides.plan(job)
        mirrored = await context.mirror.tables.plan(job, account)
        async with context.open_provider(account) as provider:
            async for step in _pipeline(context, provider, account, job).run():
                if step.changed:
                    version = await _publish(context, job) or version
            if await context.tags.processing.settle(job.provider_pk, job.fence, job.job_id):
                version = await _publish(context, job) or version
            if guided:
                await context.guides.refresh(job, provider, account)
            if mirrored:
                await context.mirror.tables.refresh(job, account)
            await job.located(provider.endpoint)
        outcome = job_outcome({step.name: step.status for step in job.steps})
        await job.finish(outcome, errors=job.errors, version=version)


async def _publish(context: ProcessContext, job: JobTracker) -> str | None:
    version = await context.publisher.publish(job.provider_pk, job.fence)
    await ring(context, job.provider_pk)
    return version


def _pipeline(context: ProcessContext, provider: Provider, account: ProviderAccount, job: JobTracker) -> SyncPipeline:
    return SyncPipeline(
        database=context.database, provider=provider, provider_pk=job.provider_pk, provider_id=account.id, job=job
    )
