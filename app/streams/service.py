"""What is asked of a provider at the moment it is wanted: links to play, seasons, episodes, lists not yet synced."""

from collections.abc import Sequence

from app.db.engine import Database
from app.domain.kinds import Kind
from app.domain.live import LiveChannel
from app.providers.base import StreamLink
from app.streams.details import Details
from app.streams.links import Links
from app.streams.live import Live
from app.streams.passing import Passing
from app.streams.sessions import Accounts, Opener, Sessions


class Streams:
    """`accounts` tells who asks, `opener` makes the adapter; sessions are shared by all that is asked here."""

    def __init__(self, database: Database, passing: Passing, *, accounts: Accounts, opener: Opener) -> None:
        self.passing = passing
        self._sessions = Sessions(accounts, opener)
        self._links = Links(database, self._sessions)
        self._details = Details(database, self._sessions)
        self._live = Live(database, self._sessions, accounts)

    async def item(self, kind: Kind, item_id: str) -> StreamLink:
        """A playable link for a channel or movie."""
        return await self._links.item(kind, item_id)

    async def episode(self, episode_id: str) -> StreamLink:
        """A playable link for an episode."""
        return await self._links.episode(episode_id)

    async def replay(self, channel_id: str, *, start_ms: int, minutes: int) -> StreamLink:
        """A playable link for what a channel showed then."""
        return await self._links.replay(channel_id, start_ms=start_ms, minutes=minutes)

    async def seasons(self, series_id: str, *, page: int = 1, limit: int = 100) -> tuple[list[bytes], int]:
        """One page of a series' seasons as JSON documents, and how many there are."""
        return await self._details.seasons(series_id, page=page, limit=limit)

    async def episodes(
        self, series_id: str, number: int, *, page: int = 1, limit: int = 100
    ) -> tuple[list[bytes], int]:
        """One page of a season's episodes as JSON documents, and how many there are."""
        return await self._details.episodes(series_id, number, page=page, limit=limit)

    async def channels(self, provider_pk: int) -> Sequence[LiveChannel]:
        """All channels of a provider as it lists them now, tagged by its rules; kept for a minute."""
        return await self._live.channels(provider_pk)

    def end(self) -> None:
        """Ends the streams that are passed on: they last as long as somebody watches."""
        self.passing.end()

    async def close(self) -> None:
        """Ends what is on its way and closes the providers."""
        self.end()
        await self._live.close()
        await self._details.close()
        await self._sessions.close()
