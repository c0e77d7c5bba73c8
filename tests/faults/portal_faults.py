"""What portals do to a sync: a table of switches, each with the outcome it deserves.

Each case: an undisturbed sync, the fault during a full sync of the next version, then an undisturbed one that has to
equal the portal exactly. In between nothing that the portal still offers may be gone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from tests.faults import truth
from tests.faults.case import COMPLETED, FAILED, HELD, Case, Outcome, Setting
from tests.faults.stage import Stage

GROUND: Final = Setting(ground="portals", profiles=("stock", "panel", "xtream"))
CALM: Final[Mapping[str, Any]] = {
    "latency_ms": 0,
    "jitter_ms": 0,
    "chunk_ms": 0,
    "rate_429": None,
    "retry_after": None,
    "burst_5xx": 0,
    "reset_every": None,
    "truncate_every": None,
    "html_every": None,
    "empty_every": None,
    "lose_session_after": None,
    "faults": [],
    "shift_every": None,
    "shift": "both",
    "mute_kind": None,
    "mute_with": "500",
    "shrink_to": 1.0,
    "no_categories": False,
    "accounts": [],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalFault:
    """`says` is looked for in the job's errors; `before` faults are there from the first sync on."""

    name: str
    deserves: frozenset[str]
    profile: str = "stock"
    switches: Mapping[str, Any] = field(default_factory=dict)
    says: str = ""
    short: bool = False

    @property
    def case(self) -> Case:
        deserves = " or ".join(sorted(self.deserves))
        name = f"{self.profile}: {self.name}"
        return Case(name=name, deserves=deserves, setting=GROUND, play=partial(play, self), short=self.short)


def play(fault: PortalFault, stage: Stage) -> Outcome:
    stage.behave(fault.profile, **CALM)
    stage.portal.set_version(1, fault.profile)
    provider = stage.add(fault.profile)
    first = stage.api.synced(provider, mode="full")
    assert first["status"] == "completed", first["errors"]
    before = stage.rows(provider)
    stage.portal.set_version(2, fault.profile)
    offered = stage.offered(fault.profile)
    stage.behave(fault.profile, **fault.switches)
    job = stage.api.synced(provider, 180, mode="full")
    rows, still = stage.rows(provider), stage.offered(fault.profile)
    stage.behave(fault.profile, **CALM)
    check(job, fault.deserves, fault.says)
    lost = truth.wiped(before, rows, offered)
    if job["status"] == "completed":  # then all that was offered from the walk's begin to its end is there
        lost += truth.missing(rows, {kind: offered[kind] & still[kind] for kind in offered})
    last = stage.api.synced(provider, mode="full")
    assert last["status"] in COMPLETED, last["errors"]
    return Outcome(came=told(job), rows_lost=lost + settled(stage, fault.profile, provider))


def check(job: Mapping[str, Any], deserves: frozenset[str], says: str) -> None:
    """The status that is deserved, and errors that are sentences."""
    assert job["status"] in deserves, told(job)
    assert job["status"] in ("completed", "cancelled") or job["errors"], "no error was told"
    for sentence in job["errors"]:
        assert re.search(r"[.\w)]$", sentence), f"no sentence: {sentence!r}"
        assert "demo" not in sentence, f"a secret was told: {sentence!r}"
    assert re.search(says, " ".join(job["errors"])), f"{says!r} was not said: {job['errors']}"


def settled(stage: Stage, profile: str, provider: str) -> int:
    """After an undisturbed sync: rows that are lost; what is there beyond the portal's offer fails the case."""
    rows, offered = stage.rows(provider), stage.offered(profile)
    extra = truth.surplus(rows, offered)
    assert not extra, f"{extra} rows are active that the portal no longer offers"
    return truth.missing(rows, offered) + truth.unpublished(stage.api.snapshot(provider), rows)


def told(job: Mapping[str, Any]) -> str:
    return " ".join([job["status"], *job["errors"]])


def fault(do: str, **more: Any) -> dict[str, Any]:
    """One fault of the simulator, for `faults=[…]`."""
    return {"do": do, **more}


