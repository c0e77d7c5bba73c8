"""Seasons and episodes of a series with the numbers by which players know them."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

from app.core import jsonio
from app.db.engine import Database
from app.playlists.xtream_details import Season
from app.playlists.xtream_files import episode_endings
from app.playlists.xtream_numbers import SEASON, Numbers

PAGE: Final = 1000

Documents = list[dict[str, Any]]


class Telling(Protocol):
    """Tells seasons and episodes as JSON documents, a page at a time, and how many there are."""

    async def seasons(self, series_id: str, *, page: int = 1, limit: int = 100) -> tuple[list[bytes], int]: ...

    async def episodes(
        self, series_id: str, number: int, *, page: int = 1, limit: int = 100
    ) -> tuple[list[bytes], int]: ...


class Seasons:
    """All of a series at once, as panels tell it."""

    def __init__(self, database: Database, telling: Telling, numbers: Numbers) -> None:
        self._database = database
        self._telling = telling
        self._numbers = numbers

    async def of(self, series_id: str) -> list[Season]:
        """The seasons of a series with their episodes, in the provider's order."""
        documents = await _whole(lambda page: self._telling.seasons(series_id, page=page, limit=PAGE))
        episodes = {one["number"]: await self._episodes(series_id, one["number"]) for one in documents}
        numbers = await self._numbers.of(SEASON, [one["id"] for one in documents], series_id)
        told = [episode["id"] for some in episodes.values() for episode in some]
        numbers |= await self._numbers.of_episodes({series_id: told})
        async with self._database.reader() as reader:
            endings = await episode_endings(reader, [series_id])
        return [
            Season(document=one, episodes=episodes[one["number"]], numbers=numbers, endings=endings)
            for one in documents
        ]

    async def _episodes(self, series_id: str, season: int) -> Documents:
        return await _whole(lambda page: self._telling.episodes(series_id, season, page=page, limit=PAGE))


async def _whole(ask: Callable[[int], Awaitable[tuple[list[bytes], int]]]) -> Documents:
    found: list[bytes] = []
    page = 1
    while True:
        documents, total = await ask(page)
        found += documents
        if not documents or len(found) >= total:
            return [jsonio.loads(one) for one in found]
        page += 1
