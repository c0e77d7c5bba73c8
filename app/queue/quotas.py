"""Limits that all processes share, kept by the queue server and its clock."""

import asyncio
import time
from typing import Final

from arq.connections import ArqRedis

from app.core.quota import Buckets
from app.queue.connection import AWAY

PREFIX: Final = "lineup:rate:"
ANSWER_SECONDS: Final = 0.5  # a request waits no longer to learn whether it may come in
AWAY_SECONDS: Final = 5.0  # a server that is away is asked again after this
# As `Buckets` counts: when the bucket is full again, in ms.
TAKE: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local full = math.max(now, tonumber(redis.call('GET', KEYS[1]) or now)) + 60000 / ARGV[1]
local wait = full - now - 60000
if wait > 0.5 then return math.ceil(wait) end
redis.call('SET', KEYS[1], string.format('%.3f', full), 'PX', math.ceil(full - now))
return 0
"""


class RedisQuotas:
    """`Quotas` of all processes together. While the server is away each process counts for itself."""

    def __init__(self, redis: ArqRedis) -> None:
        self._take = redis.register_script(TAKE)
        self._own = Buckets()
        self._asked_from = 0.0

    async def take(self, key: str, *, per_minute: int) -> float:
        # What one process sees alone is too much for all: no need to ask.
        wait = await self._own.take(key, per_minute=per_minute)
        if wait or time.monotonic() < self._asked_from:
            return wait
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return int(await self._take(keys=[PREFIX + key], args=[per_minute])) / 1000
        except AWAY:
            self._asked_from = time.monotonic() + AWAY_SECONDS
            return 0.0