PAGES: Final = {"action": "get_ordered_list", "type": "vod"}
FAULTS: Final = (
    PortalFault(name="latency with jitter", deserves=COMPLETED, switches={"latency_ms": 20, "jitter_ms": 200}),
    PortalFault(name="a 429 storm", deserves=COMPLETED, switches={"rate_429": 3}, short=True),
    PortalFault(name="429 with Retry-After", deserves=COMPLETED, switches={"rate_429": 8, "retry_after": 1}),
    PortalFault(name="a burst of 40 times 503", deserves=COMPLETED | HELD, switches={"burst_5xx": 40}),
    PortalFault(name="every fourth connection reset", deserves=COMPLETED, switches={"reset_every": 4}, short=True),
    PortalFault(name="every fourth answer truncated", deserves=COMPLETED, switches={"truncate_every": 4}),
    PortalFault(
        name="bodies cut in the middle", deserves=COMPLETED, switches={"faults": [fault("cut", every=4, **PAGES)]}
    ),
    PortalFault(name="HTML with 200, now and then", deserves=COMPLETED, switches={"html_every": 5}),
    PortalFault(name="HTML with 200, for ever", deserves=FAILED, switches={"html_every": 1}, says=r"\."),
    PortalFault(name="empty bodies, now and then", deserves=COMPLETED, switches={"empty_every": 5}),
    PortalFault(name="empty bodies, for ever", deserves=FAILED, switches={"empty_every": 1}, says=r"\."),
    PortalFault(
        name="every second page null",
        deserves=COMPLETED | HELD,
        switches={"faults": [fault("null", every=2, **PAGES)]},
    ),
    PortalFault(
        name="hollow pages, now and then",
        deserves=COMPLETED | HELD,
        switches={"faults": [fault("hollow", every=3, **PAGES)]},
    ),
    PortalFault(
        name="one page hollow, for ever",
        deserves=COMPLETED | HELD,  # the lists of categories may prove the walk
        switches={"faults": [fault("hollow", page=5, **PAGES)]},
        short=True,
    ),
    PortalFault(name="the session lost every 20 calls", deserves=COMPLETED, switches={"lose_session_after": 20}),
    PortalFault(
        name="the session stolen once", deserves=COMPLETED, switches={"faults": [fault("lose", after=9, times=1)]}
    ),
    PortalFault(
        name="the session stolen for ever",
        deserves=HELD,
        switches={"faults": [fault("lose", after=20)]},
        says=r"(?i)session|log|device",
        short=True,
    ),
    PortalFault(name="page drift", deserves=COMPLETED | HELD, switches={"shift_every": 2}, short=True),
    PortalFault(
        name="page drift, rows vanish", deserves=COMPLETED | HELD, switches={"shift_every": 3, "shift": "delete"}
    ),
    PortalFault(
        name="page drift, rows appear", deserves=COMPLETED | HELD, switches={"shift_every": 3, "shift": "insert"}
    ),
    PortalFault(name="an empty catalogue", deserves=HELD, switches={"shrink_to": 0.0}, says="missing|kept", short=True),
    PortalFault(name="a list muted", deserves=HELD, switches={"mute_kind": "movie", "mute_with": "empty"}),
    PortalFault(name="a list broken with 500", deserves=HELD, switches={"mute_kind": "movie"}),
    PortalFault(
        name="the account expired midway",
        deserves=HELD,
        switches={"faults": [fault("auth", after=12)]},
        says=r"(?i)account|log|session|refus",
    ),
    PortalFault(
        name="stalled bodies",
        deserves=COMPLETED,
        switches={"faults": [fault("stall", delay_ms=3000, every=9, times=4)]},
    ),
    PortalFault(
        name="the session stolen for ever",
        profile="panel",
        deserves=HELD,
        switches={"faults": [fault("lose", after=20)]},
    ),
    PortalFault(name="page drift", profile="panel", deserves=COMPLETED | HELD, switches={"shift_every": 2}),
    PortalFault(name="a 429 storm", profile="xtream", deserves=COMPLETED, switches={"rate_429": 3}),
    PortalFault(name="every third connection reset", profile="xtream", deserves=COMPLETED, switches={"reset_every": 3}),
    PortalFault(
        name="truncated lists, for ever", profile="xtream", deserves=HELD, switches={"truncate_every": 1}, short=True
    ),
    PortalFault(
        name="lists cut in the middle, for ever",
        profile="xtream",
        deserves=HELD,
        switches={"faults": [fault("cut", action="get_vod_streams")]},
        says=r"(?i)cut|broke|connection",
    ),
    PortalFault(name="HTML with 200, for ever", profile="xtream", deserves=FAILED, switches={"html_every": 1}),
    PortalFault(name="empty bodies, for ever", profile="xtream", deserves=FAILED, switches={"empty_every": 1}),
    PortalFault(name="an empty catalogue", profile="xtream", deserves=HELD, switches={"shrink_to": 0.0}),
    PortalFault(
        name="a list muted", profile="xtream", deserves=HELD, switches={"mute_kind": "movie", "mute_with": "empty"}
    ),
)
CASES: Final = tuple(one.case for one in FAULTS)
