"""An earlier download: its version, and its items one after another, whatever its form."""

import gzip
import re
import sqlite3
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from msgspec import DecodeError, Struct, json

from app.core.errors import Invalid

BLOCK_BYTES: Final = 1 << 18
GZIP_MAGIC: Final = b"\x1f\x8b"
SQLITE_MAGIC: Final = b"SQLite format 3\x00"
Bytes = BinaryIO | gzip.GzipFile
_VERSION: Final = re.compile(rb'"version":"([^"\\]{1,100})"')
# Where an item, or with the rest of the match a list, may end; within a text the same bytes may occur.
_ENDS: Final = re.compile(rb'\}(?:,(?=\{")|\](,"(?:movies|series|channels|moviesByCategory)":[\[{]))')
_EMPTY: Final = re.compile(rb'\](,"(?:movies|series|channels|moviesByCategory)":[\[{])')
_START: Final = b',"categories":['
_LISTS: Final = ("category", "movie", "series", "channel")


class Form(StrEnum):
    """What a download is written as."""

    JSON = "json"
    NDJSON = "ndjson"
    SQLITE = "sqlite"


class Item(NamedTuple):
    """A document and what tells it apart; `kind` = `category` of categories."""

    kind: str
    id: str
    body: bytes


class Broken(Exception):
    """The file does not go on as a download does."""


class _Named(Struct):
    id: str


class _Line(Struct):
    kind: str
    id: str = ""


_named: Final = json.Decoder(_Named)
_line: Final = json.Decoder(_Line)


class Earlier:
    """A file that a download left."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with _opened(path) as file:
                head = file.read(BLOCK_BYTES)
            self.form = _form(head)
            self.version = _sqlite_version(path) if self.form is Form.SQLITE else _version(head)
        except (OSError, EOFError, sqlite3.Error, Broken) as error:
            reason = f": {error}" if isinstance(error, OSError) else ""
            raise Invalid([("--since", f"{path} is not an earlier download{reason}.")]) from None

    def items(self) -> Iterator[Item]:
        """Everything that stands in it, each kind together; raises `Broken` where it is not whole."""
        try:
            with _opened(self.path) as file:
                yield from _lines(file) if self.form is Form.NDJSON else _lists(file)
        except (OSError, EOFError, DecodeError) as error:
            raise Broken(str(error)) from error


def _opened(path: Path) -> Bytes:
    with path.open("rb") as file:
        packed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    return gzip.open(path) if packed else path.open("rb")


def _form(head: bytes) -> Form:
    if head.startswith(SQLITE_MAGIC):
        return Form.SQLITE
    return Form.NDJSON if head.startswith(b'{"kind":"begin"') else Form.JSON


def _version(head: bytes) -> str:
    found = _VERSION.search(head, 0, 200)
    if found is None:
        raise Broken
    return found[1].decode()


def _sqlite_version(path: Path) -> str:
    base = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        row = base.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
    finally:
        base.close()
    if row is None:
        raise Broken
    return str(row[0])


def _lines(file: Bytes) -> Iterator[Item]:
    ended = False
    for number, line in enumerate(file):
        told = _line.decode(line)
        if ended or (number == 0) != (told.kind == "begin"):
            raise Broken("it does not begin or end as it should")
        ended = told.kind == "end"
        if number and not ended:
            yield Item(told.kind, told.id, line.rstrip(b"\n"))
    if not ended:
        raise Broken("its end is missing")


def _lists(file: Bytes) -> Iterator[Item]:
    """The items of a document, read in blocks: a whole one would take ten times its size in memory."""
    reader = _Reader(file)
    reader.skip(_START)
    for kind in _LISTS:
        for body in reader.list():
            yield Item(kind, _named.decode(body).id, body)


class _Reader:
    def __init__(self, file: Bytes) -> None:
        self._file = file
        self._held = b""
        self._place = 0

    def skip(self, text: bytes) -> None:
        """Goes on behind the first of these."""
        while (place := self._held.find(text, self._place)) < 0:
            self._more()
        self._place = place + len(text)

    def list(self) -> Iterator[bytes]:
        """The objects of a list, up to the beginning of the next list."""
        while len(self._held) - self._place < len(_START) * 2:
            self._more()
        if found := _EMPTY.match(self._held, self._place):
            self._place = found.end()
            return
        last = False
        while not last:
            body, last = self._object()
            yield body

    def _object(self) -> tuple[bytes, bool]:
        searched = self._place
        while True:
            found = _ENDS.search(self._held, searched)
            if found is None:
                searched = max(searched, len(self._held) - 64) - self._place
                self._more()
                searched += self._place
                continue
            body = self._held[self._place : found.start() + 1]
            if _whole(body):
                self._place = found.end()
                return body, found[1] is not None
            searched = found.end()

    def _more(self) -> None:
        block = self._file.read(BLOCK_BYTES)
        if not block:
            raise Broken("it ends too early")
        self._held, self._place = self._held[self._place :] + block, 0


def _whole(body: bytes) -> bool:
    try:
        _named.decode(body)
    except DecodeError:
        return False
    return True
