"""Cancellation: obeyed within 2 s wherever a job is, what was stored stays, and a later job goes on."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from tests.faults.case import CANCELLED, COMPLETED, SMALL, Case, Outcome, Setting
from tests.faults.client import until
from tests.faults.portal_faults import CALM, check, fault, settled, told
from tests.faults.process_faults import APART, there
from tests.faults.stage import Stage

OBEYED_SECONDS: Final = 2.0
LOST_SECONDS: Final = 45.0  # when the worker is lost as well
TURNS: Final = 8
GROUND: Final = Setting(ground="cancels", profiles=("stock", "xtream"), spec=SMALL)
RANDOM: Final = random.Random(7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Where a job is when it is cancelled; `quick` jobs may be over before they hear of it."""

    name: str
    profile: str = "stock"
    switches: Mapping[str, Any] = field(default_factory=dict)
    ground: str = "cancels"
    calls: int = 1  # to the portal, before it is cancelled
    quick: bool = False
    short: bool = False

    @property
    def case(self) -> Case:
        deserves = "cancelled within 2 s" + (", or completed" if self.quick else "")
        play = partial(in_the_middle, self)
        setting = replace(GROUND, ground=self.ground)
        return Case(name=f"cancel {self.name}", deserves=deserves, setting=setting, play=play, short=self.short)


def in_the_middle(moment: Moment, stage: Stage) -> Outcome:
    provider = stage.add(moment.profile)
    waits = []
    for _ in range(TURNS):
        stage.behave(moment.profile, **{**CALM, **moment.switches})
        before = stage.portal.stats(moment.profile)["calls"]
        job_id = stage.api.sync(provider, mode="full")
        until(partial(begun, stage, moment, before, job_id), 30, "the sync did not begin")
        time.sleep(RANDOM.uniform(0, 0.6))
        asked = datetime.now(UTC)
        if moment.quick and stage.api.job(job_id)["status"] == "completed":
            continue
        stage.api.http.post(f"/api/providers/{provider}/sync/cancel")
        job = stage.api.ended(job_id, 20)
        # From the request to the end that the job tells: a tester that comes late to look says nothing of the job.
        waits.append((datetime.fromisoformat(job["completedAt"]) - asked).total_seconds())
        check(job, (CANCELLED | COMPLETED) if moment.quick else CANCELLED, "")
    kept = stage.rows(provider)
    stage.behave(moment.profile, **CALM)
    later = stage.api.synced(provider, mode="full")
    assert later["status"] == "completed", told(later)
    unchanged = sum(step["unchanged"] for step in later["steps"] if not step["name"].endswith("categories"))
    stored = sum(len(rows) for rows in kept.values())
    assert unchanged >= stored * 0.99, f"{stored} rows were stored, {unchanged} of them are found unchanged"
    slowest = max(waits, default=0)
    assert slowest <= OBEYED_SECONDS, f"{slowest:.2f} s"
    notes = f"{len(waits)} cancelled, p99 = slowest {slowest:.2f} s, mean {sum(waits) / max(1, len(waits)):.2f} s"
    return Outcome(came="cancelled", rows_lost=settled(stage, moment.profile, provider), notes=notes)


def begun(stage: Stage, moment: Moment, before: int, job_id: str) -> bool:
    called = stage.portal.stats(moment.profile)["calls"] - before
    return bool(called >= moment.calls and stage.api.job(job_id)["status"] != "queued")


def queued(stage: Stage) -> Outcome:
    """No worker lives: a job that waits is cancelled on the spot."""
    provider = stage.add("stock")
    stage.kill(stage.worker)
    job_id = stage.api.sync(provider)
    asked = time.monotonic()
    stage.api.cancel(provider)
    job = stage.api.job(job_id)
    took = time.monotonic() - asked
    check(job, CANCELLED, "")
    assert took < 1, f"{took:.2f} s"
    there(stage.work())
    later = stage.api.synced(provider, mode="full")
    check(later, COMPLETED, "")
    return Outcome(came=job["status"], rows_lost=settled(stage, "stock", provider), notes=f"after {took:.2f} s")


def lost(stage: Stage) -> Outcome:
    """The worker was killed in the middle, and nobody came after it."""
    provider = stage.add("stock", maxParallelPages=4)
    stage.behave("stock", latency_ms=100)
    job_id = stage.api.sync(provider, mode="full")
    until(lambda: stage.pages("stock") > 30, 30, "the sync did not begin")
    stage.kill(stage.worker)
    asked = time.monotonic()
    stage.api.cancel(provider)
    job = stage.api.ended(job_id, LOST_SECONDS)
    took = time.monotonic() - asked
    check(job, CANCELLED, "")
    stage.behave("stock", **CALM)
    there(stage.work())
    check(stage.api.synced(provider, mode="full"), COMPLETED, "")
    return Outcome(came=job["status"], rows_lost=settled(stage, "stock", provider), notes=f"after {took:.1f} s")


MOMENTS: Final = (
    Moment(name="in the middle of slow pages", switches={"latency_ms": 5_000}, calls=3),
    # The host's wish counts for the jobs that follow too: a ground of its own.
    Moment(
        name="in a back-off",
        ground="back-off",
        switches={"rate_429": 1, "retry_after": 20},
        calls=0,
        short=True,
    ),
    Moment(name="in a login", switches={"faults": [fault("slow", action="handshake", delay_ms=20_000)]}),
    Moment(name="in a stalled body", switches={"faults": [fault("stall", after=5, delay_ms=20_000)]}, calls=7),
    Moment(name="in a bulk list", profile="xtream", switches={"chunk_ms": 400}, calls=4, short=True),
    Moment(name="in a transaction or a publish", calls=20, quick=True),
    Moment(name="in a transaction or a publish of bulk lists", profile="xtream", calls=4, quick=True),
)


def _single(name: str, deserves: str, play: Callable[[Stage], Outcome], *, short: bool) -> Case:
    return Case(name=name, deserves=deserves, setting=APART, play=play, short=short)


CASES: Final = (
    *(one.case for one in MOMENTS),
    _single("cancel of a queued job while no worker lives", "cancelled at once", queued, short=True),
    _single("cancel of a running job whose worker is lost", "cancelled within 45 s", lost, short=False),
)
