"""Playable links: from an item's public id to what its provider answers at this moment."""

from dataclasses import replace

from sqlalchemy import Row, select
from sqlmodel import col

from app.core import jsonio
from app.core.errors import NotFound
from app.db.engine import Database
from app.db.tables import ITEM_TABLES, Episode
from app.domain.kinds import Kind
from app.providers.base import StreamLink
from app.providers.bearing import words_of
from app.streams.sessions import Sessions


class Links:
    """Resolves; nothing of a link is stored or logged."""

    def __init__(self, database: Database, sessions: Sessions) -> None:
        self._database = database
        self._sessions = sessions

    async def item(self, kind: Kind, item_id: str) -> StreamLink:
        """The link of a channel or movie."""
        table = ITEM_TABLES[kind]
        row = await self._row(table, item_id)
        if row is None:
            raise NotFound(f"There is no such {kind.value}.")
        return await self._resolve(row, kind)

    async def replay(self, channel_id: str, *, start_ms: int, minutes: int) -> StreamLink:
        """The link to what a channel showed then."""
        row = await self._row(ITEM_TABLES[Kind.CHANNEL], channel_id)
        if row is None:
            raise NotFound("There is no such channel.")
        locator = jsonio.loads(row.locator)
        async with self._sessions.opened(row.provider_pk) as (provider, account):
            link = await provider.replay(locator, start_ms=start_ms, minutes=minutes)
        if link is None:
            raise NotFound("This provider cannot be asked for the past of a channel.")
        return replace(link, secrets=words_of(account))

    async def episode(self, episode_id: str) -> StreamLink:
        """The link of an episode; it has an id once its season was listed."""
        row = await self._row(Episode, episode_id)
        if row is None:
            raise NotFound("There is no such episode; its season has to be listed first.")
        return await self._resolve(row, Kind.MOVIE)

    async def _row(self, table: type, item_id: str) -> Row[tuple[int, bytes]] | None:
        columns = (table.provider_pk, table.locator)  # type: ignore[attr-defined]
        async with self._database.reader() as reader:
            return await reader.row(select(*columns).where(col(table.id) == item_id))  # type: ignore[attr-defined]

    async def _resolve(self, row: Row[tuple[int, bytes]], kind: Kind) -> StreamLink:
        async with self._sessions.opened(row.provider_pk) as (provider, account):
            link = await provider.resolve(kind, jsonio.loads(row.locator))
        return replace(link, secrets=words_of(account))
