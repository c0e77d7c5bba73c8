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


def unread(noun: str, missing: int) -> str | None:
    """Why items that an incomplete walk did not see were kept."""
    if not missing:
        return None
    return f"{missing} {noun} were not seen and have been kept, since not all of the list could be read"


def unverified(noun: str, kept: int, doubt: str | None) -> str | None:
    """Why items were kept that a complete walk did not see, but that could not be looked for once more."""
    if not kept:
        return None
    told = f"{kept} {noun} were not seen and have been kept, since it is not certain that they are gone."
    return f"{told} {doubt}" if doubt else told


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
