"""Errors towards clients: one shape (RFC 9457), one place where kinds of errors become status codes."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.paths import shown
from app.core import jsonio
from app.core.errors import Conflict, Gone, Invalid, LeaseLost, LineupError, NotFound, NotReady, ProviderError

STATUSES: Final[tuple[tuple[type[LineupError], HTTPStatus], ...]] = (
    (Invalid, HTTPStatus.UNPROCESSABLE_ENTITY),
    (NotFound, HTTPStatus.NOT_FOUND),
    (Conflict, HTTPStatus.CONFLICT),
    (LeaseLost, HTTPStatus.CONFLICT),
    (Gone, HTTPStatus.GONE),
    (NotReady, HTTPStatus.SERVICE_UNAVAILABLE),
    (ProviderError, HTTPStatus.BAD_GATEWAY),
)
CODES: Final = {404: "not_found", 405: "method_not_allowed", 406: "not_acceptable", 413: "too_large", 415: "media_type"}
MEDIA_TYPE: Final = "application/problem+json"
PLACES: Final = frozenset({"body", "query", "path", "header", "cookie"})

Dressed = Callable[[Scope, Response], Response | None]

log = structlog.get_logger(__name__)


def problem(
    status: int,
    detail: str,
    *,
    code: str,
    members: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem document; `members` join it."""
    body = {
        "type": f"urn:lineup:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "detail": detail,
        "code": code,
        **(members or {}),
    }
    return Response(jsonio.dumps(body), status, headers, media_type=MEDIA_TYPE)


def invalid(errors: Sequence[tuple[str, str]], *, code: str = "invalid") -> Response:
    """422 that names each field."""
    listed = [{"field": field, "message": message} for field, message in errors]
    detail = "; ".join(f"{field}: {message}" if field else message for field, message in errors)
    return problem(422, detail, code=code, members={"errors": listed})


def install(app: FastAPI) -> None:
    """Teaches an application to answer every error as a problem."""
    app.add_exception_handler(LineupError, _lineup_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)


class Failsafe:
    """Answers what nobody expected with a plain 500; the trace goes to the log, never to a client.

    `dressed` may put something around the problem for whoever did not ask for one.
    """

    def __init__(self, app: ASGIApp, *, dressed: Dressed | None = None) -> None:
        self._app = app
        self._dressed = dressed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            log.exception("request_failed", method=scope["method"], path=shown(scope))
            if started:
                raise  # half an answer is out: the connection has to break, or it would look whole
            answer = problem(500, "Something went wrong here. The log of the server knows more.", code="internal_error")
            if self._dressed is not None:
                answer = self._dressed(scope, answer) or answer
            await answer(scope, receive, send)


async def _lineup_error(_request: Request, error: Exception) -> Response:
    if isinstance(error, Invalid):
        return invalid(error.errors, code=error.code)
    if not isinstance(error, LineupError):
        raise error
    status = next((status for kind, status in STATUSES if isinstance(error, kind)), None)
    if status is None:
        log.error("request_failed", code=error.code, reason=error.detail)
        return problem(500, "Something is set up wrong here. The log of the server knows more.", code=error.code)
    retry_after = getattr(error, "retry_after", None)
    headers = {"Retry-After": str(max(1, round(retry_after)))} if retry_after is not None else None
    return problem(status, error.detail, code=error.code, members=getattr(error, "members", None), headers=headers)


async def _validation_error(_request: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    if any(one["type"] == "json_invalid" for one in found):
        return invalid([("body", "This is not JSON.")], code="malformed_json")
    return invalid([(_field(one["loc"]), _sentence(one["msg"])) for one in found])


async def _http_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == HTTPStatus.BAD_REQUEST and isinstance(error.__cause__, ValueError):
        return invalid([("body", "This is not JSON.")], code="malformed_json")
    code = CODES.get(error.status_code, HTTPStatus(error.status_code).phrase.lower().replace(" ", "_"))
    detail = str(error.detail)
    if detail == HTTPStatus(error.status_code).phrase:
        detail = _DETAILS.get(error.status_code, detail)
    return problem(error.status_code, detail, code=code, headers=error.headers)


_DETAILS: Final = {404: "There is nothing at this address.", 405: "This address does not take that method."}


def _field(place: Sequence[int | str]) -> str:
    names = [str(part) for part in place]
    inner = names[1:] if names and names[0] in PLACES else names
    return ".".join(inner) or (names[0] if names else "")


def _sentence(message: str) -> str:
    text = message.removeprefix("Value error, ")
    return text if text.endswith(".") else f"{text}."
