"""The M3U list that a panel gives to a user: as every other list of ours, with addresses as players know them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final
from urllib.parse import urlencode

from app.db.engine import Database
from app.domain.kinds import Kind
from app.playlists import m3u
from app.playlists.dressing import Entry
from app.playlists.episodes import stored_episodes
from app.playlists.lineups import LineUp, LineUps
from app.playlists.xtream_files import endings, episode_endings
from app.playlists.xtream_numbers import Numbers

PLUS: Final = "m3u_plus"
PLAYLIST_FORMATS: Final = frozenset({"m3u8", "hls"})  # values of `output` that mean a playlist instead of one stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a player asks for: `plain` = names and addresses alone; `ending` of channels; `kinds` that are listed."""

    base: str
    username: str
    password: str = field(repr=False)
    plain: bool
    ending: str
    kinds: tuple[Kind, ...]

    @property
    def sealed(self) -> str:
        """Tells lists of different users, and of one before and after a new password, apart."""
        return sha256(f"{self.username} {self.password}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where items play, by public id: the number in the address, and the ending."""

    wish: Wish
    numbers: Mapping[str, int]
    endings: Mapping[str, str]

    def plays(self, folder: str, item_id: str) -> str:
        """The path under which an item plays."""
        ending = self.endings.get(item_id, self.wish.ending)
        return f"/{folder}/{self.wish.username}/{self.wish.password}/{self.numbers[item_id]}.{ending}"


class Lines:
    """Writes lists, some entries at a time."""

    def __init__(self, database: Database, line_ups: LineUps, numbers: Numbers) -> None:
        self._database = database
        self._line_ups = line_ups
        self._numbers = numbers

    async def of(self, line_up: LineUp, wish: Wish) -> AsyncIterator[bytes]:
        """The whole list: channels, movies, and the episodes that are known."""
        yield _header(wish)
        for kind in wish.kinds:
            async for entries in self._line_ups.entries(line_up, kind):
                lines = await self._lines(kind, entries, wish)
                if lines:
                    yield plainly(lines) if wish.plain else lines

    async def _lines(self, kind: Kind, entries: Sequence[Entry], wish: Wish) -> bytes:
        if kind is Kind.SERIES:
            return await self._episodes(entries, wish)
        numbers = await self._numbers.of(kind.value, [entry.item_id for entry in entries])
        if kind is Kind.CHANNEL:
            return m3u.channel_lines(wish.base, Addresses(wish=wish, numbers=numbers, endings={}), entries)
        async with self._database.reader() as reader:
            files = await endings(reader, entries)
        named = {entry.item_id: file for entry, file in zip(entries, files, strict=True)}
        addresses = Addresses(wish=wish, numbers=numbers, endings=named)
        return m3u.movie_lines(wish.base, addresses, [(entry, None) for entry in entries])

    async def _episodes(self, series: Sequence[Entry], wish: Wish) -> bytes:
        async with self._database.reader() as reader:
            found = await stored_episodes(reader, series)
            by_series: dict[str, list[str]] = {}
            for entry, episode in found:
                by_series.setdefault(entry.item_id, []).append(episode.id)
            files = await episode_endings(reader, list(by_series))
        numbers = await self._numbers.of_episodes(by_series)
        return m3u.episode_lines(wish.base, Addresses(wish=wish, numbers=numbers, endings=files), found)


def plainly(lines: bytes) -> bytes:
    """The same entries without attributes: what old players understand."""
    return b"\n".join(_bare(line) for line in lines.split(b"\n"))


def _bare(line: bytes) -> bytes:
    if not line.startswith(b"#EXTINF:"):
        return line
    # No value holds a quote: behind the last one comes the comma before the name.
    head, _, name = line.rpartition(b'",')
    return head.split(b" ", 1)[0] + b"," + name


def _header(wish: Wish) -> bytes:
    if wish.plain:
        return b"#EXTM3U\n"
    guide = f"{wish.base}/xmltv.php?{urlencode({'username': wish.username, 'password': wish.password})}"
    return f'#EXTM3U url-tvg="{guide}" x-tvg-url="{guide}"\n'.encode()
