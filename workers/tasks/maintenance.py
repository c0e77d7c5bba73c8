from app.context import ProcessContext
from app.db import upkeep
from app.jobs.pruning import any_live, prune
from workers.runtime import task


@task
async def tidy(context: ProcessContext) -> None:
    """Removes what nobody will ask for again."""
    await prune(context.database, days=context.settings.history_days)
    await context.access.audit.prune(days=context.settings.history_days)
    await context.publisher.tidy()
    await context.guides.tidy()
    quiet = not await any_live(context.database)
    await upkeep.keep_in_shape(context.settings.resolved_database_url, quiet=quiet)
