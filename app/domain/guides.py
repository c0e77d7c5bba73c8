"""When a guide is due, and how much of it one refresh may take away."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.domain.sweep import GUARD_ITEMS, GUARD_SHARE

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
AGAIN_HOURS: Final = 1.0  # after a try that came to nothing
REST_MS: Final = 60_000  # a panel that has just handed out its catalogue is not asked for its guide at once
AGREES: Final = 0.1  # by which share two refreshes may differ that lost the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is known of a provider's last guides: times in ms, None = never."""

    channels_at: int | None
    synced_at: int | None
    tried_at: int | None


def every_hours(options: Mapping[str, Any], default: float) -> float:
    """How often a provider's guides are refreshed; 0 = only when somebody asks."""
    found = options.get("epgEveryHours")
    return default if found is None else float(found)


def due_at(kept: Kept, hours: float) -> int | None:
    """When the guides are to be refreshed next; None while there is nothing that they could belong to, or never."""
    if not hours or kept.channels_at is None:
        return None
    if kept.tried_at is None:
        return kept.channels_at + REST_MS
    failed = kept.synced_at is None or kept.synced_at < kept.tried_at
    return kept.tried_at + round((min(hours, AGAIN_HOURS) if failed else hours) * HOUR_MS)


def held_back(*, noun: str, now: int, before: int, held: int, force: bool) -> str | None:
    """Why a refresh is not shown; None when it is.

    `before` are shown, `now` of the same time to come were read; `held` were read when a refresh was held back last
    time. Nothing at all never replaces something, unless by `force`.
    """
    missing = before - now
    if force or missing <= 0 or (now and missing <= max(GUARD_ITEMS, before * GUARD_SHARE)):
        return None
    if now and held and abs(now - held) <= max(GUARD_ITEMS, held * AGREES):
        return None
    return (
        f"The guide lost {missing} of {before} {noun} to come; the earlier one is kept until the next refresh agrees, "
        "or with force."
    )
