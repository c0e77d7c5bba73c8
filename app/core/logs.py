"""Logs: one line per event on standard error, for people or machines, without a secret in it."""

import logging
import logging.config
import sys
import threading
from types import TracebackType
from typing import Any, Final, Literal

import structlog

from app.core.redaction import redact

# Libraries whose own news is noise: a line for every poll, job or request.
_QUIET: Final = ("arq", "asyncio", "httpx", "httpcore", "alembic")
# A line for every statement or request, with all that it carries: megabytes for one batch of a sync.
_SILENT: Final = ("aiosqlite", "aiobotocore", "botocore")

log = structlog.get_logger(__name__)


class _Handler(logging.StreamHandler[Any]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        # The library's own answer shows the message and its arguments as they are.
        kind = sys.exc_info()[0]
        self.stream.write(f"a log line of {record.name} was lost ({kind.__name__ if kind else 'unknown'})\n")


def configure_logs(*, form: Literal["console", "json"], level: str) -> None:
    """Sends everything, libraries included, through one formatter; call it once per process."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _Handler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(form)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    _integrate(verbose=level == "debug")


def hear_uncaught() -> None:
    """What ends the process or one of its threads is a line like any other; Python's own trace would hide nothing."""

    def ended(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.critical("process_fell_over", exc_info=(kind, error, trace))

    def thread_ended(given: threading.ExceptHookArgs) -> None:
        error = given.exc_value or given.exc_type()
        log.critical("thread_fell_over", exc_info=(given.exc_type, error, given.exc_traceback))

    sys.excepthook, threading.excepthook = ended, thread_ended


def _renderer(form: Literal["console", "json"]) -> Any:
    if form == "json":
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)


def _integrate(*, verbose: bool) -> None:
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", *_QUIET):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.setLevel(logging.NOTSET)
    for name in _SILENT if verbose else (*_QUIET, *_SILENT):
        logging.getLogger(name).setLevel(logging.WARNING)
