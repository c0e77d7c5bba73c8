"""Forms that only our own pages can send: a secret in a cookie, and its mark in every form."""

import secrets
from hashlib import sha256
from hmac import compare_digest
from hmac import new as keyed
from typing import Final

COOKIE: Final = "lineup-forms"
FIELD: Final = "csrf"
HEADER: Final = "x-csrf-token"


def new_secret() -> str:
    """What a browser keeps."""
    return secrets.token_urlsafe(24)


def new_token(cookie: str) -> str:
    """A mark of the secret, another each time: a compressed page tells nothing of it by its length."""
    nonce = secrets.token_urlsafe(9)
    return f"{nonce}.{_mark(cookie, nonce)}"


def is_ours(cookie: str | None, token: str) -> bool:
    """Whether a page of ours made the form for the browser that sent it."""
    nonce, _, mark = token.partition(".")
    return bool(cookie) and compare_digest(_mark(cookie or "", nonce).encode(), mark.encode())


def _mark(cookie: str, nonce: str) -> str:
    return keyed(cookie.encode(), nonce.encode(), sha256).hexdigest()[:32]
