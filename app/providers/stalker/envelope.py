"""Takes the answer out of what portals wrap around it: byte order marks, PHP notices, callbacks, broken UTF-8."""

import json
import re
from typing import Any, Final

from msgspec import DecodeError, Raw, Struct
from msgspec.json import Decoder

from app.core.errors import Unavailable

BOM: Final = b"\xef\xbb\xbf"
ABSENT: Final = Raw(b"")
MOST_STARTS: Final = 40  # brackets tried as the beginning of the answer; notices hold a handful
LONGEST_TOKEN: Final = 6  # characters of `false` or an escape that may be cut at the end
CUT: Final = "The answer of the portal was cut short."

_SURROGATE = re.compile("[\ud800-\udfff]")
_START = re.compile(r"[{\[]")
_END = re.compile(r"[\s;)]*(?:<[\s\S]*|PHP [\s\S]*|/\*[\s\S]*)?")
_TOLERANT = json.JSONDecoder(strict=False)


class Envelope(Struct, frozen=True):
    """What stands beside `js` matters to create_link and to refusals only."""

    js: Raw = ABSENT
    data: Raw = ABSENT
    error: Any = None
    msg: Any = None
    message: Any = None


_ENVELOPE: Final = Decoder(Envelope)


def opening(value: Raw | bytes) -> bytes:
    """The first byte of a JSON value: which type it is."""
    return bytes(memoryview(value)[:1])


def open_envelope(body: bytes) -> Envelope | None:
    """The envelope in a body, None when there is no JSON in it; raises `Unavailable` when the JSON is cut."""
    if body.startswith(BOM):
        body = body[3:]
    try:
        return _ENVELOPE.decode(body)
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return _search(body.strip().removeprefix(BOM).strip())


def respelled(js: Raw) -> Raw:
    """The same value in clean UTF-8; raises `ValueError` when it is no JSON."""
    return Raw(_spelled(_TOLERANT.decode(bytes(js).decode("utf-8", "replace"))))


def _search(body: bytes) -> Envelope | None:
    text = body.decode("utf-8", "replace")
    for count, start in enumerate(_START.finditer(text)):
        if count == MOST_STARTS:
            break
        try:
            value, end = _TOLERANT.raw_decode(text, start.start())
        except (json.JSONDecodeError, RecursionError) as error:
            # Nothing within a broken answer may pass for the whole; a notice, though, has `[x]` and `{main}`.
            if text.startswith(('{"', "[{", "[["), start.start()):
                _refuse_cut(error, len(text))
                return None
            continue
        if _END.fullmatch(text, end):
            return _made(value)
    return None


def _refuse_cut(error: Exception, length: int) -> None:
    if isinstance(error, json.JSONDecodeError) and (
        error.pos >= length - LONGEST_TOKEN or error.msg.startswith("Unterminated")
    ):
        raise Unavailable(CUT) from None


def _made(value: Any) -> Envelope | None:
    if isinstance(value, list):
        return Envelope(js=Raw(_spelled(value)))
    return _ENVELOPE.decode(_spelled(value)) if isinstance(value, dict) else None


def _spelled(value: Any) -> bytes:
    # Python's own decoder takes lone surrogates and control characters; what it took is spelled anew.
    return _SURROGATE.sub("�", json.dumps(value, ensure_ascii=False)).encode()
