"""Plays cases, several stages at a time: most of a fault's time is waiting for leases and clocks."""

import itertools
import sys
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Final

from tests.faults.case import Case, Result
from tests.faults.services import Postgres, own_postgres
from tests.faults.stage import Stage, staged

STAGES: Final = 4  # at a time, on two cores
Say = Callable[[str], None]


def run(cases: Sequence[Case], say: Say) -> list[Result]:
    """Plays all and says a line for each as it ends."""
    lanes: dict[str, list[Case]] = defaultdict(list)
    for number, case in enumerate(cases):
        lanes[case.setting.ground or f"#{number}"].append(case)
    with ExitStack() as scope:
        needed = any(one.setting.database == "postgres" and not one.setting.own_postgres for one in cases)
        postgres = scope.enter_context(own_postgres()) if needed else None
        with ThreadPoolExecutor(STAGES) as pool:
            # Long lanes first: what is short fills the gaps.
            ordered = sorted(lanes.values(), key=len, reverse=True)
            played = pool.map(lambda lane: _lane(lane, postgres, say), ordered)
            return list(itertools.chain.from_iterable(played))


def _lane(cases: Sequence[Case], postgres: Postgres | None, say: Say) -> list[Result]:
    results = []
    try:
        with staged(cases[0].setting, postgres) as stage:
            for case in cases:
                results.append(_play(case, stage))
                say(results[-1].line)
    except Exception as error:  # noqa: BLE001 - a stage that cannot be set or cleared fails the cases it was for
        left = cases[len(results) :] or cases[-1:]
        results += [_failed(case, error) for case in left]
        for result in results[-len(left) :]:
            say(result.line)
    return results


def _failed(case: Case, error: BaseException) -> Result:
    traceback.print_exception(error, file=sys.stderr)
    came = f"{type(error).__name__}: {str(error)[:800]}"
    return Result(case=case, survived=False, came=came, rows_lost=0, seconds=0)


def _play(case: Case, stage: Stage) -> Result:
    began = time.monotonic()
    try:
        outcome = case.play(stage)
    except Exception as error:  # noqa: BLE001 - whatever a case raises is its result
        place = traceback.extract_tb(error.__traceback__)[-1]
        came = f"{type(error).__name__}: {str(error)[:800]} ({place.name}:{place.lineno})\n{stage.said()}"
        return Result(case=case, survived=False, came=came, rows_lost=0, seconds=time.monotonic() - began)
    came = " · ".join(part for part in (outcome.came, outcome.notes) if part)
    survived = outcome.rows_lost == 0
    return Result(
        case=case, survived=survived, came=came, rows_lost=outcome.rows_lost, seconds=time.monotonic() - began
    )
