"""Jobs as pieces of pages, sent while they run. A browser that comes back is shown the present state first."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import Final

from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from app.api.streaming import PING_SECONDS, RETRY, HeldStream
from app.context import ProcessContext
from app.core.errors import NotFound
from app.jobs.views import JobView
from app.jobs.watching import Watch
from app.pages.cards import card_of
from app.pages.look import fragment
from app.pages.progress import Pace
from app.registry.views import ProviderView

EVENT: Final = "progress"
Seen = tuple[str, JobView]


class OneJob(HeldStream[Watch]):
    """The progress of one job or of one provider's jobs, in full; `done` when one has ended."""

    def __init__(self, watching: AbstractContextManager[Watch], *, template: str = "parts/progress.html") -> None:
        super().__init__(watching)
        self._template = template

    async def events(self, watch: Watch) -> AsyncGenerator[bytes, None]:
        yield RETRY
        pace = Pace()
        ran = False
        while True:
            try:
                view = await watch.next(PING_SECONDS)
            except StopAsyncIteration:
                return
            if view is None:
                yield KEEPALIVE_COMMENT
                continue
            yield _event(EVENT, fragment(self._template, progress=pace.seen(view)))
            if ran and not view.status.live:
                yield _event("done", view.status.value)
            ran = view.status.live


class AllProviders(HeldStream[dict[str, Watch]]):
    """The cards of all providers, in one stream: browsers open few to one server."""

    def __init__(self, context: ProcessContext, providers: Sequence[ProviderView]) -> None:
        super().__init__(_watched(context, providers))
        self._context = context
        self._paces = {view.id: Pace() for view in providers}

    async def events(self, watch: dict[str, Watch]) -> AsyncGenerator[bytes, None]:
        yield RETRY
        news: asyncio.Queue[Seen | None] = asyncio.Queue(maxsize=1)
        tasks = [asyncio.create_task(_follow(provider_id, one, news)) for provider_id, one in watch.items()]
        try:
            left = len(tasks)
            while left:
                seen = await _next(news)
                if seen is None:
                    left -= 1
                elif seen is WAITED:
                    yield KEEPALIVE_COMMENT
                else:
                    yield await self._told(*seen)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _told(self, provider_id: str, job: JobView) -> bytes:
        try:
            card = replace(await card_of(self._context, provider_id), job=job)
        except NotFound:  # removed since
            return KEEPALIVE_COMMENT
        progress = self._paces[provider_id].seen(job) if job.status.live else None
        return _event(provider_id, fragment("parts/state.html", card=card, progress=progress))


WAITED: Final[Seen] = ("", None)  # type: ignore[assignment]


async def _next(news: "asyncio.Queue[Seen | None]") -> Seen | None:
    with suppress(TimeoutError):
        async with asyncio.timeout(PING_SECONDS):
            return await news.get()
    return WAITED


async def _follow(provider_id: str, watch: Watch, news: "asyncio.Queue[Seen | None]") -> None:
    while True:
        try:
            view = await watch.next(PING_SECONDS)
        except StopAsyncIteration:
            await news.put(None)
            return
        if view is not None:
            await news.put((provider_id, view))


@contextmanager
def _watched(context: ProcessContext, providers: Sequence[ProviderView]) -> Iterator[dict[str, Watch]]:
    with ExitStack() as stack:
        yield {view.id: stack.enter_context(context.watches.provider(view.pk)) for view in providers}


def _event(name: str, body: str) -> bytes:
    return format_sse_event(data_str=body, event=name)
