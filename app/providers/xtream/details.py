"""Seasons and episodes out of `get_series_info`, in all the shapes that PHP makes of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.domain.records import EpisodeRecord, SeasonRecord
from app.domain.values import (
    clean_text,
    epoch_ms,
    integer,
    minutes,
    minutes_of_seconds,
    number,
    rating,
    text,
    text_or_none,
)
from app.providers.xtream.parse import extension, identity
from app.providers.xtream.site import Site

FIRST_SEASON: Final = 1
LAST: Final = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesDetails:
    """What a panel says of one series; seasons come from its episodes, their names from its list of seasons."""

    seasons: Sequence[SeasonRecord]
    episodes: Mapping[int, Sequence[EpisodeRecord]]


def read_details(document: Any, series_id: str, site: Site) -> SeriesDetails:
    """Empty for `[]`, `{}`, or an object without episodes: a series that is gone looks like that too."""
    document = document if isinstance(document, dict) else {}
    episodes: dict[int, dict[str, EpisodeRecord]] = {}
    for season, entry in _entries(document.get("episodes")):
        record = _episode(entry, season, site)
        if record is not None:
            episodes.setdefault(season, {}).setdefault(record.external_id, record)
    told = _told_seasons(document.get("seasons"))
    ordered = {season: _in_order(records) for season, records in sorted(episodes.items())}
    seasons = [_season(season, told.get(season, {}), len(ordered[season]), series_id, site) for season in ordered]
    return SeriesDetails(seasons=seasons, episodes=ordered)


def _entries(episodes: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    """(season, episode) of an object by season, a list of lists, or a flat list."""
    groups = episodes.items() if isinstance(episodes, dict) else enumerate(_values(episodes))
    for key, group in groups:
        if isinstance(group, dict) and "id" in group:
            yield _season_of(group, FIRST_SEASON), group
            continue
        # The key of an object is the season; the index of a list says so only when nothing better does.
        named = integer(key) if isinstance(episodes, dict) else None
        for entry in _values(group):
            if isinstance(entry, dict):
                yield named if named is not None and named >= 0 else _season_of(entry, integer(key)), entry


def _season_of(entry: dict[str, Any], otherwise: int | None) -> int:
    found = integer(entry.get("season"))
    if found is not None and found >= 0:
        return found
    return FIRST_SEASON if otherwise is None else otherwise


def _values(value: Any) -> Sequence[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else ()


def _told_seasons(value: Any) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for entry in _values(value):
        season = integer(entry.get("season_number")) if isinstance(entry, dict) else None
        if season is not None:
            found.setdefault(season, entry)
    return found


def _in_order(records: dict[str, EpisodeRecord]) -> list[EpisodeRecord]:
    """By number, versions of one episode beside each other, those without a number last, else as listed."""
    return sorted(records.values(), key=lambda record: LAST if record.number is None else record.number)


def _season(season: int, told: dict[str, Any], count: int, series_id: str, site: Site) -> SeasonRecord:
    overview = clean_text(told.get("overview"))
    picture = overview if overview and overview.startswith(("http://", "https://")) else None
    return SeasonRecord(
        external_id=str(season),
        number=season,
        name=text_or_none(told.get("name")),
        description=None if picture else overview,
        poster=site.image(told.get("cover_big")) or site.image(told.get("cover")) or site.image(picture),
        air_date=_day(told.get("air_date")),
        episode_count=count,
        locator={"id": series_id, "season": season},
    )


def _episode(entry: dict[str, Any], season: int, site: Site) -> EpisodeRecord | None:
    external_id = identity(entry.get("id"))
    if external_id is None:
        return None
    info = entry.get("info")
    info = info if isinstance(info, dict) else {}
    locator: dict[str, Any] = {"id": external_id, "episode": True}
    if ending := extension(entry.get("container_extension")):
        locator["ext"] = ending
    sid = text_or_none(entry.get("custom_sid"))
    return EpisodeRecord(
        external_id=external_id,
        season=season,
        number=number(entry.get("episode_num")),
        name=text_or_none(entry.get("title")),
        description=clean_text(info.get("plot")) or clean_text(info.get("overview")),
        poster=site.image(info.get("movie_image")) or site.image(info.get("cover_big")),
        duration=minutes_of_seconds(info.get("duration_secs")) or minutes(info.get("duration")),
        rating=rating(info.get("rating")),
        added_at=epoch_ms(entry.get("added")),
        air_date=_day(info.get("air_date")) or _day(info.get("release_date")) or _day(info.get("releasedate")),
        locator=locator,
        extra={"customSid": sid} if sid else {},
    )


def _day(value: Any) -> str | None:
    found = text(value).strip()
    return None if not found or found.startswith("0000") or found.lower() == "n/a" else found
