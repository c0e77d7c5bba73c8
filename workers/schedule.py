"""What happens by itself: one tick that asks what is due, and a nightly tidying."""

from typing import Final

from arq.cron import CronJob, cron

from workers.tasks.due import tick
from workers.tasks.maintenance import tidy

# Lost jobs are found when their lease of 20 s ran out; with this they run again within 30 s.
TICK_SECONDS: Final = frozenset(range(0, 60, 5))
# A worker that was stalled must not do the same tick again: its result stays until no worker asks for it.
KEEP_SECONDS: Final = 120

CRON_JOBS: Final[list[CronJob]] = [
    cron(tick, name="tick", second=set(TICK_SECONDS), keep_result=KEEP_SECONDS, timeout=60, run_at_startup=True),
    cron(tidy, name="tidy", hour=3, minute=17, keep_result=KEEP_SECONDS, timeout=3600),
]
