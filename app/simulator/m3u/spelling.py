"""How entries are written down: properly, or with the faults of lists in the wild."""

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from app.domain.kinds import Kind
from app.simulator.m3u.entries import ListEntry

NO_ADDRESS: Final = ("", "not an address", "plugin://video.example/play")
HLS: Final = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXT-X-MEDIA-SEQUENCE:1\n#EXTINF:9.9,\n1.ts\n"


class Spelling:
    """`base` is scheme, host and mount; `account` user/password as in a path; `token` differs in every answer."""

    def __init__(self, base: str, account: str, token: str, quirks: Collection[str], *, groups: bool) -> None:
        self._base = base
        self._account = account
        self._token = token
        self._quirks = frozenset(quirks)
        self._groups = groups
        self._group = ""

    def head(self, attributes: dict[str, str]) -> str:
        """The header line."""
        if "no_header" in self._quirks:
            return ""
        return " ".join(["#EXTM3U", *(f'{name}="{value}"' for name, value in attributes.items())]) + "\n"

    def entries(self, entries: Iterable[ListEntry]) -> Iterator[str]:
        """One text per entry."""
        for entry in entries:
            yield "".join(f"{line}\n" for line in self._lines(entry))

    def end(self) -> str:
        """What stands at the end."""
        return "#EXTINF:-1,An entry whose address never came\n" if "no_last_url" in self._quirks else ""

    def _lines(self, entry: ListEntry) -> Iterator[str]:
        quirks, attributes = self._quirks, dict(entry.attributes)
        group = entry.group if self._groups else ""
        if "extgrp" in quirks:
            if group != self._group:
                yield f"#EXTGRP:{group}"
                self._group = group
        else:
            attributes["group-title"] = group
        if "kodiprop_first" in quirks and entry.place % 5 == 0:
            yield "#KODIPROP:inputstream.adaptive.manifest_type=hls"
            yield "#EXTVLCOPT:http-user-agent=Player/1.0"
        if "second_extinf" in quirks and entry.place % 10 == 0:
            yield "#EXTINF:-1,An entry that another one follows at once"
        if "commas" in quirks:
            attributes["tvg-logo"] = attributes["tvg-logo"].replace("_", "_UX182_CR0,0,182,268_")
        if "inner_quotes" in quirks and entry.place % 3 == 0:
            attributes["tvg-name"] = f'The "Best" of {attributes["tvg-name"]}'
        yield f"#EXTINF:-1 {self._attributes(attributes)},{entry.name}"
        address = self._address(entry)
        if address:
            yield address

    def _attributes(self, attributes: dict[str, str]) -> str:
        quirks = self._quirks
        mark = "'" if "single_quotes" in quirks else '"'
        return " ".join(
            f"{name}={value}"
            if "unquoted" in quirks and value and not set(value) & set(" ,'\"")
            else f"{name}={mark}{value}{mark}"
            for name, value in attributes.items()
        )

    def _address(self, entry: ListEntry) -> str:
        quirks, path = self._quirks, entry.path.format(account=self._account)
        if entry.broken:
            # The last entry of a list without an address would mean that the list was cut.
            return NO_ADDRESS[entry.place % 3 if entry.kind is Kind.CHANNEL else 1 + entry.place % 2]
        if "tokens" in quirks:
            path += f"?token={self._token}&amp;t=1" if "entities" in quirks else f"?token={self._token}"
        if "suffix" in quirks:
            path += "|User-Agent=Player%2F1.0&Referer=http://r.example.test/"
        if "relative" in quirks:
            return path
        base = self._base.replace("http://", "http//") if "no_colon" in quirks else self._base
        return f"{base}/{path}"
