"""Items of Xtream lists, without `num`, which is their place in an answer."""

from typing import Any, Final

from app.domain.kinds import Kind
from app.simulator.catalogue import Catalogue
from app.simulator.draw import below
from app.simulator.facts import NO_CATEGORY, Channel, Title
from app.simulator.lists import SERIES_BASE
from app.simulator.shapes import Number, as_int, date_text, rating
from app.simulator.xtream.profile import XtreamProfile

IMAGES: Final = "http://images.example.test"
REPEATED: Final = 4 * SERIES_BASE  # added to an id: the same item once more, in its second category
UNLISTED: Final = (None, "", "0", "9999")


class Rows:
    """Spells items of one catalogue as one panel does."""

    def __init__(self, catalogue: Catalogue, profile: XtreamProfile) -> None:
        self._catalogue = catalogue
        self._dirt = catalogue.spec.dirt
        self._legacy = profile.variance == "legacy"
        self._php = profile.variance == "php_empty"
        self._n: Number = str if self._legacy else as_int

    def channel(self, number: int) -> dict[str, Any]:
        """A row of get_live_streams."""
        item = self._catalogue.channel(number)
        n = self._n
        radio = item.d[25] % 60 == 0
        row: dict[str, Any] = {
            "name": item.name or (None if self._php else ""),
            "stream_type": "radio_streams" if radio else "live",
            "stream_id": n(number),
            "stream_icon": self._icon(item),
            "epg_channel_id": self._epg(item),
            "added": str(item.added),
            "custom_sid": None if self._php else "",
            "tv_archive": n(int(item.archive_days > 0)),
            "direct_source": "",
            "tv_archive_duration": n(item.archive_days),
            "is_adult": n(int(item.censored)),
            "thumbnail": "",
        }
        return row | self._categories(Kind.CHANNEL, item.category, NO_CATEGORY, number)

    def movie(self, number: int) -> dict[str, Any]:
        """A row of get_vod_streams."""
        again, number = divmod(number, REPEATED)
        item = self._catalogue.title(Kind.MOVIE, number)
        row: dict[str, Any] = {
            "name": item.name,
            "stream_type": "movie",
            "stream_id": self._n(number),
            "stream_icon": self._poster(item, "movies"),
            "rating": rating(item.imdb, item.d[1], dirty=self._dirty(item, 6, 3)),
            "rating_5based": round(item.imdb / 20, 1) if item.imdb or not self._php else None,
            "added": str(item.added),
            "container_extension": "mkv" if item.hd else self._missing(item, "mp4"),
            "custom_sid": None if self._php else "",
            "direct_source": "",
            "is_adult": self._n(int(item.censored)),
        }
        if not self._legacy:
            row |= self._story(item)
        second, first = item.second, item.category
        return row | self._categories(Kind.MOVIE, second if again else first, second, number)

    def series(self, number: int) -> dict[str, Any]:
        """A row of get_series."""
        again, number = divmod(number, REPEATED)
        item = self._catalogue.title(Kind.SERIES, number)
        released = date_text(item.added)
        row: dict[str, Any] = {
            "name": item.name,
            "stream_type": "series",
            "series_id": self._n(number),
            "cover": self._poster(item, "series"),
            "rating": rating(item.imdb, item.d[1], dirty=self._dirty(item, 6, 3)),
            "rating_5based": self._n(item.imdb // 20),
            "releaseDate": released,
            "last_modified": str(item.modified) if item.d[7] % 50 else None,
            "episode_run_time": str(item.minutes) if item.d[8] % 3 else "0",
            **self._story(item),
        }
        if not self._legacy:
            row["release_date"] = released
        second, first = item.second, item.category
        return row | self._categories(Kind.SERIES, second if again else first, second, number)

    def _story(self, item: Title) -> dict[str, Any]:
        nothing = None if self._php else ""
        return {
            "title": item.original,
            "year": str(item.year) if item.d[4] % 9 else "",
            "plot": item.plot or nothing,
            "cast": item.actors or nothing,
            "director": item.director or nothing,
            "genre": item.genres,
            "youtube_trailer": "" if item.d[5] % 3 else f"yt{item.d[5]:011d}",
            "backdrop_path": self._backdrop(item),
            "tmdb": self._n(item.d[7] * 11) if item.d[7] % 6 else "",
        }

    def _categories(self, kind: Kind, index: int, second: int, number: int) -> dict[str, Any]:
        if index == NO_CATEGORY:
            return {"category_id": UNLISTED[number % 4]} | ({} if self._legacy else {"category_ids": []})
        categories = self._catalogue.categories[kind]
        found = {"category_id": str(categories[index].number)}
        if self._legacy:
            return found
        every = dict.fromkeys([index, second] if second != NO_CATEGORY else [index])
        return found | {"category_ids": [categories[place].number for place in every]}

    def _dirty(self, item: Channel | Title, draw: int, factor: float = 1) -> bool:
        return not item.revision and below(self._dirt * factor, item.d[draw])

    def _missing(self, item: Title, value: str) -> str | None:
        return (None, "")[item.d[8] % 2] if self._dirty(item, 3) else value

    def _icon(self, item: Channel) -> str | None:
        if self._dirty(item, 21, 2):
            return ("", None, "/logos/a b.png", "data:image/png;base64,iVBORw0KGgo=")[item.d[22] % 4]
        return f"{IMAGES}/logos/{item.number}_{item.revision}.png"

    def _poster(self, item: Title, folder: str) -> str | None:
        if self._dirty(item, 2):
            return None if item.d[8] % 2 else ""
        return f"{IMAGES}/{folder}/{item.number}_{item.revision}.jpg"

    def _backdrop(self, item: Title) -> Any:
        address = f"{IMAGES}/backdrops/{item.number}.jpg"
        if self._php and item.d[8] % 3 == 0:
            return (None, "", [""], address)[item.d[8] // 3 % 4]
        return [address] if item.d[8] % 5 else []

    def _epg(self, item: Channel) -> str | None:
        if item.d[24] % 2 == 0:
            return None if self._php else ""
        guide = f"channel{item.number}.example"
        return guide.upper() if item.d[26] % 30 == 0 else guide
