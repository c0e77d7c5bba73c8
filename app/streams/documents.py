"""What the API says of seasons and episodes, as the bytes that are stored."""

from typing import Any

from app.core import jsonio
from app.core.clock import rfc3339
from app.domain.identity import episode_id
from app.domain.records import EpisodeRecord, SeasonRecord


def season_id(series_id: str, number: int) -> str:
    """A season has no life of its own: its id is its series and its number."""
    return episode_id(series_id, str(number), "season")


def season_document(series_id: str, record: SeasonRecord) -> bytes:
    document: dict[str, Any] = {
        "id": season_id(series_id, record.number),
        "seriesId": series_id,
        "number": record.number,
        "name": record.name or None,
        "description": record.description or None,
        "poster": record.poster,
        "airDate": record.air_date or None,
        "episodeCount": record.episode_count,
    }
    return jsonio.dumps(document)


def episode_document(series_id: str, public_id: str, record: EpisodeRecord) -> bytes:
    document: dict[str, Any] = {
        "id": public_id,
        "seriesId": series_id,
        "season": record.season,
        "number": record.number,
        "name": record.name or None,
        "description": record.description or None,
        "poster": record.poster,
        "duration": record.duration,
        "rating": record.rating,
        "addedAt": rfc3339(record.added_at),
        "airDate": record.air_date or None,
        "stream": f"/api/episodes/{public_id}/stream",
    }
    return jsonio.dumps(document)
