"""What a playlist user's player asks of a panel: lists, details, programmes, links."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Protocol

from app.core.clock import now_ms
from app.core.errors import NotFound
from app.db.engine import Database
from app.db.guides import programmes
from app.db.numbers import Numbered
from app.domain.documents import MovieDocument, SeriesDocument
from app.domain.kinds import Kind
from app.playlists import xtream_details as details
from app.playlists.desk import PlaylistDesk
from app.playlists.dressing import Entry
from app.playlists.editions import Edition
from app.playlists.lineups import LineUp
from app.playlists.m3u import MEDIA_TYPE
from app.playlists.outputs import JSON
from app.playlists.sources import Source
from app.playlists.state import state_of
from app.playlists.tokens import same
from app.playlists.users import User
from app.playlists.xtream_account import Standing, standing
from app.playlists.xtream_files import extra_of
from app.playlists.xtream_guide import DAY_MS, HOUR_MS, LONGEST, listings
from app.playlists.xtream_lists import Lists, listed
from app.playlists.xtream_m3u import Lines, Wish
from app.playlists.xtream_numbers import EPISODE, Numbers
from app.playlists.xtream_rows import CategoryRow, MovieRow, SeriesRow
from app.playlists.xtream_series import Seasons, Telling
from app.providers.base import StreamLink

HORIZON_MS: Final = 30 * DAY_MS  # of a channel's table: more than any guide holds
NOTHING: Final = "There is no such stream in this playlist."


class Playing(Telling, Protocol):
    """What is asked of the providers themselves."""

    async def item(self, kind: Kind, item_id: str) -> StreamLink: ...

    async def episode(self, episode_id: str) -> StreamLink: ...

    async def replay(self, channel_id: str, *, start_ms: int, minutes: int) -> StreamLink: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A user who showed the right password, and what is lined up for them."""

    user: User
    source: Source
    mark: str  # a hash of the password that was shown

    @property
    def holder(self) -> tuple[str, ...]:
        """The same in words that `Players.confirm` checks."""
        return *self.source.holder, self.user.id, self.mark

    @property
    def line_up(self) -> LineUp:
        return self.source.line_up

    @property
    def welcome(self) -> bool:
        """Whether they may watch."""
        return standing(self.user) is Standing.ACTIVE


