"""A whole list, read once and sorted by kind: what every step, season and link is answered from."""

import asyncio
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from hashlib import blake2b
from html import unescape
from itertools import islice
from typing import BinaryIO, Final

from msgspec import Struct, field

from app.core.errors import Malformed, Unavailable
from app.domain.episodes import EpisodeName, episode_name, series_key
from app.domain.kinds import Kind
from app.domain.titles import fold
from app.providers.m3u.details import split_address
from app.providers.m3u.home import Home
from app.providers.m3u.kinds import MOST_LETTERS, kind_of
from app.providers.m3u.lines import texts
from app.providers.m3u.links import Link, Links, repaired
from app.providers.m3u.parse import EXTINF, Entry, ListParser, Refused
from app.providers.m3u.shelf import Row, Shelf
from app.providers.m3u.sniff import sniffed
from app.providers.unpack import opened

ENDINGS: Final = (".m3u", ".m3u8", ".txt")
SAMPLE: Final = 2_000  # entries from which it is learned what all addresses share
MOST_GROUP: Final = 200  # characters of a group's name
PROVIDER_IDS: Final = ("xui-id", "cuid", "channel-id", "stream-id")
SEASON: Final = 10_000  # numbers of seasons and of episodes have four digits at most
CUT: Final = "The list was cut before its end."


class SeriesDraft(Struct, gc=False):
    """A series as its episodes tell of it: their `places` on the shelf and their `numbers`, 12 bytes of each."""

    title: str
    groups: list[str]
    logo: str
    places: "array[int]" = field(default_factory=lambda: array("Q"))
    numbers: "array[int]" = field(default_factory=lambda: array("I"))

    @property
    def episode_count(self) -> int:
        """Without the second and third version of an episode."""
        return len(set(self.numbers))


