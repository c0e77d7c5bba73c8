"""Calls between processes through the queue server: heard at once by all who listen, missed by all who do not."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

from arq.connections import ArqRedis

from app.queue.connection import AWAY

PREFIX: Final = "lineup:notice:"
AGAIN_SECONDS: Final = 1.0  # between two tries to reach a server that is away
QUIET_SECONDS: Final = 10.0  # without a call; then the connection is looked after


class RedisNotices:
    """`Notices` on a pool from `connect`. A server that is away costs the call, never the caller."""

    def __init__(self, redis: ArqRedis) -> None:
        self._redis = redis

    async def call(self, topic: str) -> None:
        with contextlib.suppress(*AWAY):
            await self._redis.publish(PREFIX + topic, b"")

    async def listen(self, topic: str, heard: Callable[[], None]) -> None:
        while True:
            with contextlib.suppress(*AWAY):
                await self._listen(topic, heard)
            await asyncio.sleep(AGAIN_SECONDS)

    async def _listen(self, topic: str, heard: Callable[[], None]) -> None:
        async with self._redis.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(PREFIX + topic)
            heard()  # whatever was called while nobody listened
            while True:
                if await channel.get_message(timeout=QUIET_SECONDS) is not None:
                    heard()
