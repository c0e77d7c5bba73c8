"""One provider host: what an answer means for its window, and what is counted."""

import time
from collections.abc import Callable, Mapping
from typing import Final

from app.core.traffic import CURRENT
from app.providers.metrics import HostMetrics
from app.providers.pace import Pace
from app.providers.peers import Peers
from app.providers.retry import retry_after
from app.providers.window import Window

REFUSALS: Final = frozenset({429, 458, 460, 503, 509})  # for load: it takes no more now


class Host:
    """Shared by everything that talks to it; `name` is host and port. Times are monotonic."""

    def __init__(self, name: str, me: str, max_parallel: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self.window = Window(max_parallel, clock=clock)
        self.peers = Peers(me, self.window)
        self.known = False
        self._metrics = HostMetrics(name, self.window)

    async def enter(self, pace: Pace) -> None:
        """A slot, at the host's pace; before that a turn at the pace that the provider allows."""
        if not pace:
            await self.window.enter()
            return
        async with pace:
            await self.window.enter()
            pace.share = self.window.share

    def answered(
        self, status: int, headers: Mapping[str, str], asked: float, seconds: float, *, blank: bool = False
    ) -> None:
        """`blank`: without a single byte, as flooded portals answer."""
        self._metrics.seconds(seconds)
        if status >= 300:  # noqa: PLR2004 - not the 2xx codes
            self._declined(status, headers.get("Retry-After") if status >= 400 else None, asked)  # noqa: PLR2004
        elif blank and status == 200:  # noqa: PLR2004 - others may be
            self._metrics.empty()
            self.window.bad(asked)
            self._count_failure()
        else:
            self._metrics.whole()
            self.window.good(seconds)
            if (traffic := CURRENT.get()) is not None:
                traffic.answered(seconds, self.window.limit)

    def _declined(self, status: int, wish: str | None, asked: float) -> None:
        if hold := retry_after(wish):
            self.window.hold(hold)
        self._count_failure()
        if status in REFUSALS:
            self._metrics.refused()
            self._metrics.refusals()
            self.window.bad(asked, refused=True)
            return
        self._metrics.other()
        if 500 <= status < 600:  # noqa: PLR2004 - the 5xx codes
            self.window.bad(asked)

    def failed(self, asked: float) -> None:
        """No answer, or not all of it."""
        self._metrics.failed()
        self.window.bad(asked)
        self._count_failure()

    def _count_failure(self) -> None:
        if (traffic := CURRENT.get()) is not None:
            traffic.failed(self.window.limit)
