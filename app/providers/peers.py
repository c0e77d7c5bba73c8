"""One host as several processes share it: what each tells the others, and what it makes of what they tell."""

import time
from collections.abc import Mapping
from typing import Any, Final

from app.providers.window import Window

BEAT_SECONDS: Final = 0.5
LEAST_SHARE: Final = 0.1
MOST: Final = 1e15
MOST_REFUSALS: Final = 5  # of another process that are taken in at once

Told = Mapping[str, Any]


class Peers:
    """Splits what a host allows by demand. The first by name leads: it alone tries whether the host takes more."""

    def __init__(self, me: str, window: Window) -> None:
        self.busy_at = 0.0
        self._me = me
        self._window = window
        self._taken = self._troubles = 0
        self._gets = 0.0
        self._told_at = 0.0
        self._heard: dict[str, tuple[int, int]] = {}
        self._takings: dict[str, float] = {}
        self._kept: Told = {}

    def tell(self, now: float) -> dict[str, Any]:
        """What others should know; `gets` are whole answers a second, smoothed."""
        window = self._window
        taken, troubles = window.rate.taken, window.troubles
        if window.demand or (taken, troubles) != (self._taken, self._troubles):
            self.busy_at = now
        if self._told_at:
            seconds = max(now - self._told_at, 1e-3)
            weight = min(1.0, seconds / (2 * BEAT_SECONDS))
            self._gets += ((taken - self._taken) / seconds - self._gets) * weight
        self._taken, self._troubles, self._told_at = taken, troubles, now
        return {
            "demand": window.demand,
            "taken": taken,
            "gets": round(self._gets, 2),
            "pace": window.rate.pace,
            "limit": window.rate.limit,
            "troubles": troubles,
            "refusals": window.refusals,
            "held": round(window.held, 2),
        }

    def hear(self, members: Mapping[str, Told], now: float) -> None:
        """Takes in what the others told; without any, this process goes on alone."""
        window = self._window
        others = {name: told for name, told in members.items() if name != self._me}
        window.take_share(self._share(others))
        more = sum(self._more(name, told) for name, told in others.items())
        window.rate.heard(more, sum(_number(told, "gets") for told in others.values()), now)
        leader = min([self._me, *others])
        if leader == self._me:
            self._lead(others, now)
        elif pace := _number(others[leader], "pace"):
            window.rate.follow(pace, _number(others[leader], "limit") or None, now)
        for name, told in others.items():
            self._suffer(name, told, leads=leader == self._me)
        self._heard = {name: heard for name, heard in self._heard.items() if name in others}
        self._takings = {name: taken for name, taken in self._takings.items() if name in others}

    def _share(self, others: Mapping[str, Told]) -> float:
        if not others:
            return 1.0
        wants = [float(self._window.demand), *(_number(told, "demand") for told in others.values())]
        # Who wants little, a person perhaps, does not wait long for who wants everything.
        least = max(1.0, sum(wants) * LEAST_SHARE)
        return max(wants[0], least) / sum(max(one, least) for one in wants)

    def _more(self, name: str, told: Told) -> float:
        taken = _number(told, "taken")
        before = self._takings.get(name, taken)
        self._takings[name] = taken
        return max(0.0, taken - before)

    def _lead(self, others: Mapping[str, Told], now: float) -> None:
        rate = self._window.rate
        rate.lead(now)
        limits = [limit for told in others.values() if (limit := _number(told, "limit"))]
        paces = [pace for told in others.values() if (pace := _number(told, "pace"))]
        if rate.pace is None and limits:
            rate.recall(min(limits), now)
        elif rate.pace is None and paces:
            rate.join(min(paces), now)

    def _suffer(self, name: str, told: Told, *, leads: bool) -> None:
        heard = int(_number(told, "troubles")), int(_number(told, "refusals"))
        troubles, refusals = self._heard.get(name, heard)
        self._heard[name] = heard
        more = min(heard[1] - refusals, MOST_REFUSALS) if leads else 0
        self._window.suffer(troubled=heard[0] > troubles, refusals=more)
        if held := _number(told, "held"):
            self._window.hold_also(held)

    def recall(self, found: Told | None, now: float) -> None:
        """Takes in what an earlier job, or another process, left to be known."""
        self._kept = found or {}
        rate = self._window.rate
        if (limit := _number(self._kept, "rate")) and rate.pace is None:
            rate.recall(limit, now)
        if (held := _number(self._kept, "held_until") / 1000 - time.time()) > 0:
            self._window.hold_also(held)

    def keep(self) -> Told | None:
        """What has to be remembered for a day; None when that is known already."""
        rate, held = self._window.rate, self._window.held
        limit = None if rate.lifted else rate.limit or self._kept.get("rate")
        rate.lifted = False
        until = round((time.time() + held) * 1000) if held > 1 else _number(self._kept, "held_until")
        if limit == self._kept.get("rate") and abs(until - _number(self._kept, "held_until")) < 1000:  # noqa: PLR2004 - ms
            return None
        self._kept = {"rate": limit, "held_until": until}
        return self._kept


def _number(told: Told, name: str) -> float:
    """Hints are read without trust."""
    value = told.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return float(value) if 0 < value < MOST else 0.0
