"""How the library's worker is set up."""

from datetime import UTC
from typing import Final

from arq.connections import ArqRedis
from arq.worker import Worker, func

from app.context import ProcessContext
from app.core.ids import new_id
from app.jobs.requests import SYNC_TASK
from app.queue.arq_queue import HEALTH_PREFIX
from app.queue.connection import QUEUE_NAME
from workers.schedule import CRON_JOBS
from workers.tasks.notify import NOTIFY_TASK, notify
from workers.tasks.sync import sync

MAX_JOBS: Final = 10
# A catalogue of millions of pages takes hours; what watches over a job is its lease.
JOB_SECONDS: Final = 24 * 3600
# The library counts waiting for a lease as a try. The database counts attempts, and stops them.
MAX_TRIES: Final = 100_000
NOTIFY_SECONDS: Final = 60  # a receiver has ten; the rest is for the database
POLL_SECONDS: Final = 0.2
HEALTH_SECONDS: Final = 15


def build_worker(context: ProcessContext, pool: ArqRedis) -> Worker:
    """A worker on a pool of its own; to be called inside the loop that will run it."""
    return Worker(
        functions=[func(sync, name=SYNC_TASK), func(notify, name=NOTIFY_TASK, timeout=NOTIFY_SECONDS)],
        cron_jobs=CRON_JOBS,
        redis_pool=pool,
        queue_name=QUEUE_NAME,
        ctx={"context": context},
        handle_signals=False,
        max_jobs=MAX_JOBS,
        job_timeout=JOB_SECONDS,
        max_tries=MAX_TRIES,
        keep_result=0,
        poll_delay=POLL_SECONDS,
        health_check_interval=HEALTH_SECONDS,
        health_check_key=f"{HEALTH_PREFIX}{new_id()}",
        job_serializer=pool.job_serializer,
        job_deserializer=pool.job_deserializer,
        timezone=UTC,
        log_results=False,
    )
