"""Which steps a job runs: pure, from what was asked for and what is there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.domain.kinds import CATEGORY_STEPS, ITEM_STEPS, Kind, StepName, SyncMode

VOD: Final = frozenset({Kind.MOVIE, Kind.SERIES})
WORDS: Final[dict[str, frozenset[StepName]]] = {
    "channels": frozenset({StepName.CHANNEL_CATEGORIES, StepName.CHANNELS}),
    "movies": frozenset({StepName.MOVIE_CATEGORIES, StepName.MOVIES}),
    "series": frozenset({StepName.SERIES_CATEGORIES, StepName.SERIES}),
    "categories": frozenset(CATEGORY_STEPS.values()),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The steps of a job in order, and the kinds whose items it brings."""

    steps: tuple[StepName, ...]
    kinds: frozenset[Kind]


def plan(*, mode: SyncMode, only: frozenset[str], stored: Mapping[Kind, int]) -> Plan:
    """Plans a job; `stored` counts the active items of each kind.

    `auto` brings what is missing: only the missing half when the other one is there, everything otherwise. Until
    walks can stop early, `incremental` walks in full.
    """
    if only:
        wanted = frozenset(step for word in only for step in WORDS.get(word, frozenset()))
    elif mode is SyncMode.AUTO:
        wanted = _missing(stored)
    else:
        wanted = _steps(frozenset(Kind))
    steps = tuple(step for step in StepName if step in wanted)
    return Plan(steps=steps, kinds=frozenset(kind for kind, step in ITEM_STEPS.items() if step in wanted))


def _missing(stored: Mapping[Kind, int]) -> frozenset[StepName]:
    live = bool(stored.get(Kind.CHANNEL))
    vod = any(stored.get(kind) for kind in VOD)
    if live == vod:
        return _steps(frozenset(Kind))
    return _steps(VOD if live else frozenset({Kind.CHANNEL}))


def _steps(kinds: frozenset[Kind]) -> frozenset[StepName]:
    return frozenset(step for kind in kinds for step in (CATEGORY_STEPS[kind], ITEM_STEPS[kind]))
