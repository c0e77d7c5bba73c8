from contextlib import suppress
from typing import Final

from app.context import ProcessContext
from app.core.errors import NotReady
from workers.runtime import task

NOTIFY_TASK: Final = "notify"


@task
async def notify(context: ProcessContext, provider_pk: int) -> None:
    """Tells a provider's webhook of the version that is published now."""
    await context.webhooks.tell(provider_pk)


async def ring(context: ProcessContext, *only: int) -> None:
    """Queues a task for each webhook (of these providers, else of all) that is due; a lost one is due again."""
    for provider_pk in await context.webhooks.due(*only):
        with suppress(NotReady):
            await context.queue.enqueue(NOTIFY_TASK, provider_pk, job_id=f"{NOTIFY_TASK}:{provider_pk}")
