"""Disks that are full, portals that are away, queues that lost count: what has a story of its own."""

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from tests.cli.installation import Process
from tests.faults import truth
from tests.faults.case import COMPLETED, FAILED, HELD, Case, Outcome, Setting
from tests.faults.client import until
from tests.faults.portal_faults import check, settled, told
from tests.faults.process_faults import APART, EMBEDDED, GOES_ON_SECONDS, SLOW, there
from tests.faults.stage import Stage
from tests.faults.watcher import Watcher

PACK_BYTES: Final = 40_000  # less than a snapshot of the catalogue
ROOM_BYTES: Final = 64 * 1024


@contextmanager
def no_room(process: Process, limit: int) -> Iterator[None]:
    """A process whose files may not grow beyond `limit`: the kernel refuses a write as it does on a full disk.

    A small file system would need rights that a test run does not have everywhere.
    """
    before = resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, before)


def full_on_publish(stage: Stage) -> Outcome:
    provider = stage.add("stock")
    check(stage.api.synced(provider, only="channels"), COMPLETED, "")
    shown = stage.api.snapshot(provider)["version"]
    with Watcher(stage.url, provider) as watcher:
        with no_room(stage.worker, PACK_BYTES):
            job = stage.api.synced(provider, mode="full")
            check(job, FAILED, "(?i)snapshot|stored|room|space|disk")
            assert stage.api.snapshot(provider)["version"] == shown
        later = stage.api.synced(provider, mode="full")
        check(later, COMPLETED, "")
    assert not watcher.complaints, watcher.complaints[:3]
    assert later["version"] != shown
    return Outcome(came=told(job), rows_lost=settled(stage, "stock", provider))


def full_database(stage: Stage) -> Outcome:
    provider = stage.add("stock")
    check(stage.api.synced(provider, only="channels"), COMPLETED, "")
    files = [stage.installation.data / f"lineup.db{end}" for end in ("", "-wal")]
    limit = max(file.stat().st_size for file in files if file.exists()) + ROOM_BYTES
    with Watcher(stage.url, provider, away=True) as watcher:
        with no_room(stage.server, limit):
            job_id = stage.api.sync(provider, mode="full")
            stage.server.until("cannot be used", 30)
            time.sleep(3)
        freed = time.monotonic()
        job = stage.api.ended(job_id, GOES_ON_SECONDS + 30, away=True)
        took = time.monotonic() - freed
    check(job, COMPLETED, "")
    assert took < GOES_ON_SECONDS, f"{took:.1f} s"
    assert not watcher.complaints, watcher.complaints[:3]
    return Outcome(came=told(job), rows_lost=settled(stage, "stock", provider), notes=f"done {took:.1f} s after")


def portal_down(stage: Stage) -> Outcome:
    provider = stage.add("stock")
    check(stage.api.synced(provider, mode="full"), COMPLETED, "")
    before = stage.rows(provider)
    stage.portal.stop()
    job = stage.api.synced(provider, mode="full")
    check(job, FAILED, "(?i)refuse|reach|answer")
    kept = stage.rows(provider)
    stage.raise_portal()
    check(stage.api.synced(provider, mode="full"), COMPLETED, "")
    lost = truth.wiped(before, kept, stage.offered("stock")) + settled(stage, "stock", provider)
    return Outcome(came=told(job), rows_lost=lost)


def portal_restarted(seconds: float, stage: Stage) -> Outcome:
    provider = stage.add("stock", maxParallelPages=4)
    check(stage.api.synced(provider, only="channels"), COMPLETED, "")
    before = stage.rows(provider)
    stage.behave("stock", **SLOW)
    begun = stage.pages("stock")
    job_id = stage.api.sync(provider, mode="full")
    until(lambda: stage.pages("stock") - begun > 30, 30, "the walk did not begin")
    stage.portal.stop()
    time.sleep(seconds)
    stage.raise_portal()
    job = stage.api.ended(job_id, 90)
    check(job, COMPLETED | HELD, "")
    lost = truth.wiped(before, stage.rows(provider), stage.offered("stock"))
    check(stage.api.synced(provider, mode="full"), COMPLETED, "")
    return Outcome(came=told(job), rows_lost=lost + settled(stage, "stock", provider))


def forgotten(stage: Stage) -> Outcome:
    """A job that waits, a queue that lost it, and the mark of a run that never was left in its place."""
    provider = stage.add("stock")
    stage.kill(stage.worker)
    job_id = stage.api.sync(provider, mode="full")
    assert stage.queue
    stage.queue.kill()
    stage.queue.start(keep=False)
    stage.mark_running(job_id)
    began = there(stage.work())
    job = stage.api.ended(job_id, GOES_ON_SECONDS)
    took = time.monotonic() - began
    check(job, COMPLETED, "")
    return Outcome(came=told(job), rows_lost=settled(stage, "stock", provider), notes=f"done after {took:.1f} s")


def _case(name: str, deserves: str, setting: Setting, play: object, *, short: bool = False) -> Case:
    assert callable(play)
    return Case(name=f"{name} ({setting.database})", deserves=deserves, setting=setting, play=play, short=short)


HELD_OR_DONE: Final = "completed or failed or partial"
CASES: Final = (
    _case("disk full on publish", "failed, then published", APART, full_on_publish, short=True),
    _case("disk full for the database", "completed when there is room", EMBEDDED, full_database, short=True),
    _case("portal down at the start", "failed", EMBEDDED, portal_down),
    _case("portal restarted midway, at once", HELD_OR_DONE, EMBEDDED, partial(portal_restarted, 0.0)),
    _case("portal away for 8 s midway", HELD_OR_DONE, EMBEDDED, partial(portal_restarted, 8.0)),
    _case("queue lost a waiting job, and says it runs", "completed", APART, forgotten, short=True),
)
