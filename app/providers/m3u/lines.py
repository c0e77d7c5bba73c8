"""Bytes become text in whole lines, whatever their encoding and their line ends."""

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from app.core.errors import Malformed

PIECE: Final = 256 * 1024  # bytes that are decoded and scanned in one go: about 1,000 entries
LONGEST: Final = 4 * 1024 * 1024  # bytes of one line; logos as `data:` URLs come to some 100 kB
ENDLESS: Final = "A line of the list does not end."
UTF16: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
# In Western words an accented letter stands alone; four in a row are a word in Cyrillic.
_CYRILLIC: Final = re.compile(rb"[\xc0-\xff\xa8\xb8]{4}")


def texts(file: BinaryIO) -> Iterator[str]:
    """The text from the beginning in pieces of whole lines: line feeds only, no mark, no NUL."""
    head = file.read(PIECE)
    coding, skip = _coding(head)
    pieces = _whole_lines(_pieces(head[skip:], file)) if coding is None else _converted(coding, head[skip:], file)
    for piece in pieces:
        text = piece if isinstance(piece, str) else _decoded(piece)
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        yield text.replace("\0", "") if "\0" in text else text


def _coding(head: bytes) -> tuple[str | None, int]:
    """The UTF-16 it is in, or None for bytes that hold ASCII; how long its mark is."""
    if (marked := UTF16.get(head[:2])) is not None:
        return marked, 2
    if head.startswith(codecs.BOM_UTF8):
        return None, 3
    if len(head) > 3 and head[1:4:2] == b"\0\0" and head[0]:  # noqa: PLR2004 - `#E` in two bytes each
        return "utf-16-le", 0
    if len(head) > 3 and head[0:3:2] == b"\0\0" and head[1]:  # noqa: PLR2004
        return "utf-16-be", 0
    return None, 0


def _pieces(head: bytes, file: BinaryIO) -> Iterator[bytes]:
    while head:
        yield head
        head = file.read(PIECE)


def _whole_lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        end = piece.rfind(b"\n") + 1
        if not end:
            # Bare returns end lines too, but not the last byte: a line feed may follow it.
            end = piece.rfind(b"\r", 0, len(piece) - 1) + 1
        if not end:
            rest += piece
            if len(rest) > LONGEST:
                raise Malformed(ENDLESS)
            continue
        yield rest + piece[:end] if rest else piece[:end]
        rest = piece[end:]
    if rest:
        yield rest


def _converted(coding: str, head: bytes, file: BinaryIO) -> Iterator[str]:
    decoder, rest = codecs.getincrementaldecoder(coding)("replace"), ""
    for piece in _pieces(head, file):
        text = rest + decoder.decode(piece)
        end = max(text.rfind("\n"), text.rfind("\r", 0, max(len(text) - 1, 0))) + 1
        rest = text[end:]
        if len(rest) > LONGEST:
            raise Malformed(ENDLESS)
        if end:
            yield text[:end]
    if rest := rest + decoder.decode(b"", final=True):
        yield rest


def _decoded(piece: bytes) -> str:
    try:
        return piece.decode()
    except UnicodeDecodeError:
        return "\n".join([_line(line) for line in piece.split(b"\n")])


def _line(line: bytes) -> str:
    """UTF-8, else what Windows wrote: single entries of a good list may be broken."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        pass
    try:
        return line.decode("cp1251" if _CYRILLIC.search(line) else "cp1252")
    except UnicodeDecodeError:
        return line.decode("latin-1")
