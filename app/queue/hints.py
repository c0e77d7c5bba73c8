"""Hints in the queue server: written without care, read without trust."""

import contextlib
from collections.abc import Mapping
from typing import Any

from arq.connections import ArqRedis

from app.core.jsonio import JSONDecodeError, dumps, loads
from app.queue.connection import AWAY

PREFIX = "lineup:hint:"


class RedisHints:
    """`Hints` on a pool from `connect`. A server that is away costs the hint, never the caller."""

    def __init__(self, redis: ArqRedis) -> None:
        self._redis = redis

    async def put(self, key: str, value: Mapping[str, Any], *, ttl_seconds: int) -> None:
        with contextlib.suppress(*AWAY):
            await self._redis.set(PREFIX + key, dumps(dict(value)), ex=ttl_seconds)

    async def get(self, key: str) -> Mapping[str, Any] | None:
        with contextlib.suppress(*AWAY, JSONDecodeError):
            found = await self._redis.get(PREFIX + key)
            value = loads(found) if found else None
            return value if isinstance(value, dict) else None
        return None
