from app.context import ProcessContext
from app.jobs.pruning import prune
from app.snapshots.retention import sweep
from workers.runtime import task


@task
async def tidy(context: ProcessContext) -> None:
    """Removes what nobody will ask for again."""
    await prune(context.database, days=context.settings.history_days)
    await sweep(context.database, context.artifacts)
