"""Extended M3U as it is found in the wild: a scanner for what most entries look like, a line reader for the rest."""

import re
from typing import Final

from msgspec import Struct

from app.core.errors import Malformed
from app.providers.m3u.extinf import QUOTED, attributes_of, read_extinf, seconds

HLS: Final = "This is the HLS playlist of one stream, not a list of channels."
# XUI writes #EXT-X-SESSION-DATA into lists of channels; these three stand in media playlists only.
HLS_LINES: Final = ("#EXT-X-TARGETDURATION", "#EXT-X-MEDIA-SEQUENCE", "#EXT-X-STREAM-INF")
HEAD_ENTRIES: Final = 3  # an HLS playlist gives itself away before its third entry
MOST_LINES: Final = 200  # directives of one entry, and refused entries of one list that are told
EXTINF: Final = "#EXTINF:"
NO_ADDRESS: Final = "The entry has no address."
# The lines between #EXTINF and the address; the address itself begins with neither `#` nor a blank. Whatever is no such
# entry is a line of its own, so that nothing between two entries is lost.
_BETWEEN: Final = r"((?:#(?!(?i:EXTINF|EXTM3U))[^\n]*+\n|[ \t]*+\n)*+)"
_ENTRY: Final = re.compile(rf"#EXTINF:[ \t]*+{QUOTED}([^\n]*+)\n{_BETWEEN}([^#\s][^\n]*+)(?:\n|\Z)|([^\n]*+)\n?")
_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:?//|[^\s<>{}\"]+\.(?:ts|m3u8?|mpd|mp[34]|mkv|avi|aac)\b")


class Entry(Struct, gc=False):
    """One entry as it stands in the list: nothing decoded, no default applied but the group.

    `duration` in seconds, 0 or less when unknown; `directives` are the `#` lines that belong to it.
    """

    name: str
    url: str
    attributes: dict[str, str]
    group: str = ""
    duration: float = -1.0
    directives: list[str] | None = None


class Refused(Struct, gc=False):
    """What should have been an entry, and why it is none."""

    reason: str
    raw: str


class ListParser:
    """Feed it text in whole lines, as `texts` yields it.

    `header` are the attributes of `#EXTM3U`; `open` tells after the last text whether an entry waits for its address.
    """

    def __init__(self) -> None:
        self.header: dict[str, str] = {}
        self.extended = False
        self.entries = 0
        self.refused: list[Refused] = []
        self._group = ""  # of #EXTGRP, for all that follows
        self._extinf: str | None = None
        self._directives: list[str] = []

    @property
    def open(self) -> bool:
        return self._extinf is not None

    def feed(self, text: str) -> list[Entry]:
        """The entries that end in this text."""
        found: list[Entry] = []
        append = found.append
        for duration, quoted, name, between, url, line in _ENTRY.findall(text):
            if not url:
                if line:
                    self._line(line.strip(), found)
            elif between or self._directives or self._group or self._extinf is not None:
                self._slow(quoted, between, whole_list=self.entries + len(found) < HEAD_ENTRIES)
                self._emit(found, url, attributes_of(quoted), name, seconds(duration))
            else:
                attributes = attributes_of(quoted)
                group = attributes.get("group-title", "")
                length = -1.0 if duration == "-1" else seconds(duration)
                append(Entry(name.strip(), url.rstrip(), attributes, group, length))
        self.entries += len(found)
        return found

    def end(self) -> None:
        """Refuses the entry that waits for an address which does not come."""
        if self._extinf is not None:
            self.refuse(NO_ADDRESS, self._extinf)
            self._extinf = None

    def _slow(self, quoted: str, between: str, *, whole_list: bool) -> None:
        """Takes in the directives of an entry."""
        self._begin(quoted)
        for line in between.split("\n") if between else ():
            if line := line.strip():
                self._directive(line, whole_list=whole_list)
        self._extinf = None

    def _line(self, line: str, found: list[Entry]) -> None:
        if not line:
            return
        if line[0] != "#":
            self._address(line, found)
        elif line[:8].upper() == EXTINF:
            self._begin(line)
        elif line[:7].upper() == "#EXTM3U":
            self._head(line)
        else:
            self._directive(line, whole_list=self.entries + len(found) < HEAD_ENTRIES)

    def _begin(self, line: str) -> None:
        if self._extinf is not None:
            # Directives that stood between the two belong to the one that comes.
            self.refuse(NO_ADDRESS, self._extinf)
        self._extinf = line

    def _head(self, line: str) -> None:
        """The header; where lists were glued together, the first word counts."""
        self.extended = True
        self.header = read_extinf("-1 " + line[7:].lstrip(":"))[1] | self.header

    def _directive(self, line: str, *, whole_list: bool) -> None:
        if line[:8].upper() == "#EXTGRP:":
            self._group = line[8:].strip()
        elif line.startswith(HLS_LINES):
            if whole_list:
                raise Malformed(HLS)
        elif line[:4].upper() in ("#EXT", "#KOD") and len(self._directives) < MOST_LINES:
            self._directives.append(line)

    def _address(self, line: str, found: list[Entry]) -> None:
        if self._extinf is None:
            if _ADDRESS.match(line) is None:
                return  # notices of PHP, notes of people
            self._emit(found, line, {}, "", -1.0)
            return
        extinf, self._extinf = self._extinf, None
        duration, attributes, name = read_extinf(extinf[8:])
        self._emit(found, line, attributes, name, duration)

    def _emit(self, found: list[Entry], url: str, attributes: dict[str, str], name: str, duration: float) -> None:
        group = attributes.get("group-title", "")
        if group:
            self._group = ""  # a group of its own ends what #EXTGRP began
        found.append(
            Entry(name.strip(), url.rstrip(), attributes, group or self._group, duration, self._directives or None)
        )
        self._directives = []

    def refuse(self, reason: str, raw: str) -> None:
        """Remembers what is no entry, up to a limit."""
        if len(self.refused) < MOST_LINES:
            self.refused.append(Refused(reason, raw))
