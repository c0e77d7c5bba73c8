"""Which addresses tell what an account is opened with: those go to no client."""

import re
from base64 import b64decode
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from app.providers.base import ProviderAccount
from app.providers.m3u.home import secrets_of

OPEN_WORDS: Final = frozenset({"timezone", "language", "model", "type", "output"})  # tell nothing of whose they are
FOUND_WITHIN: Final = 4  # characters; a shorter word is a secret only where it stands alone
_ACCOUNT: Final = re.compile(r"(user(name)?|login|pass(word|wd)?|pwd|mac|sn|device_id2?)", re.IGNORECASE)
_FOLDERS: Final = re.compile(r"/(?:live|movie|series)/[^/]+/[^/]+/[0-9]+(?:\.\w+)?", re.ASCII)
_TIMES: Final = re.compile(r"/timeshift/[^/]+/[^/]+/[0-9]+/", re.ASCII)
# The oldest form of panels. Where the account's words are known they are looked for: a CDN's addresses look alike.
_PANEL: Final = re.compile(r"/[^/]+/[^/]+/[0-9]+(?:\.\w+)?", re.ASCII)
_MAC: Final = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}")
_PACKED: Final = re.compile(r"[A-Za-z0-9+/_-]{6,}", re.ASCII)
_STANDARD: Final = str.maketrans("-_", "+/")


def words_of(account: ProviderAccount) -> frozenset[str]:
    """What opens the account, in lower case: its credentials, and what its address holds of them."""
    own = {value for name, value in account.credentials.items() if name not in OPEN_WORDS}
    lowered = {word.casefold() for word in (*own, *secrets_of(account.url).values()) if word}
    bare = {word.replace(":", between) for word in lowered if _MAC.fullmatch(word) for between in ("", "-")}
    return frozenset(lowered | bare)


def bears(url: str, words: frozenset[str]) -> bool:
    """Whether the URL holds one of the words, or a name and password in a form that every panel knows."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return True  # nobody can play it, and nobody can say what it tells
    if "@" in parts.netloc or _FOLDERS.search(parts.path) or _TIMES.search(parts.path):
        return True
    if any(value and _ACCOUNT.fullmatch(name) for name, value in parse_qsl(parts.query)):
        return True
    return bool(not words and _PANEL.fullmatch(parts.path)) or holds(url, words)


def holds(text: str, words: frozenset[str]) -> bool:
    """Whether a text holds one of the words: as it is, percent-encoded once or twice, or in base64."""
    plain = unquote(unquote(text))
    lowered = plain.casefold()
    long = [word for word in words if len(word) >= FOUND_WITHIN]
    spaced = lowered.replace("+", " ")
    if any(word in lowered or word in spaced for word in long) or not words.isdisjoint(_pieces(lowered)):
        return True
    sought = [word.encode() for word in long]
    return any(word in data for data in _unpacked(plain) for word in sought)


def _pieces(text: str) -> Iterator[str]:
    for piece in re.split(r"[/?&=;,#|\s]", text):
        yield piece
        yield piece.rpartition(".")[0]


def _unpacked(text: str) -> Iterator[bytes]:
    """What runs of base64 stand for, wherever in them it may begin; a slash may be one of its letters or none."""
    for run in _PACKED.findall(text):
        letters = run.translate(_STANDARD)
        for start in range(4):
            whole = letters[start : start + (len(letters) - start) // 4 * 4]
            rest = letters[start + len(whole) :]
            yield b64decode(whole + (rest + "=" * (4 - len(rest)) if len(rest) > 1 else "")).lower()
