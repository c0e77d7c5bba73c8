"""Lines of an M3U list, spelled so that every reader finds the same name in them.

Kodi takes what follows the last double quote and a comma, others what follows the first comma outside of quotes, and
some take every apostrophe for a quote. So no value and no name holds a quote of either kind, and no value a line end;
what stands for them is what typographers would have set. Kodi also looks for `name=` wherever it stands first: so what
a provider wrote comes last, and holds no plain equals sign.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, Protocol
from urllib.parse import quote

from app.playlists.dressing import Entry
from app.playlists.episodes import EpisodeRow
from app.playlists.sources import Source

MEDIA_TYPE: Final = "audio/x-mpegurl; charset=utf-8"
SAFE: Final = "%!#$&()*+/:;=?@[]~-._"  # of an address inside quotes: no quote, no comma, no space
LONGEST_URL: Final = 4_000
MINUTE: Final = 60
_ENDS: Final = re.compile(r"[\x00-\x20\x7f\x85\u2028\u2029]+")
_ODD: Final = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029\"']|  ")
_PLAIN: Final = re.compile(r"https?://[A-Za-z0-9%!#$&()*+/:;=?@\[\]~._-]+", re.ASCII)
_QUOTES: Final = str.maketrans({'"': "”", "'": "’"})
_GROUP: Final = str.maketrans({";": ",", "=": "＝"})  # Kodi splits groups at semicolons


class Addresses(Protocol):
    """Where items play."""

    def plays(self, folder: str, item_id: str) -> str:
        """The path below which an item plays; an episode stands in the folder `series`."""
        ...


def header(base: str, source: Source) -> bytes:
    """The first line: the name of the list, and where its guide is."""
    guide = f"{base}/p/{source.word}/epg.xml.gz"
    return f'#EXTM3U url-tvg="{guide}" x-tvg-url="{guide}"\n#PLAYLIST:{_name(source.name)}\n'.encode()


def channel_lines(base: str, source: Addresses, entries: Iterable[Entry]) -> bytes:
    """Entries of channels, with how to ask for the past of those that have one."""
    return "".join([_channel(base, source, entry) for entry in entries]).encode()


def movie_lines(base: str, source: Addresses, entries: Iterable[tuple[Entry, int | None]]) -> bytes:
    """Entries of movies with their length in minutes."""
    found = []
    for entry, minutes in entries:
        path = source.plays("movie", entry.item_id)
        seconds = minutes * MINUTE if minutes else -1
        found.append(_lines(f"#EXTINF:{seconds}", entry, entry.name, ' tvg-type="movie" media="true"', base + path))
    return "".join(found).encode()


def episode_lines(base: str, source: Addresses, episodes: Sequence[tuple[Entry, EpisodeRow]]) -> bytes:
    """Entries of episodes, each under the name of its series."""
    found = []
    for series, episode in episodes:
        seconds = episode.minutes * MINUTE if episode.minutes else -1
        path = source.plays("series", episode.id)
        name = f"{series.name} S{episode.season:02d}E{_padded(episode.number)} {episode.name or ''}"
        found.append(_lines(f"#EXTINF:{seconds}", series, name, ' tvg-type="serie" media="true"', base + path))
    return "".join(found).encode()


def _channel(base: str, source: Addresses, entry: Entry) -> str:
    url = base + source.plays("live", entry.item_id)
    more = f' tvg-id="{_value(entry.guide_id)}"'
    if entry.number is not None:
        more += f' tvg-chno="{entry.number}"'
    if entry.archive and entry.replayed:
        days = f' catchup-days="{entry.archive_days:g}"' if entry.archive_days else ""
        more += f' catchup="default"{days} catchup-source="{url}?utc={{utc}}&duration={{duration}}"'
    return _lines("#EXTINF:-1", entry, entry.name, more, url)


def _lines(start: str, entry: Entry, name: str, more: str, url: str) -> str:
    shown = _name(name) or entry.item_id
    logo = f' tvg-logo="{address}"' if (address := _address(entry.logo)) else ""
    group = _grouped(entry.group) if entry.group else ""
    told = shown.replace("=", "＝")  # where it stands among the attributes
    return f'{start}{more}{group}{logo} tvg-name="{told}",{shown}\n{url}\n'


def _name(text: str) -> str:
    return _value(text).strip()


def _value(text: str) -> str:
    # Most names hold nothing odd: to look is ten times cheaper than to translate.
    return _ENDS.sub(" ", text).translate(_QUOTES) if _ODD.search(text) else text


@lru_cache(maxsize=4_096)
def _grouped(group: str) -> str:
    return f' group-title="{_value(group).translate(_GROUP)}"'


def _address(url: str | None) -> str | None:
    """An image's address that holds nothing a reader might trip over; None when it is no address of the web."""
    if not url or not url.startswith(("http://", "https://")) or len(url) > LONGEST_URL:
        return None
    return url if _PLAIN.fullmatch(url) else quote(url, safe=SAFE)


def _padded(number: float | None) -> str:
    return "00" if number is None else f"{number:02g}"
