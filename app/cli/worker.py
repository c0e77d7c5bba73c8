"""The worker as a process, and what it tells of itself where somebody wants to know."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import structlog
import uvicorn

from app.cli.running import awaited
from app.cli.serve import address_of, bound
from app.config import Settings, load_settings
from app.core.logs import configure_logs, hear_uncaught
from app.main import create_exposition
from workers.lifecycle import run_worker

log = structlog.get_logger(__name__)


class _Beside(uvicorn.Server):
    """Uvicorn without its own signals: they are the worker's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@awaited
async def worker() -> None:
    """Run syncs for servers that share LINEUP_REDIS_URL."""
    settings = load_settings()
    configure_logs(form=settings.log_format, level=settings.log_level)
    hear_uncaught()
    async with exposed(settings):
        await run_worker(settings)


@contextlib.asynccontextmanager
async def exposed(settings: Settings) -> AsyncIterator[None]:
    """Serves /health and /metrics beside the block, by the loop that does the work: it answers while that turns."""
    if settings.metrics_port is None:
        yield
        return
    with bound(settings.host, settings.metrics_port, "LINEUP_METRICS_PORT") as listening:
        config = uvicorn.Config(
            create_exposition(settings),
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        server = _Beside(config)
        task = asyncio.create_task(server.serve([listening]))
        log.info("exposing", url=address_of(listening))
        try:
            yield
        finally:
            server.should_exit = True
            await task
