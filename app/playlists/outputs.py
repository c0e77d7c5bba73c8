"""The files of a line-up, each as an edition of the state that it shows."""

from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from msgspec import Struct, json

from app.core.errors import NotFound
from app.db.engine import Database
from app.db.marks import Marks, fetch
from app.domain.kinds import Kind
from app.playlists import hdhr, m3u, xmltv
from app.playlists.editions import Edition
from app.playlists.episodes import series_of, stored_episodes
from app.playlists.lineups import LineUps
from app.playlists.sources import FOLDERS, NOTHING, Source
from app.playlists.state import state_of

JSON: Final = "application/json"
MOST_TUNERS: Final = 32


class _Length(Struct, gc=False):
    duration: int | None = None


_length: Final = json.Decoder(_Length).decode


class Outputs:
    """Nothing is read before a file is sent but the few rows that tell its state."""

    def __init__(self, database: Database, line_ups: LineUps) -> None:
        self._database = database
        self._line_ups = line_ups

    async def m3u(self, source: Source, base: str) -> Edition:
        """The list of everything that plays."""
        return await self.edition(source, m3u.MEDIA_TYPE, f"m3u {base}", lambda: self._m3u(source, base), episodes=True)

    async def guide(self, source: Source) -> Edition:
        """The programmes of the channels, as XMLTV."""
        make = lambda: xmltv.guide_file(self._database, self._line_ups, source.line_up)  # noqa: E731
        return await self.edition(source, xmltv.MEDIA_TYPE, "xmltv", make, guides=True)

    async def channels(self, source: Source, base: str) -> Edition:
        """The channels as a tuner lists them."""
        make = lambda: hdhr.lineup_file(self._line_ups, source, base)  # noqa: E731
        return await self.edition(source, JSON, f"hdhr {base}", make)

    async def tuners(self, source: Source) -> int:
        """How many can watch at once: what the providers' accounts allow, at least one each."""
        wanted = source.line_up.definition.providers
        async with self._database.reader() as reader:
            marks = Marks(sqlite=reader.sqlite)
            where = f" WHERE id {marks.one_of(wanted, 'text')}" if wanted else ""
            rows = await fetch(reader, f"SELECT account FROM provider{where}", marks)  # noqa: S608 - marks
        accounts = [json.decode(row[0]) if row[0] else {} for row in rows]
        allowed = sum(max(1, (account or {}).get("maxConnections") or 1) for account in accounts)
        return max(1, min(MOST_TUNERS, allowed))

    async def playable(self, source: Source, folder: str, item_id: str) -> Kind:
        """The kind of what plays, as long as the line-up holds it; `NotFound` as for everything else."""
        kind, held = FOLDERS[folder], item_id
        if kind is Kind.SERIES:
            async with self._database.reader() as reader:
                held = await series_of(reader, item_id) or ""
        if await self._line_ups.entry(source.line_up, kind, held) is None:
            raise NotFound(NOTHING)
        return kind

    async def _m3u(self, source: Source, base: str) -> AsyncIterator[bytes]:
        yield m3u.header(base, source)
        async for entries in self._line_ups.entries(source.line_up, Kind.CHANNEL):
            yield m3u.channel_lines(base, source, entries)
        async for entries in self._line_ups.entries(source.line_up, Kind.MOVIE):
            yield m3u.movie_lines(base, source, [(entry, _length(entry.body).duration) for entry in entries])
        async for entries in self._line_ups.entries(source.line_up, Kind.SERIES):
            async with self._database.reader() as reader:
                episodes = await stored_episodes(reader, entries)
            yield m3u.episode_lines(base, source, episodes)

    async def edition(
        self, source: Source, media_type: str, form: str, make: Callable[[], AsyncIterator[bytes]], **asked: Any
    ) -> Edition:
        """A file of the source; `form` tells it apart from all other files of the same state."""
        async with self._database.reader() as reader:
            state = await state_of(reader, source, **asked)

        async def unchanged() -> bool:
            async with self._database.reader() as reader:
                return await state_of(reader, source, **asked) == state

        return Edition(
            state=f"{form} {state.text}",
            media_type=media_type,
            settled=state.settled,
            make=make,
            unchanged=unchanged,
        )
