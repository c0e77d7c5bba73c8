"""What a portal counted; tests and benchmarks read it over `/_sim/stats`."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, kw_only=True)
class Stats:
    """Counters since the start or the last reset."""

    calls: int = 0
    actions: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    throttled: int = 0  # refused because too many came at a time or a second
    active: int = 0
    max_parallel: int = 0
    handshakes: int = 0
    logins: int = 0
    sent_bytes: int = 0
    inserted: list[str] = field(default_factory=list)  # ids that appeared during a walk
    deleted: list[str] = field(default_factory=list)  # ids that vanished during a walk

    def enter(self, name: str) -> None:
        """A call begins."""
        self.calls += 1
        self.actions[name] += 1
        self.active += 1
        self.max_parallel = max(self.max_parallel, self.active)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {name: getattr(self, name) for name in self.__slots__}
