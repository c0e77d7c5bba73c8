"""Public ids as the whole numbers that players want, in transactions of their own."""

from collections.abc import Mapping, Sequence

from app.db import numbers
from app.db.engine import Database
from app.db.numbers import Numbered

EPISODE = "episode"
SEASON = "season"
CATEGORY = "category"


class Numbers:
    """Numbers are given when something is listed for the first time, by whichever process lists it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, kind: str, ids: Sequence[str], series_id: str | None = None) -> dict[str, int]:
        """The numbers of all these ids."""
        found = await self._known(ids)
        if missing := [one for one in dict.fromkeys(ids) if one not in found]:
            async with self._database.writer() as writer:
                await numbers.assign(writer, kind, missing, series_id)
            found |= await self._known(missing)
        return found

    async def of_episodes(self, by_series: Mapping[str, Sequence[str]]) -> dict[str, int]:
        """The numbers of the episodes of several series."""
        found = await self._known([one for ids in by_series.values() for one in ids])
        missing = {series: [one for one in ids if one not in found] for series, ids in by_series.items()}
        if left := [one for ids in missing.values() for one in ids]:
            async with self._database.writer() as writer:
                for series, ids in missing.items():
                    if ids:
                        await numbers.assign(writer, EPISODE, ids, series)
            found |= await self._known(left)
        return found

    async def named(self, number: str | int) -> Numbered | None:
        """What a number of a player stands for; None for what is no number, or nobody's."""
        text = str(number).strip()
        if not (text.isascii() and text.isdigit()) or len(text) > len(str(numbers.LARGEST)):
            return None
        async with self._database.reader() as reader:
            return await numbers.named(reader, int(text))

    async def _known(self, ids: Sequence[str]) -> dict[str, int]:
        async with self._database.reader() as reader:
            return await numbers.known(reader, ids)
