"""Jobs as server-sent events: `progress` while something changes, `done` when a job has ended, comments in between.

The id of an event names the job, that of `done` with `.done` behind it: who comes back with the last one in
`Last-Event-ID` is told no outcome twice, and none too few.
"""

from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Annotated, Any, Final

from fastapi import Header, Response
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from app.api.schemas import JobAnswer
from app.api.streaming import HEADERS, MEDIA_TYPE, PING_SECONDS, RETRY, HeldStream
from app.jobs.history import JobHistory
from app.jobs.views import JobView
from app.jobs.watching import JobWatches, Watch
from app.registry.views import ProviderView

OUTCOME: Final = ".done"
SHARED: Final = 64  # states, encoded once for all who watch

EXAMPLE: Final = (
    'event: progress\ndata: {"id":"1hyy4n6tq0000k8w3zzc","status":"running","progress":41}\nid: 1hyy4n6tq0000k8w3zzc\n'
)
STREAM: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "Events, each with a job in full.", "content": {MEDIA_TYPE: {"example": EXAMPLE}}}
}
ENDED_STREAM: Final[dict[int | str, dict[str, Any]]] = STREAM | {204: {"description": "There is nothing more to hear."}}

LastEventId = Annotated[
    str | None,
    Header(alias="Last-Event-ID", description="The id of the last event that was heard, to go on behind it."),
]


class EventStream(HeldStream[Watch]):
    """A watch as a stream. It holds the newest state only: who reads slowly skips what lies between."""

    def __init__(
        self,
        watching: AbstractContextManager[Watch],
        *,
        heard: str | None = None,
        missed: JobView | None = None,
        ping_seconds: float = PING_SECONDS,
    ) -> None:
        super().__init__(watching, ping_seconds=ping_seconds)
        self._heard = heard
        self._missed = missed

    async def events(self, watch: Watch) -> AsyncGenerator[bytes, None]:
        yield RETRY
        if self._missed:
            yield encoded(self._missed, "done")
        told, first = self._heard, True
        while True:
            try:
                view = await watch.next(self._ping_seconds)
            except StopAsyncIteration:
                return
            if view is None:
                yield KEEPALIVE_COMMENT
                continue
            if first or view.status.live:
                yield encoded(view, "progress")
            if not view.status.live and outcome_id(view) != told:
                yield encoded(view, "done")
                told = outcome_id(view)
            first = False


def of_job(watches: JobWatches, view: JobView, heard: str | None) -> Response:
    """The stream of one job. To who has heard its end already, 204: browsers then cease to ask."""
    if heard == outcome_id(view):
        return Response(status_code=204, headers=HEADERS)
    return EventStream(watches.job(view.id))


async def of_provider(
    watches: JobWatches, history: JobHistory, provider: ProviderView, heard: str | None
) -> EventStream:
    """The stream of a provider's jobs, one after the other."""
    return EventStream(watches.provider(provider.pk), heard=heard, missed=await _missed(history, provider, heard))


def outcome_id(view: JobView) -> str:
    """What `Last-Event-ID` holds behind the `done` of a job."""
    return f"{view.id}{OUTCOME}"


@lru_cache(maxsize=SHARED)
def encoded(view: JobView, event: str) -> bytes:
    """A state as an event, on one line."""
    body = JobAnswer.model_validate(view).model_dump_json(by_alias=True)
    return format_sse_event(data_str=body, event=event, id=outcome_id(view) if event == "done" else view.id)


async def _missed(history: JobHistory, provider: ProviderView, heard: str | None) -> JobView | None:
    """The job that was heard of as live, when it has ended since and another is the last one now."""
    current = await history.current(provider.pk)
    if heard is None or current is None or heard.endswith(OUTCOME) or heard == current.id:
        return None
    before = await history.find(heard)
    return before if before and before.provider_id == provider.id and not before.status.live else None
