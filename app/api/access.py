"""API keys: with any set or ever made, every route wants one but /health* and what players open by other words."""

import re
from collections.abc import Sequence
from hashlib import sha256
from hmac import compare_digest
from typing import Final, Protocol
from urllib.parse import parse_qs

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.access.desk import AccessDesk
from app.access.keys import Caller
from app.api.callers import ANYBODY, CALLER, SESSION, configured, desk_of
from app.api.errors import problem

OPEN_PREFIX: Final = "/health"
# Exactly what routes/player.py takes: there a playlist user's name and password stand in the query or in the path.
_PLAYERS: Final = re.compile(
    r"/(?:player_api|panel_api|get|xmltv|streaming/timeshift)\.php"
    r"|/timeshift/[^/]+/[^/]+/[^/]+/[^/]+/[0-9]{1,10}(?:\.[A-Za-z0-9]{1,8})?"
    r"|(?:/(?:live|movie|series))?/(?!api/)[^/]+/[^/]+/[0-9]{1,10}(?:\.[A-Za-z0-9]{1,8})?",
    re.ASCII,
)
# Files of playlists and what plays in them: a word in the path opens them, or fails to.
_WORDS: Final = re.compile(r"/(?:p|hdhr|play|relay)/.+", re.ASCII)
_TOKENS: Final = ("/playlist/", "/epg/")  # the same, where it stands in the query; without one a key is needed


class Reception(Protocol):
    """Whoever receives people with a browser, where there are pages."""

    def is_public(self, scope: Scope) -> bool: ...

    def admits(self, scope: Scope) -> bool: ...

    def turned_away(self, scope: Scope) -> ASGIApp | None:
        """What they see instead; None = what clients of the API see."""
        ...


class ApiKeys:
    """Lets through who knows a key, and keeps what they get out of shared caches."""

    def __init__(self, app: ASGIApp, *, keys: Sequence[str], reception: Reception | None = None) -> None:
        self._app = app
        self._reception = reception
        # Digests have one length: comparing them tells nothing about the keys, not even how long they are.
        self._digests = [_digest(key.encode()) for key in keys]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        desk = desk_of(scope) if scope["type"] == "http" else None
        if scope["type"] != "http" or _is_open(scope) or self._is_public(scope):
            await self._app(scope, receive, send)
        elif not self._digests and not (desk and desk.keys.needed):
            scope[CALLER] = ANYBODY
            await self._app(scope, receive, send)
        elif caller := self._caller(scope, desk):
            scope[CALLER] = caller
            await self._app(scope, receive, _private(send))
        elif self._reception and (shown := self._reception.turned_away(scope)):
            await shown(scope, receive, send)
        else:
            headers = {"WWW-Authenticate": "Bearer"}
            answer = problem(
                401,
                "An API key is needed: X-API-Key, Authorization: Bearer, or ?key=.",
                code="unauthorized",
                headers=headers,
            )
            await answer(scope, receive, send)

    def _is_public(self, scope: Scope) -> bool:
        return self._reception is not None and self._reception.is_public(scope)

    def _caller(self, scope: Scope, desk: AccessDesk | None) -> Caller | None:
        """Whose request it is: that of the key in the settings, of a stored one, of a session."""
        for word in _presented(scope):
            found = self._configured(word) or (desk.keys.find(word) if desk else None)
            if found is not None:
                return found
        return SESSION if self._reception is not None and self._reception.admits(scope) else None

    def _configured(self, word: bytes) -> Caller | None:
        given, found = _digest(word), None
        for place, digest in enumerate(self._digests, 1):
            if compare_digest(given, digest):
                found = configured(place)
        return found


def _is_open(scope: Scope) -> bool:
    path = scope["path"]
    if path == OPEN_PREFIX or path.startswith(f"{OPEN_PREFIX}/"):
        return True
    if path.startswith(_TOKENS):
        return bool(_queried(scope, "token"))
    return any(known.fullmatch(path) for known in (_PLAYERS, _WORDS))


def _presented(scope: Scope) -> list[bytes]:
    headers = dict(scope["headers"])
    found = [headers.get(b"x-api-key", b"").strip()]
    scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() == b"bearer":
        found.append(token.strip())
    found += [word.encode("utf-8", "replace") for word in _queried(scope, "key")[:1]]
    return [word for word in found if word]


def _queried(scope: Scope, name: str) -> list[str]:
    return parse_qs(scope["query_string"].decode("latin-1")).get(name, [])


def _private(send: Send) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            control = headers.get("cache-control", "")
            if control.startswith("public"):
                headers["cache-control"] = f"private{control.removeprefix('public')}"
        await send(message)

    return guarded


def _digest(word: bytes) -> bytes:
    return sha256(word).digest()
