"""Lists too big to hold, taken apart while they arrive: an array `[{…},…]`, or an object keyed by index `{"1":{…},…}`.

Fast and careful at once. The last `},{` in a block is taken for the end of an element, and the decoder is the judge: a
block cut inside a string or a nested value does not decode. Whatever the decoder refuses is split by the scanner, which
knows brackets and strings only, so that one bad element costs itself and nothing else.
"""

import re
from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import Final, Generic, TypeVar

import msgspec

from app.core.errors import Malformed, Unavailable

T = TypeVar("T")

BLOCK: Final = 256 * 1024  # bytes decoded at once: a few ms, so that the loop stays lively
MAX_ELEMENT: Final = 8 * 1024 * 1024
MAX_HEAD: Final = 64 * 1024  # notices in front of the list
MAX_OTHER: Final = 1024 * 1024  # an object that is no list is small

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_START = re.compile(rb'\A(?:\xef\xbb\xbf)?\s*[\[{]|\[\s*[{\]]|\{\s*["}]')
_KEY = re.compile(rb'\s*"((?:[^"\\]|\\.)*+)"\s*:\s*', re.DOTALL)
_HTML = re.compile(rb"\s*<(?:!doctype|html|head|\?xml)", re.IGNORECASE)
_BETWEEN = re.compile(rb"\}\s*,\s*\{")
_BLANK = re.compile(rb"[\s,]*")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_FLAT = re.compile(rb'[^"{}\[\]]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"{}\[\]]*+)*+', re.DOTALL)
_PLAIN = re.compile(rb"[^\s,\]}]*")
_RAW = msgspec.json.Decoder(list[msgspec.Raw])
_EMPTY: Final = frozenset({b"null", b"false", b'""', b"0"})


class Shape(Enum):
    """What the body turned out to be."""

    UNKNOWN = auto()
    ARRAY = auto()
    INDEXED = auto()
    OTHER = auto()  # an object that is no list: an account, an error


