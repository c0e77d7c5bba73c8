"""What providers said of movies and episodes beside their documents: endings of files, trailers, ids elsewhere."""

from collections.abc import Sequence
from typing import Any

from app.core import jsonio
from app.db.engine import Reader
from app.db.marks import Marks, fetch
from app.domain.kinds import Kind
from app.domain.values import text
from app.playlists.dressing import Entry

EXTENSION = "mp4"  # where the provider names none: what players take for granted themselves


async def endings(reader: Reader, entries: Sequence[Entry]) -> list[str]:
    """The endings of these movies' files, in their order."""
    found: dict[tuple[int, int], str] = {}
    for provider_pk in {entry.provider_pk for entry in entries}:
        marks = Marks(sqlite=reader.sqlite)
        among = marks.one_of([entry.ordinal for entry in entries if entry.provider_pk == provider_pk], "int")
        statement = f"SELECT ordinal, locator FROM movie WHERE provider_pk = {provider_pk:d} AND ordinal {among}"  # noqa: S608
        for ordinal, locator in await fetch(reader, statement, marks):
            found[provider_pk, ordinal] = ending(locator)
    return [found.get((entry.provider_pk, entry.ordinal), EXTENSION) for entry in entries]


async def episode_endings(reader: Reader, series_ids: Sequence[str]) -> dict[str, str]:
    """The endings of these series' files by episode, as far as their episodes are stored."""
    marks = Marks(sqlite=reader.sqlite)
    statement = f"SELECT id, locator FROM episode WHERE series_id {marks.one_of(series_ids, 'text')}"  # noqa: S608
    return {row[0]: ending(row[1]) for row in await fetch(reader, statement, marks)}


async def extra_of(reader: Reader, kind: Kind, item_id: str) -> dict[str, Any]:
    """Stable facts of an item that have no field of their own."""
    marks = Marks(sqlite=reader.sqlite)
    rows = await fetch(reader, f"SELECT extra FROM {kind.value} WHERE id = {marks(item_id)}", marks)  # noqa: S608
    found: dict[str, Any] = jsonio.loads(rows[0][0]) if rows and rows[0][0] else {}
    return found


def ending(locator: bytes) -> str:
    """The ending that a locator names."""
    return text(jsonio.loads(locator).get("ext")) or EXTENSION
