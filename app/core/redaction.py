"""No secret in a text: hidden by what is known to be one, by the name of its key and by how it looks.

What is known is exact: whoever opens a credential or is handed a token says so once (`conceal`), and from then on no
line of this process holds it, be it raw, percent-encoded, in base64, as JSON or in other case. Patterns are the net
below, for what nobody registered.
"""

import html
import json
import re
from base64 import b64encode
from collections.abc import Mapping, MutableMapping
from threading import Lock
from typing import Any, Final
from urllib.parse import unquote, unquote_plus

HIDDEN: Final = "***"
SHORTEST: Final = 6  # characters; shorter ones stand in half of all words, and patterns find them where it matters
MOST: Final = 4_096  # secrets that are remembered; the ones not seen for longest are forgotten first
LONGEST: Final = 16_384  # characters of one value that are said at all
TAIL: Final = 2_048  # longer than any secret in any form: where a text is cut, no half of one stays
_PLAIN: Final = frozenset({"level", "timestamp", "logger", "_record", "_from_structlog"})  # written by ourselves
_SECRET_KEY: Final = re.compile(
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
    # What opens a playlist, or plays one item of it, stands in paths: /p/token/playlist.m3u
    (re.compile(r"(/(?:p|hdhr|play|relay)/)[\w.~-]{20,}", re.IGNORECASE), rf"\1{HIDDEN}"),
    # Xtream carries the account in the path: /live/user/password/1.ts
    (re.compile(r"(/(?:live|movie|series|timeshift)/)[^/\s]+/[^/\s]+/", re.IGNORECASE), rf"\1{HIDDEN}/{HIDDEN}/"),
)
_MAC: Final = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}")


class _Known:
    """The secrets of this process, found in a text in one pass over it, however many there are."""

    def __init__(self) -> None:
        self._secrets: dict[str, None] = {}  # the most recently used last
        self._forms: dict[str, tuple[str, ...]] = {}  # by their first characters, the longest first
        self._turn = Lock()

    def add(self, secret: str) -> None:
        with self._turn:
            if secret in self._secrets:
                del self._secrets[secret]
                self._secrets[secret] = None
                return
            if len(self._secrets) >= MOST:
                kept = list(self._secrets)[MOST // 4 :]  # a quarter at once: the index is made anew
                self._secrets, self._forms = dict.fromkeys(kept), _indexed(kept)
            self._secrets[secret] = None
            self._forms |= _merged(self._forms, _forms(secret))

    def hide(self, text: str) -> str:
        forms = self._forms
        if not forms:
            return text
        lowered = text.lower()
        if len(lowered) != len(text):  # a few letters have a longer lower case: places would not be the same
            text = lowered
        found = [at for at in range(len(text) - SHORTEST + 1) if lowered[at : at + SHORTEST] in forms]
        parts: list[str] = []
        done = begin = end = 0
        for at in found:
            size = next((len(one) for one in forms[lowered[at : at + SHORTEST]] if lowered.startswith(one, at)), 0)
            if not size:
                continue
            if at > end or not end:  # those that overlap are hidden as one
                parts += [text[done:begin], HIDDEN] if end else []
                done, begin = end, at
            end = max(end, at + size)
        return "".join([*parts, text[done:begin], HIDDEN, text[end:]]) if end else text


_known: Final = _Known()


def conceal(*secrets: str | None) -> None:
    """Says that these values are secret, whatever text they turn up in. Cheap to say again."""
    for secret in secrets:
        if secret and len(secret) >= SHORTEST:
            _known.add(secret)


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The processor of every log line; what is neither text nor number is said by its repr."""
    return {name: value if name in _PLAIN else _clean(name, value) for name, value in event.items()}


def scrub(text: str) -> str:
    """The text without known secrets, credentials in URLs, MAC addresses and tokens; cut where it is endless."""
    if len(text) > LONGEST:
        return _scrubbed(text[: LONGEST + TAIL])[:-TAIL] + "…"
    return _scrubbed(text)


def _scrubbed(text: str) -> str:
    text = _known.hide(text)
    if "%" in text:
        text = _decoded(text)
    for pattern, replacement in _IN_TEXT:
        text = pattern.sub(replacement, text)
    return text


def _decoded(text: str) -> str:
    """The text as it is, unless a secret shows when it is percent-decoded, once or twice."""
    for decode in (unquote, unquote_plus):
        plain = text
        for _ in range(2):
            plain = decode(plain)
            if (hidden := _known.hide(plain)) != plain:
                return hidden
    return text


def _clean(name: str, value: Any) -> Any:
    if value is not None and not isinstance(value, bool) and _SECRET_KEY.search(name):
        return HIDDEN
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _clean(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean("", inner) for inner in value]
    if isinstance(value, bytes):
        return scrub(value.decode(errors="replace"))
    return scrub(value if isinstance(value, str) else repr(value))


def _indexed(secrets: list[str]) -> dict[str, tuple[str, ...]]:
    index: dict[str, tuple[str, ...]] = {}
    for secret in secrets:
        index |= _merged(index, _forms(secret))
    return index


def _merged(index: Mapping[str, tuple[str, ...]], forms: set[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for form in forms:
        stem = form[:SHORTEST]
        together = {form, *found.get(stem, index.get(stem, ()))}
        found[stem] = tuple(sorted(together, key=len, reverse=True))
    return found


def _forms(secret: str) -> set[str]:
    """How a secret may stand in a text, in lower case; percent-encoded ones are found by decoding the text."""
    data = secret.encode(errors="replace")
    found = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], html.escape(secret)}
    found |= {repr(secret)[1:-1], repr(data)[2:-1], *_base64(data)}
    if _MAC.fullmatch(secret.lower()):
        found |= {secret.replace(":", ""), secret.replace(":", "-")}
    return {lowered for one in found if len(lowered := one.lower()) >= SHORTEST}


def _base64(data: bytes) -> set[str]:
    """What base64 of anything that holds `data` has in it, at each of the three places where it may begin."""
    found = set()
    for shift in range(3):
        first, last = -(-shift * 8 // 6), (shift + len(data)) * 8 // 6
        encoded = b64encode(bytes(shift) + data).decode()[first:last]
        found |= {encoded, encoded.replace("+", "-").replace("/", "_")}
    return found
