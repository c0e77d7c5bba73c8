"""The server as a process, with a worker inside where there is no Redis."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Final

import structlog
import typer
import uvicorn
from fastapi import FastAPI

from app.cli.running import awaited
from app.config import Settings, load_settings
from app.core.errors import Misconfigured
from app.core.logs import configure_logs, hear_uncaught
from app.main import create_app
from workers.lifecycle import embedded_worker, repairs

GRACE_SECONDS: Final = 3  # for downloads under way
HIGHEST_PORT: Final = 65535

HostOption = Annotated[str | None, typer.Option("--host", help="Address to listen on; default LINEUP_HOST.")]
PortOption = Annotated[
    int | None,
    typer.Option("--port", min=0, max=HIGHEST_PORT, help="Port to listen on, 0 = any; default LINEUP_PORT."),
]

log = structlog.get_logger(__name__)


class Server(uvicorn.Server):
    """Uvicorn without its own signals: it would raise them again before the worker and the queue are closed."""

    def __init__(self, config: uvicorn.Config, *, leave: Callable[[], None]) -> None:
        super().__init__(config)
        self._leave = leave
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accepts connections from here on."""
        await super().startup(sockets)
        self.up.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Streams that never end by themselves end first."""
        self._leave()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def end(self) -> None:
        """Ends softly the first time, at once the second."""
        self.force_exit = self.should_exit
        self.should_exit = True


@awaited
async def serve(host: HostOption = None, port: PortOption = None) -> None:
    """Serve the API; without LINEUP_REDIS_URL also run the syncs."""
    settings = load_settings(host=host, port=port)
    configure_logs(form=settings.log_format, level=settings.log_level)
    hear_uncaught()
    with listener(settings) as listening:
        app = create_app(settings, background=embedded_worker if settings.embedded else repairs)
        async with serving(app, listening) as server:
            log.info("serving", url=address_of(listening), data_dir=str(settings.data_dir))
            await server


def listener(settings: Settings) -> contextlib.AbstractContextManager[socket.socket]:
    """The server's port, taken before anything else is begun."""
    return bound(settings.host, settings.port, "LINEUP_PORT", hint="; another port is chosen with --port")


@contextlib.contextmanager
def bound(host: str, port: int, variable: str, *, hint: str = "") -> Iterator[socket.socket]:
    """A port, taken; `variable` is what an operator may change where it cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind((host, port))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            told = f"LINEUP_HOST, {variable}: cannot listen on {host}:{port}: {reason}"
            raise Misconfigured(f"{told}{hint}") from None
        yield taken


def address_of(listening: socket.socket) -> str:
    """The server's URL."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextlib.asynccontextmanager
async def serving(app: FastAPI, listening: socket.socket) -> AsyncIterator[asyncio.Task[None]]:
    """Serves beside the block; the task ends with SIGINT or SIGTERM. What the application needs is open meanwhile."""
    config = uvicorn.Config(
        app,
        lifespan="off",  # entered here, so that what is wrong with the settings is raised here
        log_config=None,
        log_level="warning",  # that it starts and ends is told here once
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    async with app.router.lifespan_context(app):
        server = Server(config, leave=app.state.context.end_waits)
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, server.end)
        task = asyncio.create_task(server.serve([listening]))
        try:
            await asyncio.wait([task, asyncio.create_task(server.up.wait())], return_when=asyncio.FIRST_COMPLETED)
            yield task
        finally:
            server.should_exit = True
            await task
