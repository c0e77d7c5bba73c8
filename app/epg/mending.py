"""XML as servers send it, made such that a parser takes it: UTF-8, no forbidden characters, no stray ampersands.

What is cut or nested wrongly is not mended: half a guide must not pass for a whole one.
"""

import codecs
import re
from collections.abc import Iterator
from html.entities import html5
from typing import BinaryIO, Final

from app.core.errors import Malformed

PIECE: Final = 256 * 1024
MAX_TOKEN: Final = 4 * 1024 * 1024  # bytes without a single `>`: no guide has them
HEAD: Final = 64 * 1024  # warnings of a script may stand in front of the document
BOMS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
UTF8: Final = frozenset({"utf-8", "ascii"})
LATIN: Final = frozenset({"iso8859-1", "latin-1"})  # cp1252 in disguise, whoever says so
TEXTUAL: Final = ("iso8859", "cp", "koi8", "mac", "big5", "gb", "euc", "shift_jis")  # not base64, which is a codec too
CONTROLS: Final = bytes(range(9)) + b"\x0b\x0c" + bytes(range(14, 32)) + b"\x7f"
SPACES: Final = bytes.maketrans(CONTROLS, b" " * len(CONTROLS))
CDATA: Final = re.compile(rb"(<!\[CDATA\[.*?(?:\]\]>|\Z))", re.DOTALL)

_DECLARED = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([\w.:-]+)")
_START = re.compile(rb"<\?xml\b|<!DOCTYPE\s+tv\b|<tv\b", re.IGNORECASE)  # behind whatever a script complains of
_TAG = re.compile(rb"<[A-Za-z!?]")
_STRAY = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos);)(?:#(\d{1,7}|[xX][0-9a-fA-F]{1,6});|([A-Za-z][A-Za-z0-9]{1,31});)?")


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are no UTF-8 are read as what they nearly always are."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("lineup.cp1252", _as_cp1252)


def mended(file: BinaryIO) -> Iterator[bytes]:
    """The document in pieces, each ending behind a `>`, from its first tag on."""
    carry, inside = b"", False
    for data in _utf8(file):
        carry += data.translate(SPACES)
        end = carry.rfind(b">") + 1
        if not end:
            if len(carry) > MAX_TOKEN:
                raise Malformed("The file is no XMLTV.")
            continue
        piece, carry = carry[:end], carry[end:]
        fixed, inside = _fixed(piece, inside=inside)
        yield fixed
    if carry.strip():
        yield _fixed(carry, inside=inside)[0]


def _utf8(file: BinaryIO) -> Iterator[bytes]:
    """The bytes from the first tag on, in UTF-8 for certain."""
    head = file.read(HEAD)
    encoding, head = _encoding(head)
    decoder = None if encoding in UTF8 else codecs.getincrementaldecoder(encoding)("replace")
    left, first = b"", True
    while head:
        data = decoder.decode(head).encode() if decoder else left + head
        left = b""
        if first:
            start = _START.search(data) or _TAG.search(data)
            if start is None:
                raise Malformed("The file is no XMLTV.")
            data, first = data[start.start() :], False
        if decoder is None:
            data, left = _whole(data)
            data = _valid(data)
        yield data
        head = file.read(PIECE)
    if left:
        yield _valid(left)


def _encoding(head: bytes) -> tuple[str, bytes]:
    for mark, name in BOMS:
        if head.startswith(mark):
            return name, head[len(mark) :]
    if head[:4] in (b"<\0?\0", b"\0<\0?"):
        return ("utf-16-le" if head[1] == 0 else "utf-16-be"), head
    declared = _DECLARED.search(head[:1024])
    try:
        name = codecs.lookup(declared[1].decode() if declared else "utf-8").name
    except LookupError:
        return "utf-8", head
    if name in LATIN:
        return "cp1252", head
    return (name if name.startswith(TEXTUAL) else "utf-8"), head  # UTF-16 would not have let us read its name


def _whole(data: bytes) -> tuple[bytes, bytes]:
    """Cuts in front of a last character that may not be whole."""
    for back in range(1, min(4, len(data) + 1)):
        byte = data[-back]
        if byte < 0x80:  # noqa: PLR2004 - ASCII
            break
        if byte >= 0xC0:  # noqa: PLR2004 - the first byte of a longer character
            return data[:-back], data[-back:]
    return data, b""


def _valid(data: bytes) -> bytes:
    if data.isascii():
        return data
    try:
        data.decode()
    except UnicodeDecodeError:
        data = data.decode("utf-8", "lineup.cp1252").encode()
    # Two code points of UTF-8 that XML has not.
    return data.replace(b"\xef\xbf\xbe", b"").replace(b"\xef\xbf\xbf", b"") if b"\xef\xbf" in data else data


def _fixed(piece: bytes, *, inside: bool) -> tuple[bytes, bool]:
    """Ampersands outside CDATA that begin no entity of XML; `inside` = the piece begins, ends within CDATA."""
    if not inside and b"<![CDATA[" not in piece:
        return (_STRAY.sub(_entity, piece) if b"&" in piece else piece), False
    if inside:
        end = piece.find(b"]]>")
        if end < 0:
            return piece, True
        rest, inside = _fixed(piece[end + 3 :], inside=False)
        return piece[: end + 3] + rest, inside
    parts = CDATA.split(piece)
    parts[::2] = [_STRAY.sub(_entity, part) for part in parts[::2]]
    return b"".join(parts), not parts[-1] and not parts[-2].endswith(b"]]>")


def _entity(found: "re.Match[bytes]") -> bytes:
    number, name = found.groups()
    if number:
        return found[0] if _allowed(int(number[1:], 16) if number[:1] in b"xX" else int(number)) else b" "
    text = html5.get(f"{name.decode()};") if name else None
    if text is None:
        return b"&amp;" + found[0][1:]
    return text.replace("&", "&amp;").replace("<", "&lt;").encode()


def _allowed(code: int) -> bool:
    return code in (9, 10, 13) or 32 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code < 0x110000  # noqa: PLR2004
