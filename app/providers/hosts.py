"""The hosts that a process asks: a window each, and a beat that tells other processes of it.

Nothing on the path of a request waits for the others: what they tell are hints, and each goes on alone without them.
Only the first request to a host is held for a moment, to hear what is known of it.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from yarl import URL

from app.core.ids import new_id
from app.core.ports import Hints
from app.providers.host import Host
from app.providers.peers import BEAT_SECONDS

NEWS_SECONDS: Final = 0.05  # trouble is told at once, but not twice in this time
ALIVE_SECONDS: Final = 3
IDLE_SECONDS: Final = 5.0  # without a request: nothing is told any more
KNOWN_SECONDS: Final = 0.1
CLOSE_SECONDS: Final = 0.5
DAY_SECONDS: Final = 86_400


class Hosts:
    """All hosts; `hints` None: this process is alone."""

    def __init__(self, max_parallel: int, hints: Hints | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_parallel = max_parallel
        self._hints = hints
        self._clock = clock
        self._me = new_id()
        self._hosts: dict[tuple[str, str | None, int | None], Host] = {}
        self._awake: set[Host] = set()
        self._news = asyncio.Event()
        self._beating: asyncio.Task[None] | None = None

    def of(self, url: str) -> Host:
        """The host of a URL, the same for everything that talks to it."""
        address = URL(url)
        key = (address.scheme, address.host, address.port)
        found = self._hosts.get(key)
        if found is None:
            found = self._hosts[key] = Host(f"{address.host}:{address.port}", self._me, self._max_parallel, self._clock)
            if self._hints is not None:
                found.window.asleep = True
                found.window.rouse = partial(self._rouse, found, self._hints)
                found.window.news = self._news.set
        return found

    def _rouse(self, host: Host, hints: Hints) -> None:
        host.window.asleep = False
        self._awake.add(host)
        if not host.known:
            host.window.listen(KNOWN_SECONDS)
        self._news.set()
        if self._beating is None or self._beating.done():
            self._beating = asyncio.create_task(self._beat(hints))

    async def _beat(self, hints: Hints) -> None:
        while self._awake:
            self._news.clear()
            await asyncio.gather(*(self._exchange(host, hints) for host in list(self._awake)))
            await asyncio.sleep(NEWS_SECONDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BEAT_SECONDS - NEWS_SECONDS):
                    await self._news.wait()

    async def _exchange(self, host: Host, hints: Hints) -> None:
        if not host.known:
            host.peers.recall(await hints.get(f"host:{host.name}"), self._clock())
        told = host.peers.tell(self._clock())
        members = await hints.share(f"hosts:{host.name}", self._me, told, ttl_seconds=ALIVE_SECONDS)
        now = self._clock()
        host.peers.hear(members, now)
        if not host.known:
            host.known = True
            host.window.release()
        if (kept := host.peers.keep()) is not None:
            await hints.put(f"host:{host.name}", kept, ttl_seconds=DAY_SECONDS)
        if now - host.peers.busy_at > IDLE_SECONDS:
            self._awake.discard(host)
            host.window.asleep = True

    async def close(self) -> None:
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.wait([self._beating], timeout=CLOSE_SECONDS)
