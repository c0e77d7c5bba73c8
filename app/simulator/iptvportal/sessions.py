"""Who is logged in: sessions that end after a time, after some calls, or when another login takes the account."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from app.simulator.behaviour import Account, Behaviour

USABLE: Final = frozenset({"active", "trial"})
AUTH_ERROR: Final = -32001


@dataclass(slots=True, kw_only=True)
class _Open:
    username: str
    since: float
    calls: int = 0


class Sessions:
    """Open sessions by their id; `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open: dict[str, _Open] = {}
        self._numbers = count(1)

    def open(self, behaviour: Behaviour, params: Any) -> str | None:
        """The id of a new session; None when nobody is let in with these words."""
        given = params if isinstance(params, dict) else {}
        username, password = given.get("username"), given.get("password")
        if not _admitted(behaviour, username, password):
            return None
        name = f"{next(self._numbers):08x}b7c1d2e3f4a5968778695a4b"
        self._open[name] = _Open(username=str(username), since=self._clock())
        return name

    def admit(self, behaviour: Behaviour, header: str) -> bool:
        """Whether `sessionid=…` is open; counts a call in it."""
        name = header.removeprefix("sessionid=")
        found = self._open.get(name)
        if found is None:
            return False
        found.calls += 1
        limit, seconds = behaviour.lose_session_after, behaviour.session_seconds
        worn = limit is not None and found.calls > limit
        if worn or (seconds is not None and self._clock() - found.since >= seconds):
            del self._open[name]
            return False
        return True

    def lose(self) -> bool:
        """Ends all; whether there were any."""
        some = bool(self._open)
        self._open.clear()
        return some


def _admitted(behaviour: Behaviour, username: Any, password: Any) -> bool:
    if not behaviour.accounts:
        return bool(username and password)
    found: Account | None = next(
        (one for one in behaviour.accounts if (one.username, one.password) == (username, password)), None
    )
    return found is not None and found.status in USABLE