class Players:
    """Everything is asked on behalf of a visitor; what their line-up does not hold does not exist."""

    def __init__(self, database: Database, desk: PlaylistDesk, playing: Playing) -> None:
        self._database = database
        self._desk = desk
        self._line_ups = desk.line_ups
        self._playing = playing
        self._numbers = Numbers(database)
        self._lists = Lists(database, desk.line_ups, self._numbers)
        self._lines = Lines(database, desk.line_ups, self._numbers)
        self._seasons = Seasons(database, playing, self._numbers)

    async def visitor(self, username: str, password: str) -> Visitor | None:
        """Whose name and password these are; None when they do not belong together."""
        user = await self._desk.users.authenticate(username, password)
        if user is None:
            return None
        playlist = await self._desk.saved.by_pk(user.playlist_pk)
        return Visitor(user=user, source=await self._desk.sources.playlist(playlist.id), mark=_mark(password))

    async def confirm(self, holder: Sequence[str]) -> None:
        """`NotFound` unless who was let in once would be let in now: to the line-up, and as its user where they are."""
        identity, sealed, *user = holder
        source = await self._desk.sources.confirm(identity, sealed)
        if user:
            user_id, mark = user
            found = await self._desk.users.get(source.identity[1:], user_id)
            known = _mark(await self._desk.users.password(source.identity[1:], user_id))
            if standing(found) is not Standing.ACTIVE or not same(mark, known):
                raise NotFound(NOTHING)

    async def categories(self, visitor: Visitor, kind: Kind) -> list[CategoryRow]:
        """The groups of a kind."""
        async with self._database.reader() as reader:
            state = await state_of(reader, visitor.source)
        return await self._lists.categories(visitor.line_up, kind, state)

    async def items(self, visitor: Visitor, kind: Kind, category: str = "") -> Edition:
        """The items of a kind, or of one of its categories, as a JSON list."""
        make = lambda: listed(self._lists.rows(visitor.line_up, kind, category))  # noqa: E731
        return await self._desk.outputs.edition(visitor.source, JSON, f"xtream {kind} {category}", make)

    async def m3u(self, visitor: Visitor, wish: Wish) -> Edition:
        """The list of everything that plays, as `get.php` gives it."""
        make = lambda: self._lines.of(visitor.line_up, wish)  # noqa: E731
        form = f"xtream m3u {wish.base} {wish.sealed} {wish.plain} {wish.ending} {wish.kinds}"
        return await self._desk.outputs.edition(visitor.source, MEDIA_TYPE, form, make, episodes=True)

    async def guide(self, visitor: Visitor) -> Edition:
        """All programmes, as XMLTV."""
        return await self._desk.outputs.guide(visitor.source)

    async def movie(self, visitor: Visitor, number: str) -> dict[str, Any]:
        """A movie in full."""
        entry = await self._entry(visitor, await self._named(number, Kind.MOVIE))
        row, document = await self._lists.one(visitor.line_up, entry)
        async with self._database.reader() as reader:
            extra = await extra_of(reader, Kind.MOVIE, entry.item_id)
        assert isinstance(row, MovieRow)  # noqa: S101 - the kind says so
        assert isinstance(document, MovieDocument)  # noqa: S101 - the same
        return details.movie_details(row, document, extra)

    async def series(self, visitor: Visitor, number: str) -> dict[str, Any]:
        """A series with its seasons and episodes, which its provider is asked for."""
        entry = await self._entry(visitor, await self._named(number, Kind.SERIES))
        row, document = await self._lists.one(visitor.line_up, entry)
        seasons = await self._seasons.of(entry.item_id)
        async with self._database.reader() as reader:
            extra = await extra_of(reader, Kind.SERIES, entry.item_id)
        assert isinstance(row, SeriesRow)  # noqa: S101 - the kind says so
        assert isinstance(document, SeriesDocument)  # noqa: S101 - the same
        return details.series_details(row, document, extra, seasons)

    async def next_programmes(self, visitor: Visitor, number: str, limit: int) -> list[dict[str, Any]]:
        """What runs on a channel now and next."""
        now = now_ms()
        return (await self._programmes(visitor, number, now, now + HORIZON_MS))[: min(limit, LONGEST)]

    async def all_programmes(self, visitor: Visitor, number: str) -> list[dict[str, Any]]:
        """All programmes of a channel that are known."""
        now = now_ms()
        return await self._programmes(visitor, number, now - HORIZON_MS, now + HORIZON_MS)

    async def link(self, visitor: Visitor, number: str, kinds: Sequence[str]) -> StreamLink:
        """Where a channel, movie or episode plays at this moment."""
        named = await self._named(number, *kinds)
        if named.kind == EPISODE:
            return await self._episode(visitor, named)
        entry = await self._entry(visitor, named)
        return await self._playing.item(entry.kind, entry.item_id)

    async def replay(self, visitor: Visitor, number: str, *, start_ms: int, minutes: int) -> StreamLink:
        """Where a channel's past plays, as long as its archive reaches back."""
        entry = await self._entry(visitor, await self._named(number, Kind.CHANNEL))
        if not entry.archive:
            raise NotFound("This channel has no archive.")
        return await self._playing.replay(entry.item_id, start_ms=start_ms, minutes=minutes)

    async def _named(self, number: str, *kinds: str) -> Numbered:
        found = await self._numbers.named(number)
        if found is None or found.kind not in kinds:
            raise NotFound(NOTHING)
        return found

    async def _entry(self, visitor: Visitor, named: Numbered) -> Entry:
        entry = await self._line_ups.entry(visitor.line_up, Kind(named.kind), named.id)
        if entry is None:
            raise NotFound(NOTHING)
        return entry

    async def _programmes(self, visitor: Visitor, number: str, start_ms: int, stop_ms: int) -> list[dict[str, Any]]:
        entry = await self._entry(visitor, await self._named(number, Kind.CHANNEL))
        shift = round(visitor.line_up.definition.timeshift * HOUR_MS)
        async with self._database.reader() as reader:
            among = [entry.ordinal]
            rows = await programmes(reader, entry.provider_pk, among, start_ms - shift, stop_ms - shift)
        shifted = (row._replace(start_ms=row.start_ms + shift, stop_ms=row.stop_ms + shift) for row in rows)
        return listings(shifted, entry, int(number))

    async def _episode(self, visitor: Visitor, named: Numbered) -> StreamLink:
        series_id = named.series_id or ""
        if await self._line_ups.entry(visitor.line_up, Kind.SERIES, series_id) is None:
            raise NotFound(NOTHING)
        try:
            return await self._playing.episode(named.id)
        except NotFound:
            # Cleaned since the player listed it: its provider tells it again under the same id.
            await self._seasons.of(series_id)
            return await self._playing.episode(named.id)


def _mark(password: str) -> str:
    return sha256(password.encode()).hexdigest()[:16]
