from app.context import ProcessContext
from app.jobs.reaper import Reaper
from app.registry.due import start_due
from workers.runtime import task
from workers.tasks.notify import ring


@task
async def tick(context: ProcessContext) -> None:
    """Queues again what was lost, then starts and tells what is due."""
    await Reaper(context.database, context.queue).tick()
    await start_due(context.database, context.jobs)
    await context.guides.start_due(context.jobs)
    await ring(context)
