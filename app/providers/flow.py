"""Whether more requests at once bring more answers, or only slower ones."""

from typing import Final

CALM_SECONDS: Final = 0.1  # nobody minds an answer within
RISEN: Final = 2.0  # times the best answer ever
LEAST_ROUND: Final = 8  # answers that make a round
STRIDE: Final = 1.25  # a window so much wider …
GAIN: Final = 0.3  # … has to bring this share of it in answers a second
PATIENCE: Final = 16  # rounds until it is tried again


class Flow:
    """Watches the latency of one host; where it has risen, climbs only while throughput climbs too.

    A queue at the host lengthens every answer and brings none more; a slow host, or a busy loop here, does not.
    """

    def __init__(self) -> None:
        self.full = False  # more at once would only wait longer
        self._best = float("inf")
        self._typical = 0.05
        self._answers = 0
        self._since: float | None = None
        self._base = (1.0, 0.0)  # a window, and the answers a second that it brought
        self._rounds = 0

    @property
    def calm(self) -> bool:
        """Whether answers come about as fast as they ever did."""
        return self._typical <= CALM_SECONDS or self._typical <= RISEN * self._best

    def answered(self, now: float, seconds: float, limit: float) -> bool:
        """Takes in a whole answer; True at the end of a round."""
        if seconds < self._best:  # noqa: PLR1730 - on the path of every request a call costs more
            self._best = seconds
        self._typical += (seconds - self._typical) / 8
        if self._since is None:
            self._since = now - seconds
        self._answers += 1
        return self._answers >= limit and self._answers >= LEAST_ROUND

    def rest(self) -> None:
        """Nothing is asked: time goes by that says nothing."""
        self._since, self._answers = None, 0

    def judge(self, now: float, limit: float) -> float:
        """Ends a round; the window that should hold from here on."""
        since = now if self._since is None else self._since
        flow = self._answers / max(now - since, 1e-6)
        self._since, self._answers = now, 0
        if self.calm:
            self.full, self._base = False, (limit, flow)
            return limit
        return self._wait(limit, flow) if self.full else self._climb(limit, flow)

    def _climb(self, limit: float, flow: float) -> float:
        base, before = self._base
        if limit < max(base * STRIDE, base + 1):
            return limit
        if flow >= before * (1 + GAIN * (limit / base - 1)):
            self._base = (limit, flow)
            return limit
        self.full, self._rounds = True, 0
        return base

    def _wait(self, limit: float, flow: float) -> float:
        self._rounds += 1
        if self._rounds >= PATIENCE:
            self.full, self._base = False, (limit, flow)
        return limit
