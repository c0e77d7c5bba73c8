"""One movie or series in full, as panels answer `get_vod_info` and `get_series_info`."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from app.domain.documents import MovieDocument, SeriesDocument
from app.domain.values import text
from app.playlists.xtream_files import EXTENSION
from app.playlists.xtream_rows import MovieRow, SeriesRow, epoch

MINUTE = 60


class Season(Struct, frozen=True, kw_only=True):
    """A season and its episodes as `streams` tells them; `numbers` and `endings` by public id."""

    document: dict[str, Any]
    episodes: Sequence[dict[str, Any]]
    numbers: Mapping[str, int]
    endings: Mapping[str, str]


def movie_details(row: MovieRow, document: MovieDocument, extra: Mapping[str, Any]) -> dict[str, Any]:
    """`info` of a movie and `movie_data`, from which players build its address."""
    backdrop, trailer = text(extra.get("backdrop")), text(extra.get("trailer"))
    released = text(extra.get("released")) or row.year
    info = {
        "name": row.name,
        "o_name": row.title,
        "cover_big": row.stream_icon,
        "movie_image": row.stream_icon,
        "release_date": released,
        "releasedate": released,
        "youtube_trailer": trailer,
        "director": row.director,
        "actors": row.cast,
        "cast": row.cast,
        "description": row.plot,
        "plot": row.plot,
        "age": "",
        "mpaa_rating": "",
        "country": document.country or "",
        "genre": row.genre,
        "backdrop_path": [backdrop] if backdrop else [],
        **_lasting(document.duration),
        "bitrate": 0,
        "rating": row.rating,
        "rating_5based": row.rating_5based,
        "tmdb_id": text(extra.get("tmdb")),
        "kinopoisk_url": "",
        "video": {},
        "audio": {},
        "subtitles": [],
    }
    names = ("stream_id", "name", "title", "year", "added", "category_id", "category_ids", "container_extension")
    data = {name: getattr(row, name) for name in (*names, "custom_sid", "direct_source")}
    return {"info": info, "movie_data": data}


def series_details(
    row: SeriesRow, document: SeriesDocument, extra: Mapping[str, Any], seasons: Sequence[Season]
) -> dict[str, Any]:
    """A series with all its seasons; `episodes` is an object by season, empty where there are none."""
    backdrop = text(extra.get("backdrop"))
    released = text(extra.get("released")) or row.year
    names = ("name", "title", "year", "cover", "plot", "cast", "director", "genre", "last_modified", "rating")
    info = {name: getattr(row, name) for name in names} | {
        "release_date": released,
        "releaseDate": released,
        "rating_5based": row.rating_5based,
        "backdrop_path": [backdrop] if backdrop else [],
        "youtube_trailer": text(extra.get("trailer")),
        "episode_run_time": row.episode_run_time,
        "country": document.country or "",
        "tmdb": text(extra.get("tmdb")),
        "category_id": row.category_id,
        "category_ids": row.category_ids,
    }
    return {
        "seasons": [_season(one, row.cover) for one in seasons],
        "info": info,
        "episodes": {str(one.document["number"]): _episodes(one, row.name) for one in seasons},
    }


def _season(season: Season, cover: str) -> dict[str, Any]:
    document = season.document
    poster = document["poster"] or cover
    return {
        "air_date": document["airDate"] or "",
        "episode_count": len(season.episodes),
        "id": season.numbers[document["id"]],
        "name": document["name"] or f"Season {document['number']}",
        "overview": document["description"] or "",
        "season_number": document["number"],
        "cover": poster,
        "cover_big": poster,
        "vote_average": 0,
    }


def _episodes(season: Season, series: str) -> list[dict[str, Any]]:
    return [_episode(season, one, place, series) for place, one in enumerate(season.episodes, 1)]


def _episode(season: Season, document: dict[str, Any], place: int, series: str) -> dict[str, Any]:
    # Players count episodes in whole numbers; what has none, or half of one, is known by its place.
    number = document["number"] if isinstance(document["number"], int) else place
    poster = document["poster"] or ""
    return {
        "id": str(season.numbers[document["id"]]),
        "episode_num": number,
        "title": document["name"] or f"{series} - S{document['season']:02d}E{number:02d}",
        "container_extension": season.endings.get(document["id"], EXTENSION),
        "info": {
            "plot": document["description"] or "",
            "air_date": document["airDate"] or "",
            "releasedate": document["airDate"] or "",
            "movie_image": poster,
            "cover_big": poster,
            "rating": text(document["rating"]),
            **_lasting(document["duration"]),
            "bitrate": 0,
            "video": {},
            "audio": {},
        },
        "custom_sid": "",
        "added": epoch(document["addedAt"]),
        "season": document["season"],
        "direct_source": "",
        "subtitles": [],
    }


def _lasting(minutes: int | None) -> dict[str, Any]:
    """A duration as players read it; 0 and an empty text where it is unknown."""
    if minutes is None:
        return {"duration_secs": 0, "duration": ""}
    return {"duration_secs": minutes * MINUTE, "duration": f"{minutes // MINUTE:02d}:{minutes % MINUTE:02d}:00"}