class ListSplitter(Generic[T]):
    """Bytes in, elements out: decoded, or as bytes where they cannot be. `head` holds the body of what is no list."""

    def __init__(self, decode_list: Callable[[bytes], list[T]], decode: Callable[[bytes], T]) -> None:
        self._decode_list = decode_list
        self._decode = decode
        self._buffer = b""
        self._wanted = 1  # bytes in the buffer before another look is worth it
        self.shape = Shape.UNKNOWN
        self.closed = False

    @property
    def head(self) -> bytes:
        return self._buffer

    def feed(self, chunk: bytes) -> Iterator[list[T | bytes]]:
        """The elements that are whole now, in blocks."""
        if not self.closed:
            self._buffer += chunk
            yield from self._ready()

    def _ready(self) -> Iterator[list[T | bytes]]:
        if len(self._buffer) < self._wanted:
            return
        if self.shape is Shape.UNKNOWN:
            self._begin()
        if self.shape is Shape.OTHER and len(self._buffer) > MAX_OTHER:
            raise Malformed("A list was asked for, and something else came that does not end.")
        while self.shape in (Shape.ARRAY, Shape.INDEXED) and len(self._buffer) >= self._wanted and not self.closed:
            if found := self._block():
                yield found

    def end(self) -> Iterator[list[T | bytes]]:
        """What was still held back; raises `Unavailable` when the list was never closed."""
        if self.shape is Shape.UNKNOWN:
            self._begin()
        if self.shape in (Shape.UNKNOWN, Shape.OTHER) or self.closed:
            return
        found = self._tail()
        self._require_end()
        if found:
            yield found

    def _require_end(self) -> None:
        if not self.closed:
            raise Unavailable("The list was cut before its end.")

    @property
    def nothing(self) -> bool:
        """Whether the whole body was one of the words that stand for an empty list."""
        return self.shape is Shape.UNKNOWN and self._buffer.strip(b"\xef\xbb\xbf \t\r\n") in _EMPTY

    def _begin(self) -> None:
        if _HTML.match(self._buffer):
            self._wanted = MAX_HEAD
            self._stop_at(MAX_HEAD)
            return
        start = _START.search(self._buffer)
        if start is None:
            self._stop_at(MAX_HEAD)
            return
        at = start.end() - 1 if start.start() == 0 else start.start()
        if self._buffer[at : at + 1] == b"[":
            self._open(Shape.ARRAY, at + 1)
            return
        body = self._buffer[at + 1 :]
        key = _KEY.match(body)
        if (key and key[1].isdigit()) or body.lstrip()[:1] == b"}":
            self._open(Shape.INDEXED, at + 1)
        elif key or len(body) > MAX_HEAD:
            self._open(Shape.OTHER, at)

    def _open(self, shape: Shape, at: int) -> None:
        self.shape = shape
        self._buffer = self._buffer[at:]
        self._wanted = 0 if shape is Shape.OTHER else BLOCK

    def _stop_at(self, limit: int) -> None:
        # Bytes without any list stay short: they are only read to say what they are.
        self._buffer = self._buffer[:limit]

    def _block(self) -> list[T | bytes]:
        """Takes what is whole out of a full buffer."""
        if self.shape is Shape.ARRAY:
            cut = self._last_boundary()
            found = self._decoded(self._buffer[: cut + 1]) if cut >= 0 else None
            if found is not None:
                self._buffer = self._buffer[self._buffer.index(b",", cut) + 1 :]
                self._wanted = BLOCK
                return found
        return self._scanned()

    def _tail(self) -> list[T | bytes]:
        rest = self._buffer.strip()
        if self.shape is Shape.ARRAY and rest.endswith(b"]"):
            found = self._decoded(rest[:-1])
            if found is not None:
                self.closed = True
                return found
        return self._scanned()

    def _last_boundary(self) -> int:
        """Where the last `}` stands that is followed by `,{`; -1 when there is none."""
        cut = self._buffer.rfind(b"},{")
        if cut >= 0:
            return cut
        last = -1
        for found in _BETWEEN.finditer(self._buffer):
            last = found.start()
        return last

    def _decoded(self, block: bytes) -> list[T | bytes] | None:
        """The elements of a block, None when it was not cut between two elements."""
        block = b"[%b]" % block
        try:
            return self._decode_list(block)  # type: ignore[return-value]
        except UNREADABLE:
            pass
        try:
            return [self._element(bytes(raw)) for raw in _RAW.decode(block)]
        except UNREADABLE:
            return None

    def _element(self, raw: bytes) -> T | bytes:
        try:
            return self._decode(raw)
        except UNREADABLE:
            return raw

    def _scanned(self) -> list[T | bytes]:
        """The same by brackets and strings alone."""
        found: list[T | bytes] = []
        at = 0
        for start, end in self._spans():
            if end < 0:
                break
            found.append(self._element(self._buffer[start:end]))
            at = end
        self._buffer = self._buffer[at:]
        if len(self._buffer) > MAX_ELEMENT:
            raise Malformed("The list holds an element that does not end.")
        # What is left is one unfinished element: waiting until it has doubled keeps the work linear.
        self._wanted = max(BLOCK, 2 * len(self._buffer))
        return found

    def _spans(self) -> Iterator[tuple[int, int]]:
        """Start and end of each element from the front of the buffer; an end of -1 is not there yet."""
        data, at = self._buffer, 0
        closing = b"]" if self.shape is Shape.ARRAY else b"}"
        while True:
            at = _BLANK.match(data, at).end()  # type: ignore[union-attr]
            if data[at : at + 1] == closing:
                self.closed = True
                return
            if self.shape is Shape.INDEXED:
                key = _KEY.match(data, at)
                if key is None:
                    self._expect_key(at)
                    return
                at = key.end()
            end = _end_of_value(data, at)
            yield at, end
            if end < 0:
                return
            at = end

    def _expect_key(self, at: int) -> None:
        if self._buffer[at : at + 1] not in (b'"', b""):
            raise Malformed("The list is no JSON.")


def _end_of_value(data: bytes, at: int) -> int:
    """Behind the value that starts at `at`, -1 when it is not whole."""
    opening = data[at : at + 1]
    if opening == b'"':
        string = _STRING.match(data, at)
        return string.end() if string else -1
    if opening not in (b"{", b"["):
        end = _PLAIN.match(data, at).end()  # type: ignore[union-attr]
        if end == at and end < len(data):
            raise Malformed("The list is no JSON.")
        return end if end < len(data) else -1
    depth = 0
    while at < len(data):
        depth += 1 if data[at : at + 1] in (b"{", b"[") else -1
        at += 1
        if depth == 0:
            return at
        at = _FLAT.match(data, at).end()  # type: ignore[union-attr]
        if data[at : at + 1] == b'"':
            return -1  # a string that is not whole
    return -1
