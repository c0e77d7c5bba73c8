"""One pool of connections to the queue server, set up so that a restart of it is a pause and no accident."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import orjson
from arq.connections import ArqRedis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import BusyLoadingError, ConnectionError, RedisError, TimeoutError  # noqa: A004

from app.core.errors import Misconfigured, NotReady

# Keys of the library are global, so the URL should name a database number of Lineup's own as well.
QUEUE_NAME: Final = "lineup:queue"
# A server on the same machine or network answers in milliseconds; a silent one must not hold a request.
ANSWER_SECONDS: Final = 5.0
CONNECT_SECONDS: Final = 2.0
AWAY: Final = (RedisError, OSError, TimeoutError)


def connect(url: str) -> ArqRedis:
    """A pool for `redis://…`, `rediss://…` or `unix://…`; nothing is sent yet."""
    try:
        pool: ArqRedis = ArqRedis.from_url(
            url,
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=CONNECT_SECONDS,
            retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), retries=3),
            retry_on_error=[ConnectionError, TimeoutError, BusyLoadingError],
            health_check_interval=30,
        )
    except ValueError:
        raise Misconfigured("LINEUP_REDIS_URL is not a redis://, rediss:// or unix:// URL") from None
    # The library's default is pickle: whoever writes to the queue could run code in a worker.
    pool.job_serializer = encode
    pool.job_deserializer = orjson.loads
    pool.default_queue_name = QUEUE_NAME
    return pool


def encode(value: Any) -> bytes:
    """JSON; of an error only its name, whose text may hold more than a queue should."""
    return orjson.dumps(value, default=lambda thing: type(thing).__name__)


@contextmanager
def reachable() -> Iterator[None]:
    """Whatever goes wrong on the way to the server is `NotReady`."""
    try:
        yield
    except AWAY as error:
        raise NotReady(f"The queue cannot be reached ({type(error).__name__}).", code="queue_unavailable") from error
