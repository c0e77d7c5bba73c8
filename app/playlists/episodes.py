"""Episodes of a line-up's series, as far as their seasons are stored: nothing is asked of a provider for a file."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct, json

from app.db.engine import Reader
from app.db.marks import Marks, fetch
from app.playlists.dressing import Entry


class EpisodeRow(Struct, frozen=True, kw_only=True, gc=False):
    """A stored episode; `number` as the provider counts, `minutes` its length."""

    id: str
    series_id: str
    season: int
    number: float | int | None
    name: str | None
    minutes: int | None


class _Document(Struct, frozen=True, gc=False):
    number: float | int | None = None
    name: str | None = None
    duration: int | None = None


_decode: Final = json.Decoder(_Document).decode


async def stored_episodes(reader: Reader, series: Sequence[Entry]) -> list[tuple[Entry, EpisodeRow]]:
    """All stored episodes of these series, series by series in their order, seasons by number."""
    marks = Marks(sqlite=reader.sqlite)
    among = marks.one_of([entry.item_id for entry in series], "text")
    statement = f"SELECT id, series_id, season, document FROM episode WHERE series_id {among} ORDER BY season, position"  # noqa: S608
    found: dict[str, list[EpisodeRow]] = {}
    for public, series_id, season, body in await fetch(reader, statement, marks):
        told = _decode(body)
        row = EpisodeRow(
            id=public,
            series_id=series_id,
            season=season,
            number=told.number,
            name=told.name,
            minutes=told.duration,
        )
        found.setdefault(series_id, []).append(row)
    return [(entry, row) for entry in series for row in found.get(entry.item_id, ())]


async def series_of(reader: Reader, episode_id: str) -> str | None:
    """The series of a stored episode."""
    marks = Marks(sqlite=reader.sqlite)
    rows = await fetch(reader, f"SELECT series_id FROM episode WHERE id = {marks(episode_id)}", marks)  # noqa: S608
    return rows[0][0] if rows else None
