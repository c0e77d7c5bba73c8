"""Which addresses tell what an account is opened with: those go to no client."""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from app.providers.base import ProviderAccount
from app.providers.m3u.home import secrets_of

OPEN_WORDS: Final = frozenset({"timezone", "language", "model", "type", "output"})  # tell nothing of whose they are
FOUND_WITHIN: Final = 4  # characters; a shorter word is a secret only where it stands alone
_ACCOUNT: Final = re.compile(r"(user(name)?|login|pass(word|wd)?|pwd|mac|sn|device_id2?)", re.IGNORECASE)
_FOLDERS: Final = re.compile(r"/(?:live|movie|series)/[^/]+/[^/]+/[0-9]+(?:\.\w+)?", re.ASCII)
_MAC: Final = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}")


def words_of(account: ProviderAccount) -> frozenset[str]:
    """What opens the account, in lower case: its credentials, and what its address holds of them."""
    own = {value for name, value in account.credentials.items() if name not in OPEN_WORDS}
    lowered = {word.casefold() for word in (*own, *secrets_of(account.url).values()) if word}
    bare = {word.replace(":", between) for word in lowered if _MAC.fullmatch(word) for between in ("", "-")}
    return frozenset(lowered | bare)


def bears(url: str, words: frozenset[str]) -> bool:
    """Whether the URL holds one of the words, or a name and password in a form that every panel knows."""
    parts = urlsplit(url)
    if "@" in parts.netloc or _FOLDERS.search(parts.path):
        return True
    if any(value and _ACCOUNT.fullmatch(name) for name, value in parse_qsl(parts.query)):
        return True
    text = unquote(unquote(url)).casefold()
    alone = frozenset(_pieces(text))
    return any(word in alone or (len(word) >= FOUND_WITHIN and word in text) for word in words)


def _pieces(text: str) -> Iterator[str]:
    for piece in re.split(r"[/?&=;,#|]", text):
        yield piece
        yield piece.rpartition(".")[0]
