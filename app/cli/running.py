"""How commands run: settings, logs and the context that every process has, on a loop that commands own."""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, ParamSpec

import typer
from sqlalchemy.exc import SQLAlchemyError
from uvicorn.loops.auto import auto_loop_factory

from app.cli.codes import FAILED
from app.config import Settings, load_settings
from app.context import ProcessContext, open_context
from app.core.errors import Invalid, LineupError, Misconfigured, NotFound
from app.core.logs import configure_logs
from app.registry.views import ProviderView

Arguments = ParamSpec("Arguments")


def awaited(body: Callable[Arguments, Coroutine[Any, Any, None]]) -> Callable[Arguments, None]:
    """Makes a command of a coroutine."""

    @functools.wraps(body)
    def command(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        try:
            with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
                runner.run(body(*args, **kwargs))
        except SQLAlchemyError as error:
            raise LineupError(f"{type(error).__name__}: {error}") from error

    return command


@asynccontextmanager
async def opened(settings: Settings | None = None) -> AsyncIterator[ProcessContext]:
    """The process's context for a command that ends by itself; only what went wrong is logged."""
    chosen = settings or load_settings()
    quiet(chosen)
    async with open_context(chosen) as context:
        yield context


def quiet(settings: Settings) -> None:
    """Logs of a command whose own output is what a person wants to see."""
    level = "warning" if settings.log_level == "info" else settings.log_level
    configure_logs(form=settings.log_format, level=level)


def database_settings() -> Settings:
    """Settings of a command that needs the database alone, with the folder that it may lie in."""
    settings = load_settings()
    quiet(settings)
    if settings.database_url is None:
        try:
            settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Misconfigured(f"LINEUP_DATA_DIR: cannot make {settings.data_dir}: {error.strerror}") from None
    return settings


async def named(context: ProcessContext, provider: str) -> ProviderView:
    """The provider that is meant by an id, else by a name."""
    views = await context.registry.list()
    found = [view for view in views if view.id == provider] or [view for view in views if view.name == provider]
    if not found:
        raise NotFound(f"There is no provider {provider}; see `lineup provider list`.")
    if len(found) > 1:
        ids = ", ".join(view.id for view in found)
        raise Invalid([("provider", f"Several are named {provider}; use one of the ids {ids}.")])
    return found[0]


def ended(*, well: bool) -> None:
    """The exit code of a command that did what it could."""
    if not well:
        raise typer.Exit(FAILED)
