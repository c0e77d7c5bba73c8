"""Below a series: seasons, episodes and files, as the rows of a stock portal and of a panel."""

from typing import Any

from app.domain.kinds import Kind
from app.simulator.catalogue import Catalogue
from app.simulator.facts import Title
from app.simulator.shapes import datetime_text
from app.simulator.stalker.rows import encoded_cmd

SEASONS_PER_SERIES = 100  # season ids are series number × this + season, so that they are unique


def stock_seasons(catalogue: Catalogue, number: int, row_id: int) -> list[dict[str, Any]]:
    """`is_season` rows, ascending."""
    item = catalogue.title(Kind.SERIES, number)
    return [
        {
            "id": str(number * SEASONS_PER_SERIES + season),
            "video_id": str(row_id),
            "season_number": str(season),
            "season_name": "",
            "season_original_name": None,
            "season_series": str(episodes),
            "date_add": datetime_text(item.added),
            "date_modify": datetime_text(item.modified),
            "is_season": True,
            "name": f"Season {season}" if season else "Season 0. Specials",
            "cmd": f"/media/{row_id}.mpg",
            **_inherited(item),
        }
        for season, episodes in catalogue.seasons(number)
    ]


def stock_episodes(catalogue: Catalogue, number: int, season_id: int) -> list[dict[str, Any]]:
    """`is_episode` rows of a season id, ascending; `series` lists all of the season's numbers."""
    season = season_id - number * SEASONS_PER_SERIES
    count = dict(catalogue.seasons(number)).get(season, 0)
    item = catalogue.title(Kind.SERIES, number)
    numbers = [str(episode) for episode in range(1, count + 1)]
    return [
        {
            "id": str(episode_id(season_id, episode)),
            "season_id": str(season_id),
            "series_number": str(episode),
            "series_name": "",
            "series_original_name": None,
            "series_files": str(files_of(season_id, episode)),
            "date_add": datetime_text(item.added),
            "date_modify": datetime_text(item.modified),
            "is_episode": True,
            "name": f"Episode {episode}",
            "series": numbers,
            "cmd": "",
            **_inherited(item),
        }
        for episode in range(1, count + 1)
    ]


def stock_files(row_id: int, episode: int | None, count: int) -> list[dict[str, Any]]:
    """`is_file` rows of a movie, or of an episode id."""
    base = (episode or row_id) * 10
    return [
        {
            "id": str(base + place),
            "video_id": str(row_id),
            "series_id": str(episode or 0),
            "file_type": "video",
            "protocol": "http",
            "url": "",
            "languages": 'a:1:{i:0;s:2:"en";}',
            "quality": ("5", "4", "3")[place % 3],
            "is_file": True,
            "name": f"English / {('1080p', '720p', '480p')[place % 3]}",
            "cmd": f"/media/file_{base + place}.mpg",
        }
        for place in range(count)
    ]


def panel_seasons(catalogue: Catalogue, number: int) -> list[dict[str, Any]]:
    """Season rows of `type=series`: newest first, the series id repeated, `series` a count in disguise."""
    item = catalogue.title(Kind.SERIES, number)
    return [
        {
            "id": number,
            "name": f"Season {season}" if season else "Specials",
            "o_name": item.original,
            "series": list(range(1, episodes + 1)),
            "is_series": 1,
            "has_files": 0,
            "time": "N/a",
            "cmd": encoded_cmd(series_id=number, season_num=season, type="series"),
            "added": datetime_text(item.added),
            **_inherited(item),
        }
        for season, episodes in reversed(catalogue.seasons(number))
    ]


def episode_id(season_id: int, episode: int) -> int:
    """Unique over all series."""
    return season_id * 100 + episode


def files_of(season_id: int, episode: int) -> int:
    """Every eighth episode has two files, which episode totals count."""
    return 2 if (season_id + episode) % 8 == 0 else 1


def _inherited(item: Title) -> dict[str, Any]:
    return {
        "description": item.plot,
        "director": item.director,
        "actors": item.actors,
        "year": str(item.year),
        "genres_str": item.genres,
        "screenshot_uri": False,
        "lock": 0,
        "fav": 0,
        "hd": int(item.hd),
    }
