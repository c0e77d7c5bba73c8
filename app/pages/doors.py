"""People at the door: a key is asked for once, a cookie remembers that it was known."""

import secrets
import time
from collections.abc import Sequence
from hashlib import sha256
from hmac import compare_digest
from hmac import new as keyed
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from fastapi import Response
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import Scope

from app.pages.assets import PREFIX

SIGN_IN: Final = "/sign-in"
COOKIE: Final = "lineup-session"
SECONDS: Final = 14 * 86_400
SAFE: Final = frozenset({"GET", "HEAD"})
API: Final = "/api/"


class Sessions:
    """A session is signed with the key that opened it: it ends with that key, and no process has to remember it."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = [sha256(b"lineup session\0" + key.encode()).digest() for key in keys]
        self._digests = [sha256(key.encode()).digest() for key in keys]

    def opened(self, key: str) -> str | None:
        """A new session for whoever knows a key."""
        given, found = sha256(key.encode("utf-8", "replace")).digest(), None
        for digest, signer in zip(self._digests, self._keys, strict=True):
            if compare_digest(digest, given):
                found = signer
        if found is None:
            return None
        words = f"{int(time.time()) + SECONDS}.{secrets.token_urlsafe(12)}"
        return f"{words}.{_signed(found, words)}"

    def is_open(self, session: str) -> bool:
        """Whether a session was opened here and goes on."""
        words, _, mark = session.rpartition(".")
        until, known = words.partition(".")[0], False
        for signer in self._keys:
            known |= compare_digest(_signed(signer, words).encode(), mark.encode("utf-8", "replace"))
        return known and until.isdigit() and int(until) > time.time()


class Reception:
    """Lets in whoever has a session, and shows others where to sign in."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._sessions = Sessions(keys)

    def is_public(self, scope: Scope) -> bool:
        """What is needed to sign in is there for everybody."""
        path: str = scope["path"]
        return path == SIGN_IN or path.startswith(PREFIX)

    def admits(self, scope: Scope) -> bool:
        """A session reads everything; what it changes it changes through pages, whose forms are marked."""
        if scope["method"] not in SAFE and scope["path"].startswith(API):
            return False
        session = cookie_parser(Headers(scope=scope).get("cookie", "")).get(COOKIE)
        return session is not None and self._sessions.is_open(session)

    def turned_away(self, scope: Scope) -> Response | None:
        """What somebody with a browser sees instead of a page; None for everybody else."""
        headers = Headers(scope=scope)
        if scope["path"].startswith(API) or (
            "text/html" not in headers.get("accept", "") and "hx-request" not in headers
        ):
            return None
        query = scope["query_string"].decode("latin-1")
        wanted = scope["path"] + (f"?{query}" if query else "") if scope["method"] in SAFE else "/"
        place = f"{SIGN_IN}?next={quote(wanted, safe='')}"
        if "hx-request" in headers:
            return Response(status_code=HTTPStatus.UNAUTHORIZED, headers={"hx-redirect": SIGN_IN})
        return Response(status_code=HTTPStatus.SEE_OTHER, headers={"location": place, "cache-control": "no-store"})


def inside(path: str) -> str:
    """A place of this server to go to; the first page for any other."""
    fits = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path
    return path if fits else "/"


def _signed(key: bytes, words: str) -> str:
    return keyed(key, words.encode("utf-8", "replace"), sha256).hexdigest()
