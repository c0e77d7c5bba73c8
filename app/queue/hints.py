"""Hints in the queue server: written without care, read without trust."""

import contextlib
from collections.abc import Mapping
from typing import Any

from arq.connections import ArqRedis

from app.core.jsonio import JSONDecodeError, dumps, loads
from app.queue.connection import AWAY

PREFIX = "lineup:hint:"
# One round trip, by the server's own clock: those of the processes may differ. A field is `until value`.
SHARE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], (now + ARGV[3]) .. ' ' .. ARGV[2])
redis.call('PEXPIRE', KEYS[1], math.max(ARGV[3], redis.call('PTTL', KEYS[1])))
local all, live = redis.call('HGETALL', KEYS[1]), {}
for place = 1, #all, 2 do
    local gap = string.find(all[place + 1], ' ', 1, true)
    if gap and tonumber(string.sub(all[place + 1], 1, gap - 1)) > now then
        table.insert(live, all[place])
        table.insert(live, string.sub(all[place + 1], gap + 1))
    else
        redis.call('HDEL', KEYS[1], all[place])
    end
end
return live
"""


class RedisHints:
    """`Hints` on a pool from `connect`. A server that is away costs the hint, never the caller."""

    def __init__(self, redis: ArqRedis) -> None:
        self._redis = redis
        self._share = redis.register_script(SHARE)

    async def put(self, key: str, value: Mapping[str, Any], *, ttl_seconds: int) -> None:
        with contextlib.suppress(*AWAY):
            await self._redis.set(PREFIX + key, dumps(dict(value)), ex=ttl_seconds)

    async def get(self, key: str) -> Mapping[str, Any] | None:
        with contextlib.suppress(*AWAY):
            found = await self._redis.get(PREFIX + key)
            return _object(found) if found else None
        return None

    async def share(
        self, key: str, member: str, value: Mapping[str, Any], *, ttl_seconds: float
    ) -> Mapping[str, Mapping[str, Any]]:
        told: list[bytes | str | int] = [member, dumps(dict(value)), round(ttl_seconds * 1000)]
        with contextlib.suppress(*AWAY):
            found = await self._share(keys=[PREFIX + key], args=told)
            pairs = zip(found[::2], found[1::2], strict=True)
            return {name.decode(): shared for name, text in pairs if (shared := _object(text)) is not None}
        return {}


def _object(text: bytes) -> dict[str, Any] | None:
    with contextlib.suppress(JSONDecodeError):
        value = loads(text)
        return value if isinstance(value, dict) else None
    return None
