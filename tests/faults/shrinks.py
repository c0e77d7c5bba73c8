"""A catalogue that shrinks: most such answers are a portal's trouble, a few are true.

30 % or 60 % of the items vanish. The drop guard keeps them, the job is `partial` and says so; they go when a second
complete walk misses them too (30 %), or with `force` (60 %); and come back when the portal has them again.
"""

from functools import partial
from typing import Final

from app.domain.sweep import GUARD_ITEMS, GUARD_SHARE
from app.simulator.spec import CatalogueSpec
from tests.faults.case import Case, Outcome, Setting
from tests.faults.portal_faults import CALM, settled, told
from tests.faults.stage import Stage

SIZES: Final = {300: "stock", 3_000: "stock", 80_000: "xtream"}
SHORT: Final = {(300, 0.3), (3_000, 0.6)}  # the large one takes minutes
SECONDS: Final = 240  # for a sync of the large one on a busy machine


def spec(items: int) -> CatalogueSpec:
    return CatalogueSpec(
        channels=items // 5, movies=items * 3 // 5, series=items // 5, categories=max(12, items // 250)
    )


def guarded(items: int, share: float) -> bool:
    """Whether so many may not go at once: a few items of a small kind may."""
    return items * share > max(GUARD_ITEMS, items * GUARD_SHARE)


def play(share: float, stage: Stage) -> Outcome:
    profile = stage.setting.profiles[0]
    stage.behave(profile, **CALM)
    provider = stage.add(profile)
    assert stage.api.synced(provider, SECONDS, mode="full")["status"] == "completed"
    before = stage.rows(provider)
    stage.behave(profile, shrink_to=1 - share)
    held = stage.api.synced(provider, SECONDS, mode="full")
    assert held["status"] == "partial", told(held)
    assert "have been kept" in told(held), told(held)
    kept = stage.rows(provider)
    lost = sum(len(before[kind].keys() - kept[kind].keys()) for kind in before if guarded(len(before[kind]), share))
    force = "true" if share > 1 / 2 else "false"
    agreed = stage.api.synced(provider, SECONDS, mode="full", force=force)
    assert agreed["status"] == "completed", told(agreed)
    lost += settled(stage, profile, provider)
    stage.behave(profile, **CALM)
    assert stage.api.synced(provider, SECONDS, mode="full")["status"] == "completed"
    return Outcome(came="partial, then completed", rows_lost=lost + settled(stage, profile, provider))


def _case(items: int, share: float) -> Case:
    way = "force" if share > 1 / 2 else "a second walk that agrees"
    return Case(
        name=f"shrink by {share:.0%} of {items} items ({SIZES[items]})",
        deserves=f"partial, then gone by {way}",
        setting=Setting(ground=f"shrinks of {items}", profiles=(SIZES[items],), spec=spec(items)),
        play=partial(play, share),
        short=(items, share) in SHORT,
    )


CASES: Final = tuple(_case(items, share) for items in SIZES for share in (0.3, 0.6))
