"""What a key may do: which scope a request needs, how often it may ask, and the note of what it changed."""

import re
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.access.audit import Change
from app.access.desk import AccessDesk
from app.access.keys import Caller
from app.api.callers import CALLER, desk_of
from app.api.errors import problem
from app.api.limits import refusal
from app.api.paths import shown
from app.db.engine import DatabaseAway
from app.domain.access import KeyScope

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
FIRST_ERROR: Final = 400
ELSEWHERE: Final = frozenset({307, 308})  # the change is still to be asked for, at another address
_PROVIDER: Final = r"/api/(?:providers|accounts)/[^/]+"
# What is sent as a POST and changes nothing.
_ASKS: Final = re.compile(rf"{_PROVIDER}/(?:sql|filters/dry-run)|/api/rulesets/[^/]+/dry-run")
# What makes Lineup do its work; `test` logs in at the provider.
_WORKS: Final = re.compile(
    rf"/api/sync/all|{_PROVIDER}/(?:sync(?:-channels|/cancel)?|process-tags|test|tables/[^/]+/sync)"
)
# What is told to those alone who could change it: who did what, and words that let others in.
_GUARDED: Final = re.compile(r"/api/audit|/api/playlists/[^/]+/users/[^/]+/password")

log = structlog.get_logger(__name__)


def scope_of(method: str, path: str) -> KeyScope:
    """The scope that a request needs; whatever changes something and is not named here needs `admin`."""
    if method in SAFE:
        return KeyScope.ADMIN if _GUARDED.fullmatch(path) else KeyScope.READ
    if method == "POST" and _ASKS.fullmatch(path):
        return KeyScope.READ
    if method == "POST" and _WORKS.fullmatch(path):
        return KeyScope.SYNC
    return KeyScope.ADMIN


class Permits:
    """Stands behind the door: whoever comes through is known by now."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller: Caller | None = scope.get(CALLER)
        desk = desk_of(scope) if caller is not None else None
        if caller is None or desk is None:
            await self._app(scope, receive, send)
            return
        needed = scope_of(scope["method"], scope["path"])
        answer = None if caller.scope.allows(needed) else _forbidden(caller, needed)
        if caller.key is not None and answer is None:
            answer = await refusal(desk, f"key {caller.key}", per_minute=desk.per_key)
        changes = needed is not KeyScope.READ and scope["method"] not in SAFE
        await (answer or self._app)(scope, receive, _noted(desk, caller, scope, send) if changes else send)


def _forbidden(caller: Caller, needed: KeyScope) -> ASGIApp:
    return problem(
        403,
        f"This needs a key with the scope {needed}; the one that was shown has {caller.scope}.",
        code="scope_missing",
        members={"scope": needed.value},
    )


def _noted(desk: AccessDesk, caller: Caller, scope: Scope, send: Send) -> Send:
    """Notes a change before its answer leaves: nobody hears of one that is not noted."""

    async def noting(message: Message) -> None:
        if message["type"] == "http.response.start":
            status = message["status"]
            if status < FIRST_ERROR and status not in ELSEWHERE:
                await _note(desk, caller, scope, status)
        await send(message)

    return noting


async def _note(desk: AccessDesk, caller: Caller, scope: Scope, status: int) -> None:
    route = scope.get("route")
    change = Change(
        who=caller.name,
        action=getattr(route, "name", ""),
        method=scope["method"],
        path=shown(scope),
        status=status,
        request_id=structlog.contextvars.get_contextvars().get("request_id"),
    )
    try:
        await desk.audit.note(change)
    except DatabaseAway as error:
        # What was done is done, and an error would say that it was not: the log of the process keeps it.
        log.error("change_not_noted", who=change.who, action=change.action, path=change.path, reason=error.detail)
