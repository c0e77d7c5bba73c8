"""What one piece of work asked of the network: counted where answers arrive, read by whoever began the work."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final


@dataclass(slots=True)
class Traffic:
    """Requests, how many failed or were asked again, how long answers took; `window`: requests at once, at last."""

    requests: int = 0
    failures: int = 0
    retries: int = 0
    seconds: float = 0.0
    window: int = 0

    def answered(self, seconds: float, window: int) -> None:
        """A whole answer came."""
        self.requests += 1
        self.seconds += seconds
        self.window = window

    def failed(self, window: int) -> None:
        """No answer, or none that is of use."""
        self.requests += 1
        self.failures += 1
        self.window = window

    def told(self) -> dict[str, Any]:
        """All of it as JSON; `mean_ms` per whole answer, None before the first one."""
        whole = self.requests - self.failures
        return {
            "requests": self.requests,
            "failures": self.failures,
            "retries": self.retries,
            "mean_ms": round(self.seconds * 1000 / whole, 2) if whole else None,
            "window": self.window,
        }


# Of the work that goes on here, tasks that it starts included.
CURRENT: Final[ContextVar[Traffic | None]] = ContextVar("traffic", default=None)
