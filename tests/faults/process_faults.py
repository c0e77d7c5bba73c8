"""What happens to our own processes and servers in the middle of a sync, and that the job goes on by itself.

Each case: an undisturbed sync of another provider of the same portal, as what has to come out; then a sync under a
watching client, the fault at a share of its pages, and the measures:

- the job goes on within 45 s of the fault's end: the portal is asked for a page again, or the job is over;
- pages that are asked for twice: at most 3 % of those that were stored before, plus those that were on their way
  (asked for and not yet stored) when the fault struck, plus the first page of each list, which tells
  its length, and lists that are walked only to prove that nothing is hidden in them;
- rows, their order and the published document equal those of the undisturbed sync.
"""

import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from sqlalchemy import text

from app.db.engine import Database
from app.simulator.behaviour import Behaviour
from tests.cli.installation import Process
from tests.faults import truth
from tests.faults.case import SMALL, Case, Outcome, Setting
from tests.faults.client import until
from tests.faults.portal_faults import settled, told
from tests.faults.stage import Stage
from tests.faults.watcher import Watcher
from tests.support.services import run_apart

GOES_ON_SECONDS: Final = 45.0
REFETCHED_SHARE: Final = 0.03
WINDOW: Final = 4  # pages at a time, so that those on their way are few
SLOW: Final = {"latency_ms": 120, "chunk_ms": 60}
QUICK: Final = {"latency_ms": 0, "chunk_ms": 0}
EMBEDDED: Final = Setting(profiles=("stock",), spec=SMALL, behaviour=Behaviour())
APART: Final = replace(EMBEDDED, apart=True, database="postgres")
APART_SQLITE: Final = replace(APART, database="sqlite")
OWN: Final = replace(APART, own_postgres=True)
Strike = Callable[[Stage], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessFault:
    """`strike` does it and answers with the moment (monotonic) of its end; `at` = the share of pages asked for."""

    name: str
    setting: Setting
    strike: Strike
    at: float = 0.5
    away: bool = False  # the server or its database is gone for a moment
    short: bool = False
    attempts: int = field(default=9)

    @property
    def case(self) -> Case:
        database = self.setting.database
        name = f"{self.name} ({database}, {self.setting.profiles[0]}, at {self.at:.0%})"
        return Case(name=name, deserves="completed", setting=self.setting, play=partial(play, self), short=self.short)


def play(fault: ProcessFault, stage: Stage) -> Outcome:
    profile = stage.setting.profiles[0]
    wanted, needed = undisturbed(stage, profile)
    provider = stage.add(profile, maxParallelPages=WINDOW)
    assert stage.api.synced(provider, only="channels")["status"] == "completed"
    with Watcher(stage.url, provider, away=fault.away) as watcher:
        stage.behave(profile, **SLOW)
        begun = stage.pages(profile)
        job_id = stage.api.sync(provider, mode="full")
        until(lambda: stage.pages(profile) - begun >= fault.at * needed, 60, "the walk did not come so far")
        stored = checkpointed(stage, job_id)
        healed = fault.strike(stage)
        asked = stage.pages(profile) - begun
        resumed = goes_on(stage, profile, job_id) - healed
        stage.behave(profile, **QUICK)
        job = stage.api.ended(job_id, 90, away=fault.away)
        again = stage.pages(profile) - begun - needed
    assert job["status"] == "completed", told(job)
    assert resumed <= GOES_ON_SECONDS, f"went on after {resumed:.1f} s"
    lists, proofs = judged(stage, job_id)
    allowed = REFETCHED_SHARE * stored + (asked - stored) + lists + proofs
    assert again <= allowed, f"{again} pages twice, {stored} stored of {asked}, {lists} lists, {proofs} proofs"
    assert not watcher.complaints, watcher.complaints[:3]
    found = stage.rows(provider)
    assert not truth.different(wanted, found), truth.different(wanted, found)
    notes = (
        f"went on after {max(resumed, 0):.1f} s, {again} pages twice ({stored} stored of {asked} asked for), "
        f"attempt {job['attempt']}, {watcher.reads} reads, slowest {watcher.slowest:.2f} s"
    )
    return Outcome(came=told(job), rows_lost=settled(stage, profile, provider), notes=notes)


def undisturbed(stage: Stage, profile: str) -> tuple[truth.Rows, int]:
    """The catalogue as it has to be, and how many pages it takes."""
    provider = stage.add(profile, maxParallelPages=WINDOW)
    assert stage.api.synced(provider, only="channels")["status"] == "completed"
    before = stage.pages(profile)
    job = stage.api.synced(provider, mode="full")
    assert job["status"] == "completed", told(job)
    return stage.rows(provider), stage.pages(profile) - before


def goes_on(stage: Stage, profile: str, job_id: str) -> float:
    """The moment at which the portal is asked again, or the job is over."""
    before = stage.pages(profile)

    def look() -> Any:
        return stage.pages(profile) > before or over(stage, job_id)

    until(look, GOES_ON_SECONDS + 15, f"the job did not go on; {stage.said()}")
    return time.monotonic()


def over(stage: Stage, job_id: str) -> bool:
    return query(stage, "SELECT status FROM sync_job WHERE id = :id", id=job_id) not in ("queued", "running")


def checkpointed(stage: Stage, job_id: str) -> int:
    """How many pages are stored."""
    count = "json_array_length(pages)"
    return int(query(stage, f"SELECT COALESCE(SUM({count}), 0) FROM sync_checkpoint WHERE job_id = :id", id=job_id))


def judged(stage: Stage, job_id: str) -> tuple[int, int]:
    """How many lists a job walked, and pages of those that no other job had to walk: a proof that was begun anew."""
    mine = "SELECT scope FROM sync_checkpoint WHERE job_id = :id"
    others = "SELECT scope FROM sync_checkpoint WHERE job_id <> :id"
    pages = "COALESCE(SUM(json_array_length(pages) + 1), 0)"
    proofs = f"SELECT {pages} FROM sync_checkpoint WHERE job_id = :id AND scope NOT IN ({others})"
    lists = query(stage, f"SELECT COUNT(DISTINCT scope) FROM ({mine}) AS walked", id=job_id)
    return int(lists), int(query(stage, proofs, id=job_id))


def query(stage: Stage, statement: str, **values: Any) -> Any:
    """One value from the database, None while it is away."""

    async def ask() -> Any:
        database = Database(stage.database_url, pool_size=1)
        try:
            async with database.reader() as reader:
                return await reader.scalar(text(statement), values)
        except OSError:
            return None
        finally:
            await database.close()

    return run_apart(ask)


# The faults themselves.


def there(process: Process) -> float:
    """The moment at which a process that was started again does its work: how fast Python starts is no matter here."""
    process.until('"event":"working"')
    return time.monotonic()


def kill_worker(stage: Stage) -> float:
    stage.kill(stage.worker)
    return there(stage.work())


def replace_worker(stage: Stage) -> float:
    old = stage.worker
    there(stage.work())
    assert old.end(signal.SIGTERM, 10) == 0
    return time.monotonic()


def kill_server(stage: Stage) -> float:
    stage.kill(stage.server)
    return there(stage.serve())


def restart_queue(stage: Stage, *, keep: bool) -> float:
    assert stage.queue
    stage.queue.kill()
    time.sleep(2)
    stage.queue.start(keep=keep)
    return time.monotonic()


def kill_embedded_queue(stage: Stage) -> float:
    stage.kill_queue()
    return time.monotonic()


def restart_postgres(stage: Stage, how: signal.Signals, seconds: float) -> float:
    assert stage.postgres
    stage.postgres.end(how)
    time.sleep(seconds)
    stage.postgres.start()
    return time.monotonic()


def suspend(stage: Stage, process: Process) -> None:
    """Suspends a worker at any moment, on SQLite at any but inside of a write.

    A file's lock is the operating system's: who is suspended with it keeps it, and nothing but waking or ending that
    process helps. Postgres has a clock of its own for that.
    """
    for _ in range(100):
        stage.signal(process, signal.SIGSTOP)
        if stage.setting.database == "postgres" or stage.writable():
            return
        stage.signal(process, signal.SIGCONT)
        time.sleep(0.02)
    raise AssertionError("the worker writes all the time")


def stop_worker_for_long(stage: Stage) -> float:
    """A zombie: suspended longer than its lease, another one took over, and it wakes up in the middle of that."""
    zombie = stage.worker
    suspend(stage, zombie)
    stopped = time.monotonic()
    stage.work()
    running = "SELECT attempt FROM sync_job WHERE status = 'running'"
    until(lambda: (query(stage, running) or 0) > 1, GOES_ON_SECONDS, "nobody took over")
    taken = time.monotonic()
    stage.signal(zombie, signal.SIGCONT)
    zombie.until('"event":"lease_lost"', 20)
    assert taken - stopped < GOES_ON_SECONDS
    return taken


def twin(stage: Stage) -> float:
    """The same job rung a second time, as if the queue had lost count: two workers race for it."""
    stage.work()
    job_id = query(stage, "SELECT id FROM sync_job WHERE status = 'running'")
    stage.ring(str(job_id), f"{job_id}-twin")
    return time.monotonic()


def jump(stage: Stage, seconds: int, *, kill: bool) -> float:
    stage.set_clock(seconds)
    moment = time.monotonic()
    if kill:
        time.sleep(1)
        return kill_worker(stage) if stage.setting.apart else kill_server(stage)
    return moment


RANDOM: Final = random.Random(20251121)
SHARES: Final = [RANDOM.uniform(0.02, 0.98) for _ in range(20)]
FAULTS: Final = (
    *(
        ProcessFault(
            name=f"worker SIGKILL {number + 1} of {len(SHARES)}",
            setting=(APART, APART_SQLITE)[number % 2],
            strike=kill_worker,
            at=share,
        )
        for number, share in enumerate(SHARES)
    ),
    ProcessFault(name="worker SIGTERM, a new one in", setting=APART, strike=replace_worker),
    ProcessFault(name="worker SIGTERM, a new one in", setting=APART_SQLITE, strike=replace_worker),
    ProcessFault(name="server SIGKILL, worker inside", setting=EMBEDDED, strike=kill_server, away=True, short=True),
    ProcessFault(name="server SIGKILL, worker inside", setting=EMBEDDED, strike=kill_server, at=0.9, away=True),
    ProcessFault(name="queue SIGKILL, data kept", setting=APART, strike=partial(restart_queue, keep=True)),
    ProcessFault(name="queue SIGKILL, data lost", setting=APART, strike=partial(restart_queue, keep=False), short=True),
    ProcessFault(name="queue SIGKILL, data lost", setting=APART_SQLITE, strike=partial(restart_queue, keep=False)),
    ProcessFault(name="embedded queue SIGKILL", setting=EMBEDDED, strike=kill_embedded_queue),
    ProcessFault(
        name="Postgres restart, fast",
        setting=OWN,
        strike=partial(restart_postgres, how=signal.SIGINT, seconds=1),
        away=True,
    ),
    ProcessFault(
        name="Postgres SIGKILL and restart",
        setting=OWN,
        strike=partial(restart_postgres, how=signal.SIGKILL, seconds=1),
        away=True,
        short=True,
    ),
    ProcessFault(
        name="Postgres away for 40 s",
        setting=OWN,
        strike=partial(restart_postgres, how=signal.SIGINT, seconds=40),
        away=True,
    ),
    ProcessFault(name="zombie worker", setting=APART, strike=stop_worker_for_long),
    ProcessFault(name="zombie worker", setting=APART_SQLITE, strike=stop_worker_for_long, short=True),
    ProcessFault(name="two workers race for a job", setting=APART, strike=twin),
    ProcessFault(name="clock two hours forward", setting=EMBEDDED, strike=partial(jump, seconds=7200, kill=False)),
    ProcessFault(name="clock two hours back", setting=EMBEDDED, strike=partial(jump, seconds=-7200, kill=False)),
    ProcessFault(
        name="clock two hours forward, then server SIGKILL",
        setting=EMBEDDED,
        strike=partial(jump, seconds=7200, kill=True),
        away=True,
    ),
    ProcessFault(
        name="clock two hours back, then server SIGKILL",
        setting=EMBEDDED,
        strike=partial(jump, seconds=-7200, kill=True),
        away=True,
    ),
    ProcessFault(
        name="clock two hours back, then worker SIGKILL", setting=APART, strike=partial(jump, seconds=-7200, kill=True)
    ),
)
CASES: Final = tuple(one.case for one in FAULTS)
