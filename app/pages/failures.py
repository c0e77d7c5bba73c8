"""Errors as people read them. The API's own words, in a page where a page was asked for."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Scope

from app.core import jsonio
from app.core.errors import LineupError
from app.pages.look import page
from app.pages.routing import is_page

HEADINGS: Final = {
    404: "Not found",
    405: "Not possible",
    409: "Not now",
    410: "Gone",
    422: "That cannot be used",
    502: "The provider did not help",
    503: "Not ready yet",
}

Handler = Callable[[Request, Exception], Awaitable[Response]]


def install(app: FastAPI) -> None:
    """Puts a page around the problems of routes that answer with pages; everybody else gets what they got."""
    for kind in (LineupError, RequestValidationError, HTTPException):
        plain: Any = app.exception_handlers[kind]
        app.add_exception_handler(kind, _paged(plain))


def failed_page(scope: Scope, problem: Response) -> Response | None:
    """A problem as a page; None where nobody asked for one."""
    if not _for_people(scope):
        return None
    told = jsonio.loads(bytes(problem.body)) if problem.body else {}
    status = problem.status_code
    heading = HEADINGS.get(status, HTTPStatus(status).phrase)
    answer = page(Request(scope), "failure.html", status, heading=heading, detail=told.get("detail", ""), status=status)
    if wait := problem.headers.get("retry-after"):
        answer.headers["retry-after"] = wait
    return answer


def _paged(plain: Handler) -> Handler:
    async def handler(request: Request, error: Exception) -> Response:
        answer = await plain(request, error)
        return failed_page(request.scope, answer) or answer

    return handler


def _for_people(scope: Scope) -> bool:
    known = is_page(scope)
    if known is not None:
        return known
    return not scope["path"].startswith("/api/") and "text/html" in Headers(scope=scope).get("accept", "")
