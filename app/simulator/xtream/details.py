"""get_vod_info and get_series_info in all the shapes that PHP gives them."""

from typing import Any, Literal

from app.domain.kinds import Kind
from app.simulator.catalogue import Catalogue
from app.simulator.facts import Title
from app.simulator.shapes import Number, as_int, date_text
from app.simulator.xtream.profile import XtreamProfile

Shape = Literal["dict", "lists", "flat", "absent"]


class Details:
    """Answers about one title."""

    def __init__(self, catalogue: Catalogue, profile: XtreamProfile) -> None:
        self._catalogue = catalogue
        self._php = profile.variance == "php_empty"
        self._legacy = profile.variance == "legacy"
        self._n: Number = str if self._legacy else as_int

    def movie(self, number: int) -> dict[str, Any]:
        """A movie; PHP empties leave `info` as a list."""
        item = self._catalogue.title(Kind.MOVIE, number)
        data = {
            "stream_id": self._n(number),
            "name": item.name,
            "added": str(item.added),
            "category_id": self._category(Kind.MOVIE, item),
            "container_extension": "mkv" if item.hd else "mp4",
            "custom_sid": "",
            "direct_source": "",
        }
        if self._php and number % 3 == 0:
            return {"info": [], "movie_data": data}
        info = {
            "name": item.name,
            "o_name": item.original,
            "plot": item.plot,
            "description": item.plot,
            "cast": item.actors,
            "actors": item.actors,
            "director": item.director,
            "genre": item.genres,
            "country": item.country,
            "releasedate": date_text(item.added),
            "rating": f"{item.imdb / 10}",
            "tmdb_id": self._n(item.d[7] * 11),
            "duration": f"{item.minutes // 60:02d}:{item.minutes % 60:02d}:00",
            "duration_secs": self._n(item.minutes * 60),
            "bitrate": self._n(3500),
            "video": [] if self._php else {},
            "audio": [] if self._php else {},
            "backdrop_path": [],
        }
        return {"info": info, "movie_data": data}

    def series(self, number: int, shape: Shape | None) -> dict[str, Any]:
        """A series with its seasons and episodes; without a `shape` each panel follows its own habit."""
        item = self._catalogue.title(Kind.SERIES, number)
        seasons = self._catalogue.seasons(number)
        known = seasons if number % 7 else seasons[1:]
        answer: dict[str, Any] = {
            "seasons": [] if self._php and number % 5 == 0 else [self._season(item, *season) for season in known],
            "info": self._info(item),
        }
        by_season = {str(season): self._episodes(item, season, count) for season, count in seasons}
        match shape or self._habit(number, first=seasons[0][0]):
            case "dict":
                answer["episodes"] = by_season
            case "lists":
                answer["episodes"] = list(by_season.values())
            case "flat":
                answer["episodes"] = [episode for episodes in by_season.values() for episode in episodes]
            case "absent":
                if number % 2:
                    answer["episodes"] = []
        return answer

    def _habit(self, number: int, *, first: int) -> Shape:
        shapes: tuple[Shape, ...] = ("dict", "lists", "flat", "dict")
        if self._php:
            return shapes[number % 4]
        # PHP encodes an array whose keys run from 0 as a list.
        return "lists" if self._legacy and first == 0 else "dict"

    def _info(self, item: Title) -> Any:
        if self._php and item.number % 6 == 0:
            return []
        return {
            "name": item.name,
            "cover": "",
            "plot": item.plot,
            "cast": item.actors,
            "director": item.director,
            "genre": item.genres,
            "releaseDate": date_text(item.added),
            "last_modified": str(item.modified),
            "rating": self._n(item.imdb // 10),
            "rating_5based": item.imdb / 20,
            "backdrop_path": [],
            "youtube_trailer": "",
            "episode_run_time": str(item.minutes),
            "category_id": self._category(Kind.SERIES, item),
        }

    def _season(self, item: Title, season: int, episodes: int) -> dict[str, Any]:
        return {
            "air_date": date_text(item.added),
            "episode_count": self._n(episodes),
            "id": self._n(item.number * 100 + season),
            "name": f"Season {season}" if season else "Specials",
            "overview": "",
            "season_number": self._n(season),
            "cover": "",
            "cover_big": "",
        }

    def _episodes(self, item: Title, season: int, count: int) -> list[dict[str, Any]]:
        return [self._episode(item, season, number) for number in range(1, count + 1)]

    def _episode(self, item: Title, season: int, number: int) -> dict[str, Any]:
        own_id = (item.number * 100 + season) * 100 + number
        return {
            "id": str(own_id) if self._legacy or number % 2 else own_id,
            "episode_num": self._n(number),
            "title": f"{item.original} - S{season:02d}E{number:02d}" if number % 9 else "",
            "container_extension": "mkv" if number % 11 else None,
            "info": self._episode_info(item, number),
            "custom_sid": "",
            "added": str(item.added + number),
            "season": self._n(season),
            "direct_source": "",
        }

    def _episode_info(self, item: Title, number: int) -> Any:
        if self._php and number % 3 == 0:
            return ([], "", None)[number // 3 % 3]
        return {
            "plot": item.plot,
            "duration_secs": item.minutes * 60,
            "duration": f"00:{item.minutes:02d}:00",
            "movie_image": "",
            "air_date": date_text(item.added),
            "rating": "",
        }

    def _category(self, kind: Kind, item: Title) -> str:
        return str(self._catalogue.categories[kind][item.category].number) if item.category >= 0 else ""
