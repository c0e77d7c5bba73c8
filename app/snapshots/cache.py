"""Bytes kept for the next reader, the least recently used forgotten first."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

Value = TypeVar("Value")

ENTRY_BYTES: Final = 512  # what an entry costs beside its content


class Cache(Generic[Value]):
    """Bounded by the sum of the sizes of its values; a value that is being made is made once for all who wait."""

    def __init__(self, limit: int, size: Callable[[Value], int]) -> None:
        self._limit = limit
        self._size = size
        self._used = 0
        self._values: OrderedDict[str, Value] = OrderedDict()
        self._making: dict[str, asyncio.Task[Value]] = {}

    def find(self, key: str) -> Value | None:
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    async def get(self, key: str, make: Callable[[], Awaitable[Value]]) -> Value:
        """The value, made when it is not there; whoever stops waiting leaves the others their result."""
        found = self.find(key)
        if found is not None:
            return found
        task = self._making.get(key)
        if task is None:
            task = self._making[key] = asyncio.create_task(self._make(key, make))
        return await asyncio.shield(task)

    @property
    def used(self) -> int:
        """Bytes held."""
        return self._used

    async def _make(self, key: str, make: Callable[[], Awaitable[Value]]) -> Value:
        try:
            value = await make()
        finally:
            del self._making[key]
        self._keep(key, value)
        return value

    def _keep(self, key: str, value: Value) -> None:
        self._values[key] = value
        self._used += self._size(value) + ENTRY_BYTES
        while self._used > self._limit:
            _, dropped = self._values.popitem(last=False)
            self._used -= self._size(dropped) + ENTRY_BYTES
