"""Programmes of one channel as panels tell them: texts in base64, times as text in the server's zone and as epochs."""

from base64 import b64encode
from collections.abc import Iterable
from typing import Any, Final

from app.core import jsonio
from app.core.clock import now_ms
from app.db.guides import ProgrammeRow
from app.playlists.dressing import Entry
from app.playlists.xtream_account import clock_text
from app.playlists.xtream_rows import archive_days

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
SHORT: Final = 4  # programmes, where a player names no limit
LONGEST: Final = 1000


def listings(rows: Iterable[ProgrammeRow], entry: Entry, number: int) -> list[dict[str, Any]]:
    """`epg_listings` of a channel; `now_playing` and `has_archive` as of now."""
    now = now_ms()
    since = now - archive_days(entry) * DAY_MS
    return [_listing(row, entry, number, now=now, since=since) for row in rows]


def _listing(row: ProgrammeRow, entry: Entry, number: int, *, now: int, since: int) -> dict[str, Any]:
    body = jsonio.loads(row.body)
    start, stop = row.start_ms // 1000, row.stop_ms // 1000
    return {
        "id": f"{number}{start}",
        "epg_id": str(number),
        "title": _base64(body.get("title")),
        "lang": body.get("language") or "",
        "start": clock_text(start),
        "end": clock_text(stop),
        "description": _base64(body.get("description")),
        "channel_id": entry.guide_id,
        "start_timestamp": str(start),
        "stop_timestamp": str(stop),
        "now_playing": int(row.start_ms <= now < row.stop_ms),
        "has_archive": int(since <= row.start_ms and row.stop_ms <= now),
    }


def _base64(words: str | None) -> str:
    return b64encode((words or "").encode()).decode()
