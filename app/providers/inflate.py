"""Compressed bodies, inflated by ourselves: a decoder without a limit turns 1 MB into 1 GB before anyone can count."""

import zlib
from collections.abc import Iterator
from typing import Final

from app.core.errors import Malformed, Unavailable

PIECE: Final = 256 * 1024  # bytes made at once at most
ACCEPTED: Final = "gzip, deflate"
CODINGS: Final = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
GZIP: Final = b"\x1f\x8b"
TOO_BIG: Final = "The answer is larger than what is accepted."


class Inflater:
    """Inflates one body piece by piece, at most `max_bytes` in all; passes plain bodies through, counted."""

    def __init__(self, coding: str, *, max_bytes: int) -> None:
        coding = coding.strip().lower()
        if coding not in CODINGS and coding not in ("", "identity"):
            raise Malformed("The answer is compressed in a way that was not asked for.")
        self._bits = CODINGS.get(coding)
        self._decoder: zlib._Decompress | None = None
        self._room = max_bytes

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._bits is None:
            yield self._counted(data)
            return
        while data:
            decoder = self._decoder
            if decoder is None or (decoder.eof and data[:2] == GZIP):
                decoder = self._start(data)
            if decoder is None:
                yield self._counted(data)
                return
            if decoder.eof:
                return  # zeros and notes behind the last gzip member mean nothing
            yield from self._drain(decoder, data)
            data = decoder.unused_data

    def _drain(self, decoder: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
        made = b""
        # The decoder may hold output back even when all input is taken: only a short piece says that it is dry.
        while data or len(made) == PIECE:
            try:
                made = decoder.decompress(data, PIECE)
            except zlib.error as error:
                raise Unavailable("The compressed answer is damaged.") from error
            if made:
                yield self._counted(made)
            data = decoder.unconsumed_tail
            if decoder.eof:
                return

    def end(self) -> None:
        """Raises `Unavailable` when the compressed body stops in the middle."""
        if self._decoder is not None and not self._decoder.eof:
            raise Unavailable("The compressed answer was cut.")

    def _start(self, data: bytes) -> "zlib._Decompress | None":
        bits = self._bits or 0
        if bits > zlib.MAX_WBITS and data[:1] != b"\x1f":
            self._bits = None  # labelled gzip, sent plain
            return None
        if bits == zlib.MAX_WBITS and data[0] & 0x0F != zlib.DEFLATED:
            bits = -zlib.MAX_WBITS  # half of the world sends deflate without its zlib header
        self._decoder = zlib.decompressobj(bits)
        return self._decoder

    def _counted(self, data: bytes) -> bytes:
        self._room -= len(data)
        if self._room < 0:
            raise Malformed(TOO_BIG)
        return data
