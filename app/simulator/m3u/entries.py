"""Items as entries of a list: two lines each, and whatever a quirk adds to them."""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Final

from msgspec import Struct

from app.domain.kinds import Kind
from app.simulator.catalogue import Catalogue
from app.simulator.facts import NO_CATEGORY
from app.simulator.lists import EVERYTHING, ListName, Lists, Order
from app.simulator.xtream.guide import has_guide

IMAGES: Final = "http://images.example.test"
ORDERS: Final[Mapping[Kind, tuple[ListName, Order]]] = {
    Kind.CHANNEL: ("itv", "plain"),
    Kind.MOVIE: ("vod", "newest"),
    Kind.SERIES: ("series", "newest"),
}
EPISODE_IDS: Final = 1_000  # of one series at most
NAMINGS: Final = (
    "{title} S{season:02d}E{number:02d}",
    "{title} S{season:02d} E{number:02d}",
    "{title} s{season}.e{number}",
    "{title} {season}x{number:02d}",
    "{title} - Season {season} Episode {number}",
    "{title} Staffel {season} Folge {number}",
)


class ListEntry(Struct, kw_only=True):
    """What an entry says before it is spelled; `place` counts entries from 0, `broken` has no usable address."""

    kind: Kind
    place: int
    name: str
    path: str
    group: str
    attributes: dict[str, str]
    broken: bool = False


class Entries:
    """The entries of one catalogue, in the order of the list: channels, movies, episodes."""

    def __init__(self, catalogue: Catalogue, lists: Lists, *, broken_every: int | None, varied: bool) -> None:
        self._catalogue = catalogue
        self._lists = lists
        self._broken_every = broken_every
        self._varied = varied

    def all(self, kinds: tuple[Kind, ...]) -> Iterator[ListEntry]:
        places = count()
        for kind in kinds:
            for number in self._lists.ids(*ORDERS[kind], EVERYTHING):
                for entry in self._of(kind, number):
                    entry.place = next(places)
                    yield entry

    def again(self) -> Iterator[ListEntry]:
        """Movies once more, in their second group."""
        for number in self._lists.ids(*ORDERS[Kind.MOVIE], EVERYTHING):
            item = self._catalogue.title(Kind.MOVIE, number)
            if item.second != NO_CATEGORY:
                (entry,) = self._of(Kind.MOVIE, number)
                entry.group = self._group(Kind.MOVIE, item.second)
                yield entry

    def series_title(self, number: int) -> str:
        """What stands before the marker of an episode."""
        return self._catalogue.name_of(Kind.SERIES, number) or f"Series {number}"

    def groups(self, kind: Kind) -> set[str]:
        """The groups that have entries."""
        numbers = self._lists.ids(*ORDERS[kind], EVERYTHING)
        return {self._group(kind, self._catalogue.category_of(kind, number)) for number in numbers} - {""}

    def _of(self, kind: Kind, number: int) -> Iterator[ListEntry]:
        broken = bool(self._broken_every and number % self._broken_every == 0)
        if kind is Kind.CHANNEL:
            made = self._channel(number)
        elif kind is Kind.MOVIE:
            made = self._movie(number)
        else:
            yield from self._episodes(number, broken=broken)
            return
        made.broken = broken
        yield made

    def _channel(self, number: int) -> ListEntry:
        item = self._catalogue.channel(number)
        attributes = {
            "tvg-id": f"channel{number}.example" if has_guide(item) else "",
            "tvg-name": item.name,
            "tvg-logo": f"{IMAGES}/logos/{number}_{item.revision}.png",
            "tvg-chno": str(number),
        }
        if item.archive_days:
            attributes |= {"catchup": "xc", "catchup-days": str(item.archive_days)}
        return ListEntry(
            kind=Kind.CHANNEL,
            place=0,
            name=item.name,
            path=f"live/{{account}}/{number}.ts",
            group=self._group(Kind.CHANNEL, item.category),
            attributes=attributes,
        )

    def _movie(self, number: int) -> ListEntry:
        item = self._catalogue.title(Kind.MOVIE, number)
        logo = f"{IMAGES}/movies/{number}_{item.revision}.jpg"
        return ListEntry(
            kind=Kind.MOVIE,
            place=0,
            name=item.name,
            path=f"movie/{{account}}/{number}.{'mkv' if item.hd else 'mp4'}",
            group=self._group(Kind.MOVIE, item.category),
            attributes={"tvg-id": "", "tvg-name": item.name, "tvg-logo": logo},
        )

    def _episodes(self, number: int, *, broken: bool) -> Iterator[ListEntry]:
        item, title = self._catalogue.title(Kind.SERIES, number), self.series_title(number)
        group = self._group(Kind.SERIES, item.category)
        logo = f"{IMAGES}/series/{number}_{item.revision}.jpg"
        ids = count(number * EPISODE_IDS)
        for season, episodes in self._catalogue.seasons(number):
            for episode in range(1, episodes + 1):
                naming = NAMINGS[episode % len(NAMINGS) if self._varied else 0]
                name = naming.format(title=title, season=season, number=episode)
                yield ListEntry(
                    kind=Kind.SERIES,
                    place=0,
                    name=name,
                    path=f"series/{{account}}/{next(ids)}.mp4",
                    group=group,
                    attributes={"tvg-id": "", "tvg-name": name, "tvg-logo": logo},
                    broken=broken,
                )

    def _group(self, kind: Kind, index: int) -> str:
        return "" if index == NO_CATEGORY else self._catalogue.categories[kind][index].title
