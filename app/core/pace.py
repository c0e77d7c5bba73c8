"""Long work in small parts: whoever goes through thousands of things lets others run in between."""

import time
from typing import Final

SPAN_SECONDS: Final = 0.005


class Pace:
    """`if pace.due(): await asyncio.sleep(0)`, before each thing; costs next to nothing while it is not."""

    __slots__ = ("_next",)

    def __init__(self) -> None:
        self._next = time.perf_counter() + SPAN_SECONDS

    def due(self) -> bool:
        """Whether this went on long enough."""
        now = time.perf_counter()
        if now < self._next:
            return False
        self._next = now + SPAN_SECONDS
        return True
