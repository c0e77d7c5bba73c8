"""One big answer with all channels, taken apart as it arrives: memory holds a piece of it, never the whole."""

import re
from typing import Final

from msgspec import DecodeError, Raw

from app.providers.stalker.classify import classify
from app.providers.stalker.rows import ChannelRow, Listing, decode_rows, read_listing
from app.providers.transport import Reply

PIECE: Final = 256 * 1024  # bytes that are decoded at once
HEAD: Final = 64 * 1024  # bytes within which the list has to begin; else the answer is something else
TRIES: Final = 32  # row ends looked at in one piece: links within a row look like rows

_LIST = re.compile(rb'"(?:js|data)"\s*:\s*\[\s*(?=\{)')


class Splitter:
    """Feed it the body; it returns rows as soon as they are whole, and checks the end like any other answer."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head: bytes | None = None  # everything up to the first row
        self._whole = False  # no list in sight: the answer is read at its end
        self._next = PIECE

    def feed(self, data: bytes) -> Listing | None:
        """The rows that are complete now."""
        self._buffer += data
        if self._head is None and not self._whole:
            self._enter()
        if self._head is None or len(self._buffer) < self._next:
            return None
        found = self._take()
        # Nothing was complete: wait for twice as much before looking again.
        self._next = PIECE if found else len(self._buffer) * 2
        return found

    def end(self, reply: Reply) -> Listing:
        """The remaining rows with the claims beside them; raises what `classify` raises, `Unavailable` when cut."""
        body = (self._head or b"") + bytes(self._buffer)
        whole = Reply(status=reply.status, headers=reply.headers, body=body, url=reply.url)
        return read_listing(classify(whole), ChannelRow)

    def _enter(self) -> None:
        found = _LIST.search(self._buffer)
        if found:
            self._head = bytes(self._buffer[: found.end()])
            del self._buffer[: found.end()]
        elif len(self._buffer) > HEAD:
            self._whole = True

    def _take(self) -> Listing | None:
        end = len(self._buffer)
        for _ in range(TRIES):
            end = self._buffer.rfind(b"},{", 0, end)
            if end < 0:
                break
            piece = Raw(b"[%b]" % bytes(self._buffer[: end + 1]))
            try:
                # What parses as whole rows from the start of a row ends at the end of a row.
                rows = decode_rows(piece, ChannelRow)
            except (DecodeError, UnicodeDecodeError):
                continue
            del self._buffer[: end + 2]
            return Listing(rows, None, None, piece)
        return None
