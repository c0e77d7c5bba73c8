"""The drop guard: how much of a catalogue one walk may take away."""

from dataclasses import dataclass
from typing import Final

GUARD_ITEMS: Final = 20  # a small catalogue may lose this many at once
GUARD_SHARE: Final = 0.2  # a large one this share; a provider's "half a list" is usually far below


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepDecision:
    """Which missing items may go: all of them, those that the walk before missed too (`agreed_only`), or none."""

    allowed: bool
    agreed_only: bool = False
    reason: str | None = None


def decide(*, noun: str, active: int, missing: int, agreed: int, force: bool) -> SweepDecision:
    """Decides a sweep after a complete walk.

    `active` items are stored, `missing` of them were not seen now, `agreed` of those were not seen by the complete walk
    before either. More than max(20, 20 %) or all of a kind goes only by `force` or when two walks in a row agree.
    """
    if not missing:
        return SweepDecision(allowed=True)
    harmless = missing <= max(GUARD_ITEMS, int(active * GUARD_SHARE)) and missing < active
    if harmless or force:
        return SweepDecision(allowed=True)
    if agreed:
        return SweepDecision(allowed=True, agreed_only=True)
    return SweepDecision(
        allowed=False,
        reason=f"{missing} of {active} {noun} were missing from the provider's answer and have been kept; "
        "they go when the next complete sync misses them too, or with force",
    )
