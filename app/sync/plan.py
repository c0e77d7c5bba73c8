"""Which steps a job runs, and how: pure, from what was asked for and what is there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.domain.kinds import CATEGORY_STEPS, ITEM_STEPS, Kind, StepName, SyncMode

VOD: Final = frozenset({Kind.MOVIE, Kind.SERIES})
HOUR_MS: Final = 3_600_000
WORDS: Final[dict[str, frozenset[StepName]]] = {
    "channels": frozenset({StepName.CHANNEL_CATEGORIES, StepName.CHANNELS}),
    "movies": frozenset({StepName.MOVIE_CATEGORIES, StepName.MOVIES}),
    "series": frozenset({StepName.SERIES_CATEGORIES, StepName.SERIES}),
    "categories": frozenset(CATEGORY_STEPS.values()),
    "epg": frozenset(),  # a feature of its own, beside these steps
    "tables": frozenset(),  # so are these
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The steps of a job in order, the kinds whose items it brings, and of which of them the newest are enough."""

    steps: tuple[StepName, ...]
    kinds: frozenset[Kind]
    newest: frozenset[Kind] = frozenset()


def plan(
    *,
    mode: SyncMode,
    only: frozenset[str],
    stored: Mapping[Kind, int],
    due: frozenset[Kind] = frozenset(Kind),
    begun: frozenset[StepName] = frozenset(),
) -> Plan:
    """Plans a job; `stored` counts the active items of each kind, `due` are those whose full walk is due again.

    `auto` brings what is missing: only the missing half when the other one is there, everything otherwise. A job that
    is run again keeps the steps that it began with, though what is there has become more.
    """
    wanted = begun or _wanted(mode, only, stored)
    steps = tuple(step for step in StepName if step in wanted)
    kinds = frozenset(kind for kind, step in ITEM_STEPS.items() if step in wanted)
    return Plan(steps=steps, kinds=kinds, newest=_newest(mode, kinds, stored, due))


def due_kinds(walked_at: Mapping[Kind, int | None], *, every_hours: float, now: int) -> frozenset[Kind]:
    """The kinds that had no proven full walk in the last hours (times in ms; one to come is a clock set back)."""
    oldest = now - every_hours * HOUR_MS
    return frozenset(kind for kind in Kind if (at := walked_at.get(kind)) is None or not oldest < at <= now)


def _wanted(mode: SyncMode, only: frozenset[str], stored: Mapping[Kind, int]) -> frozenset[StepName]:
    if only:
        return frozenset(step for word in only for step in WORDS.get(word, frozenset()))
    return _missing(stored) if mode is SyncMode.AUTO else _steps(frozenset(Kind))


def _newest(
    mode: SyncMode, kinds: frozenset[Kind], stored: Mapping[Kind, int], due: frozenset[Kind]
) -> frozenset[Kind]:
    """Channels have no list that shows the newest first; movies and series may share one, so they are due together."""
    there = frozenset(kind for kind in kinds & VOD if stored.get(kind))
    if mode is SyncMode.FULL or (mode is SyncMode.AUTO and there & due):
        return frozenset()
    return there


def _missing(stored: Mapping[Kind, int]) -> frozenset[StepName]:
    live = bool(stored.get(Kind.CHANNEL))
    vod = any(stored.get(kind) for kind in VOD)
    if live == vod:
        return _steps(frozenset(Kind))
    return _steps(VOD if live else frozenset({Kind.CHANNEL}))


def _steps(kinds: frozenset[Kind]) -> frozenset[StepName]:
    return frozenset(step for kind in kinds for step in (CATEGORY_STEPS[kind], ITEM_STEPS[kind]))
