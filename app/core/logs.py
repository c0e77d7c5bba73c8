"""Logs: one line per event on standard error, for people or machines, without a secret in it."""

import logging
import logging.config
import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Final, Literal

import structlog

HIDDEN: Final = "***"
_SECRET_KEY = re.compile(
    r"(^|_)(password|passwd|pwd|mac|token|authorization|cookie|secret|key|credentials|serial\w*|device_?id2?|signature)$",
    re.IGNORECASE,
)
_IN_TEXT: Final = (
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/\s@'\"]+@", re.IGNORECASE), rf"\1{HIDDEN}@"),
    (re.compile(r"\b(?:[0-9a-f]{2}(?::|%3a)){5}[0-9a-f]{2}\b", re.IGNORECASE), HIDDEN),
    (
        re.compile(
            r"((?:^|[?&\s;])(?:user(?:name)?|pass(?:word)?|mac|token|play_token|key|sn|device_id2?|signature)=)[^&\s'\";]+",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"(\bauthorization:?\s*(?:bearer|basic)?\s+|\bbearer\s+)[^\s'\",]+", re.IGNORECASE), rf"\1{HIDDEN}"),
    # Xtream carries the account in the path: /live/user/password/1.ts
    (re.compile(r"(/(?:live|movie|series|timeshift)/)[^/\s]+/[^/\s]+/", re.IGNORECASE), rf"\1{HIDDEN}/{HIDDEN}/"),
)
# Libraries whose own news is noise: a line for every poll, job or request.
_QUIET: Final = ("arq", "aiosqlite", "asyncio", "httpx", "httpcore", "alembic")


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
    handler = logging.StreamHandler()
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


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor that hides secrets by the name of their key and by how they look in a text."""
    return {name: _clean(name, value) for name, value in event.items()}


def scrub(text: str) -> str:
    """The text without credentials in URLs, MAC addresses and tokens."""
    for pattern, replacement in _IN_TEXT:
        text = pattern.sub(replacement, text)
    return text


def _clean(name: str, value: Any) -> Any:
    if value is not None and _SECRET_KEY.search(name):
        return HIDDEN
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, Mapping):
        return {str(key): _clean(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_clean("", inner) for inner in value]
    return value


def _renderer(form: Literal["console", "json"]) -> Any:
    if form == "json":
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)


def _integrate(*, verbose: bool) -> None:
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", *_QUIET):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.setLevel(logging.NOTSET)
    for name in () if verbose else _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