class Catalogue:
    """`groups` are the categories of each kind in the order of the list; `close` removes what is on disk."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.links = Links(home)
        self.parser = ListParser()
        self.groups: dict[Kind, dict[str, None]] = {kind: {} for kind in Kind}
        self.shelves: dict[Kind, Shelf] = {kind: Shelf() for kind in Kind}
        self.series: dict[str, SeriesDraft] = {}
        self._split: dict[str, tuple[str, ...]] = {}

    @property
    def header(self) -> dict[str, str]:
        return self.parser.header

    @property
    def refused(self) -> Sequence[Refused]:
        return self.parser.refused

    def __len__(self) -> int:
        return sum(map(len, self.shelves.values()))

    def add(self, entry: Entry) -> None:
        """Sorts one entry in."""
        address = split_address(entry.url)[0] if "|" in entry.url else entry.url
        url = repaired(address, self.home)
        if url is None:
            self.parser.refuse("The entry has no address that could be played.", f"{entry.name} {entry.url}")
            return
        link = self.links.read(url)
        kind, episode = kind_of(entry, link)
        row = Row(
            _id_of(entry, link, kind),
            entry.name,
            entry.url,
            entry.attributes,
            entry.group,
            entry.duration,
            entry.directives,
        )
        place = self.shelves[kind].add(row)
        groups = self.groups_of(entry.group)
        if episode is not None:
            self._add_episode(entry, episode, groups, place)
        for group in groups:
            self.groups[kind][group] = None

    def groups_of(self, group: str) -> tuple[str, ...]:
        """The groups that a `;` list names."""
        found = self._split.get(group)
        if found is None:
            plain = unescape(group) if "&" in group else group
            parts = [part.strip()[:MOST_GROUP].strip() for part in plain.split(";")]
            found = self._split[group] = tuple(dict.fromkeys(part for part in parts if part))
        return found

    def all_groups(self, groups: Iterable[str]) -> tuple[str, ...]:
        """The groups of several rows of one item, each once."""
        return tuple(dict.fromkeys(one for group in groups for one in self.groups_of(group)))

    def episodes(self, series_id: str) -> Iterator[tuple[EpisodeName, Row]]:
        """The episodes of a series in the order of the list."""
        draft = self.series.get(series_id)
        for place in draft.places if draft else ():
            row = self.shelves[Kind.SERIES].at(place)
            if (name := episode_name(row.name[:MOST_LETTERS])) is not None:
                yield name, row

    def close(self) -> None:
        for shelf in self.shelves.values():
            shelf.close()

    def _add_episode(self, entry: Entry, episode: EpisodeName, groups: tuple[str, ...], place: int) -> None:
        title = episode.title or (groups[0] if groups else "")
        key = series_key(title)
        draft = self.series.get(key)
        if draft is None:
            draft = self.series[key] = SeriesDraft(title, [], "")
        draft.places.append(place)
        draft.numbers.append(episode.season * SEASON + episode.number)
        draft.logo = draft.logo or entry.attributes.get("tvg-logo", "")
        if entry.group not in draft.groups:
            draft.groups.append(entry.group)


async def read_list(file: BinaryIO, home: Home, *, whole: bool = False) -> Catalogue:
    """Reads a downloaded list; others run in between. Raises `Unavailable` when it was cut, `Malformed` for no list.

    Of a list that is known to be `whole` an odd end is its own: an entry that waits for its address there is refused.
    """
    catalogue = Catalogue(home)
    with ExitStack() as undone:
        undone.callback(catalogue.close)
        await _read(file, catalogue, whole=whole)
        undone.pop_all()
    return catalogue


async def _read(file: BinaryIO, catalogue: Catalogue, *, whole: bool) -> None:
    parser, last = catalogue.parser, ""
    ending = Ending()
    learned = False
    with opened(file, endings=ENDINGS) as plain:
        for text in texts(plain):
            if not last:
                sniffed(text)
            entries = parser.feed(text)
            if not learned and entries:
                catalogue.links.learn(entry.url for entry in islice(entries, SAMPLE))
                learned = True
            for entry in entries:
                catalogue.add(entry)
            ending.see(entries)
            last = text or last
            await asyncio.sleep(0)
    if not whole and (parser.open or ending.cut(last)):
        raise Unavailable(CUT)
    parser.end()
    if not parser.entries and not parser.extended:
        raise Malformed("The answer is no list of channels.")
    for shelf in catalogue.shelves.values():
        shelf.settle()
        await asyncio.sleep(0)


class Ending:
    """Whether the last address of a list is whole: it has to look like others of the same host."""

    _SHAPE: Final = re.compile(r"\A[a-z]+://([^/]+)(/.*?)?(\.[A-Za-z0-9]{1,5})?(?:[?#|].*)?\Z", re.DOTALL)

    def __init__(self) -> None:
        self._shapes: dict[tuple[str, int, str], int] = {}
        self._last: Entry | None = None

    def see(self, entries: Sequence[Entry]) -> None:
        """Looks at some of the entries, and at the last."""
        if not entries:
            return
        for entry in (*entries[:-1][:: max(1, len(entries) // 50)], *([self._last] if self._last else ())):
            shape = self._shape(entry.url)
            if shape in self._shapes or len(self._shapes) < SAMPLE:
                self._shapes[shape] = self._shapes.get(shape, 0) + 1
        self._last = entries[-1]

    def cut(self, text: str) -> bool:
        """Whether the list ends in the middle of an address, as far as that can be known."""
        line = text.rpartition("\n")[2].strip()
        if not line or text.endswith("\n"):
            return False
        if line[0] == "#":
            return EXTINF.startswith(line.upper())  # of a longer line that has begun, the parser knows
        if self._last is None or not self._shapes:
            return False  # nothing to compare with
        host, depth, ending = self._shape(self._last.url)
        if (host, depth, ending) in self._shapes:
            return False
        hosts = {one for one, _, _ in self._shapes}
        return host in hosts or any(one.startswith(host) for one in hosts)

    def _shape(self, url: str) -> tuple[str, int, str]:
        found = self._SHAPE.match(url)
        if found is None:
            return url[:8].partition("://")[2], 0, ""
        return found[1], (found[2] or "").count("/"), (found[3] or "").lower()


def _id_of(entry: Entry, link: Link, kind: Kind) -> str:
    if link.numbered:
        return f"s{link.key}" if kind is Kind.MOVIE and link.folder == "series" else link.key
    key = link.key
    if link.thin:
        attributes = entry.attributes
        own = next((value for name in PROVIDER_IDS if (value := attributes.get(name))), None)
        key = f"{key}|{own or attributes.get('tvg-id', '') + '|' + fold(entry.name)}"
    return f"u{blake2b(key.encode(errors='replace'), digest_size=8).hexdigest()}"
