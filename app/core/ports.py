"""Ports: what the floors below need from the outside, without knowing who provides it."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol


class JobQueue(Protocol):
    """Hands ids of jobs to workers. The database is the record: losing the queue loses time, no job."""

    async def enqueue(self, task: str, *args: str | int, job_id: str, delay_ms: int = 0) -> bool:
        """False when this `job_id` is already queued or running."""
        ...

    async def requeue(self, task: str, *args: str | int, job_id: str) -> bool:
        """Queues a job that no worker runs, whatever a lost one left of it; False when it waits in the queue."""
        ...

    async def ping(self) -> None:
        """Raises `NotReady` when the queue cannot be reached."""
        ...

    async def workers_alive(self) -> bool:
        """Whether any worker reported its health lately."""
        ...


class Hints(Protocol):
    """Small facts shared between processes that may be lost at any time (progress, windows)."""

    async def put(self, key: str, value: Mapping[str, Any], *, ttl_seconds: int) -> None: ...

    async def get(self, key: str) -> Mapping[str, Any] | None: ...

    async def share(
        self, key: str, member: str, value: Mapping[str, Any], *, ttl_seconds: float
    ) -> Mapping[str, Mapping[str, Any]]:
        """Puts what `member` tells below `key`; returns what all who told something lately told, this one too.

        What a member told is dropped after its own `ttl_seconds`. Empty when it could not be shared.
        """
        ...


class Notices(Protocol):
    """Calls without words to all processes, which may be missed: who hears one looks for what is new."""

    async def call(self, topic: str) -> None: ...

    async def listen(self, topic: str, heard: Callable[[], None]) -> None:
        """Until it is cancelled; `heard` also after a pause in which a call may have been missed."""
        ...


class Quotas(Protocol):
    """So many of something a minute; a minute's worth may come at once."""

    async def take(self, key: str, *, per_minute: int) -> float:
        """Takes one of a key's; 0, or the seconds after which there is one again."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactInfo:
    """A stored artifact: its name in the store (its SHA-256 in hex) and its length in bytes."""

    sha256: str
    bytes: int


class ArtifactWriter(Protocol):
    """An artifact being written; nothing is visible before `commit`."""

    async def write(self, data: bytes) -> None: ...

    async def commit(self) -> ArtifactInfo:
        """Makes it visible, all of it and for good: durable when this returns."""
        ...


class ArtifactStore(Protocol):
    """Content-addressed, immutable files. Every call raises `NotReady` when the store is away, and stores no half."""

    def create(self) -> AbstractAsyncContextManager[ArtifactWriter]:
        """What is not committed when the block ends is discarded."""
        ...

    async def read(self, sha256: str, offset: int, length: int) -> bytes:
        """Raises `NotFound` when there is no such artifact, or it is shorter."""
        ...

    def stream(self, sha256: str, offset: int, length: int) -> AsyncIterator[bytes]:
        """The same range in chunks that are small beside it."""
        ...

    async def delete(self, sha256: str, *, min_age: float = 0) -> None:
        """Unless it was committed (again) less than `min_age` seconds ago; harmless when there is none."""
        ...

    async def aged(self, seconds: float) -> Sequence[str]:
        """The artifacts last committed longer ago than this: candidates for a sweep."""
        ...

    async def drop_unfinished(self) -> int:
        """Removes what dead writers left behind, never what a live one is writing; returns how many."""
        ...
