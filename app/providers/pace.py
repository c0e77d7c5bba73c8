"""What a client may send a second at most, because somebody said so."""

import asyncio
import time
from types import TracebackType


class Pace:
    """`async with pace:` waits until one more may be sent, in order; it is sent when the block ends.

    Whoever waits holds nothing, and a wait that is cancelled costs nobody a turn.
    """

    def __init__(self, per_second: float | None) -> None:
        self._gap = 1 / per_second if per_second else 0.0
        self._next = 0.0
        self._turn = asyncio.Lock()
        self.share = 1.0  # of what is allowed, when other processes ask as well

    def __bool__(self) -> bool:
        return self._gap > 0

    async def __aenter__(self) -> None:
        await self._turn.acquire()
        try:
            if (wait := self._next - time.monotonic()) > 0:
                await asyncio.sleep(wait)
        except asyncio.CancelledError:
            self._turn.release()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._next = max(self._next, time.monotonic() - self._gap / 8) + self._gap / self.share
        self._turn.release()
