"""`PortalClient` for programs that do not await: the same methods, each to its end."""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from threading import Thread
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from app.domain.schemas import Schemas
from app.providers.iptvportal.portal import PortalClient

Arguments = ParamSpec("Arguments")
Made = ParamSpec("Made")
Found = TypeVar("Found")


def _awaited(
    method: Callable[Concatenate[PortalClient, Arguments], Awaitable[Found]],
) -> "Callable[Concatenate[BlockingPortalClient, Arguments], Found]":
    """The method of the twin."""

    @functools.wraps(method)
    def blocking(self: "BlockingPortalClient", /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Found:
        return self.wait(method, *args, **kwargs)

    return blocking


def _same(
    method: Callable[Concatenate[PortalClient, Arguments], Found],
) -> "Callable[Concatenate[BlockingPortalClient, Arguments], Found]":
    """The same for a method that waits for nothing."""

    @functools.wraps(method)
    def plain(self: "BlockingPortalClient", /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Found:
        return method(self.portal, *args, **kwargs)

    return plain


class BlockingPortalClient:
    """Made of `PortalClient`'s arguments. Its loop has a thread of its own, so that it works within another loop too.

    Any thread may use it; Ctrl-C ends the wait and cancels what was asked.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="portal-client", daemon=True)
        self._thread.start()
        with ExitStack() as stack:
            stack.callback(self._end)
            self.portal = self._waited(_make(*args, **kwargs))
            stack.pop_all()

    login = _awaited(PortalClient.login)
    run = _awaited(PortalClient.run)
    call = _awaited(PortalClient.call)
    introspect = _awaited(PortalClient.introspect)
    validate = _awaited(PortalClient.validate)
    statement = _same(PortalClient.statement)
    prepare = _same(PortalClient.prepare)

    def __repr__(self) -> str:
        return f"<Blocking{repr(self.portal)[1:]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def schemas(self) -> Schemas:
        return self.portal.schemas

    def close(self) -> None:
        """Ends its thread; a second time does nothing."""
        if not self._loop.is_closed():
            try:
                self._waited(self.portal.close())
            finally:
                self._end()

    def wait(
        self,
        method: Callable[Concatenate[PortalClient, Arguments], Awaitable[Found]],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Found:
        """What a coroutine of the client gives."""
        return self._waited(method(self.portal, *args, **kwargs))

    def _waited(self, awaitable: Awaitable[Found]) -> Found:
        future = asyncio.run_coroutine_threadsafe(_whole(awaitable), self._loop)
        try:
            return future.result()
        finally:
            future.cancel()  # of what is done it does nothing

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _make(*args: Any, **kwargs: Any) -> PortalClient:
    """Within its loop, where its transport belongs."""
    return PortalClient(*args, **kwargs)


async def _whole(awaitable: Awaitable[Found]) -> Found:
    return await awaitable
