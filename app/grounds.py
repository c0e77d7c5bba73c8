"""What a process stands on: its folder, the key of credentials, the server of the queue."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from arq.connections import ArqRedis

from app.config import Settings
from app.core.errors import Misconfigured, NotReady
from app.core.redaction import conceal
from app.db.engine import async_url
from app.queue.arq_queue import ArqQueue
from app.queue.connection import connect
from app.queue.embedded import EmbeddedValkey
from app.registry.secrets import Secrets, load_secrets


def open_secrets(settings: Settings) -> Secrets:
    """The key of credentials, where there is a folder to keep things in."""
    conceal(*_passwords(settings))
    _make_folder(settings)
    secrets = load_secrets(settings.secret_key, settings.data_dir, required=not settings.embedded)
    _check_folder(settings.resolved_database_url)
    return secrets


def _passwords(settings: Settings) -> Iterator[str]:
    yield from settings.api_keys
    for url in (settings.database_url, settings.redis_url, settings.artifacts_url):
        with suppress(ValueError):
            yield unquote(urlsplit(url or "").password or "")


def _make_folder(settings: Settings) -> None:
    """A process that keeps nothing on this machine needs no folder, and may have no disk to make one on."""
    if settings.redis_url and settings.database_url and settings.artifacts_url:
        return
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Misconfigured(f"LINEUP_DATA_DIR: cannot make {settings.data_dir}: {error.strerror}") from None


def _check_folder(database_url: str) -> None:
    """SQLite makes the file, not its folder; its driver's thread would tell of the failure in its own way as well."""
    url = async_url(database_url)
    folder = Path(url.database or "").parent
    if url.get_backend_name() == "sqlite" and not folder.is_dir():
        raise Misconfigured(f"LINEUP_DATABASE_URL: there is no folder {folder}")


async def open_queue_server(settings: Settings, stack: AsyncExitStack) -> tuple[str, EmbeddedValkey | None]:
    """Its address, and the server where it is ours; it ends with the stack."""
    if settings.redis_url is not None:
        return settings.redis_url, None
    server = EmbeddedValkey(settings.data_dir)
    stack.push_async_callback(asyncio.to_thread, server.stop)
    await asyncio.to_thread(server.start)
    return server.url, server


async def open_redis(url: str, stack: AsyncExitStack) -> ArqRedis:
    """Connections to it, which answer; closed with the stack."""
    redis = connect(url)
    stack.push_async_callback(redis.aclose)
    try:
        await ArqQueue(redis).ping()
    except NotReady as error:
        raise Misconfigured(f"LINEUP_REDIS_URL: {error.detail}") from None
    return redis
