"""Whether an answer is a list at all: servers say everything with status 200."""

import re
from collections.abc import Mapping
from typing import Final

from app.core.errors import Malformed, ProviderError, Rejected, Unavailable
from app.providers.m3u.parse import ListParser

SNIFFED: Final = 8 * 1024  # characters in which a list has to show itself; notices of PHP may come first
MAX_WORDS: Final = 160
_LIST: Final = re.compile(r"#EXTM3U|#EXTINF|#EXTGRP", re.IGNORECASE)
_ADDRESS_LINE: Final = re.compile(r"^[ \t]*[a-z][a-z0-9+.-]*:?//\S+[ \t]*$", re.IGNORECASE | re.MULTILINE)
_REFUSAL: Final = re.compile(
    r"block|forbidden|denied|unauthori[sz]ed|not allowed|banned|expired|disabled|invalid (?:user|pass|cred|token|login)"
    r"|\bauth|suspended|captcha|cloudflare",
    re.IGNORECASE,
)
_TAGS: Final = re.compile(r"<[^>]*>|\s+")


def sniffed(text: str) -> Mapping[str, str]:
    """The attributes of the header of a list that begins so; raises what an answer means that is none."""
    head = text[:SNIFFED]
    begins = head.lstrip()[:1]
    if not _LIST.search(head) and (begins in "<{[" or not _ADDRESS_LINE.search(head)):
        raise _no_list(head)
    parser = ListParser()
    parser.feed(head)
    return parser.header


def _no_list(head: str) -> ProviderError:
    words = " ".join(_TAGS.sub(" ", head).split())[:MAX_WORDS]
    if not head.strip():
        return Unavailable("The server answered with nothing.")
    if head.lstrip().startswith("<") or _REFUSAL.search(words):
        return Rejected(_with("The server, or something before it, answers with a page, not with a list.", words))
    return Malformed(_with("The answer is no list of channels.", words))


def _with(said: str, words: str) -> str:
    return f"{said} It says: {words}" if words.isprintable() and words else said
