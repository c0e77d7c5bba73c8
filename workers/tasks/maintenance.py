from app.context import ProcessContext
from app.jobs.pruning import prune
from workers.runtime import task


@task
async def tidy(context: ProcessContext) -> None:
    """Removes what nobody will ask for again."""
    await prune(context.database, days=context.settings.history_days)
    await context.access.audit.prune(days=context.settings.history_days)
    await context.publisher.tidy()
    await context.guides.tidy()
