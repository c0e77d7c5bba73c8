"""What all streams of server-sent events share: a watch that is held while somebody listens."""

from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, aclosing
from typing import Final, Generic, TypeVar

from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from starlette.types import Receive, Scope, Send

MEDIA_TYPE: Final = "text/event-stream"
PING_SECONDS: Final = 15.0
RETRY: Final = format_sse_event(retry=2_000)  # ms until a browser asks again
HEADERS: Final = {"cache-control": "no-store", "x-accel-buffering": "no"}

W = TypeVar("W")


class HeldStream(StreamingResponse, Generic[W]):
    """A watch as a stream of events: whoever derives from it says in `events` what is told."""

    def __init__(self, watching: AbstractContextManager[W], *, ping_seconds: float = PING_SECONDS) -> None:
        super().__init__((), headers=HEADERS, media_type=MEDIA_TYPE)
        self._watching = watching
        self._ping_seconds = ping_seconds

    def events(self, watch: W) -> AsyncGenerator[bytes, None]:
        """What is told, without an end for as long as the watch lasts."""
        raise NotImplementedError

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Held here and not in the generator, which nobody closes when a client leaves in the middle of a write.
        with self._watching as watch:
            async with aclosing(self.events(watch)) as self.body_iterator:
                await super().__call__(scope, receive, send)
