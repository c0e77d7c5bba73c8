"""Who is allowed to see which line-up: from the word in a URL to what its files are made of."""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from sqlalchemy import select
from sqlmodel import col

from app.core.errors import NotFound
from app.db.engine import Database
from app.db.tables import Provider
from app.domain.kinds import Kind
from app.playlists.lineups import LineUp, of_provider
from app.playlists.service import Playlists
from app.playlists.tokens import FILES, PLAYLIST, PROVIDER, Capability, Sealer, owner_of, same
from app.playlists.views import PlaylistView

NOTHING: Final = "There is nothing at this address."
PURPOSE: Final = "what plays"  # of the keys behind a provider's capabilities
FOLDERS: Final = {"live": Kind.CHANNEL, "movie": Kind.MOVIE, "series": Kind.SERIES}  # words that players know


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A line-up with everything its files need. `word` opens the files, `capability` makes what plays one item.

    `identity` and `revision` tell its states apart; `sealed` is a hash of what makes its URLs.
    """

    name: str
    identity: str
    revision: int
    line_up: LineUp
    word: str = field(repr=False)
    capability: Capability = field(repr=False)

    @property
    def sealed(self) -> str:
        """Tells apart the files of before and after a new token."""
        return sha256(self.word.encode()).hexdigest()[:16]

    @property
    def holder(self) -> tuple[str, str]:
        """Whoever was let in to this line-up, in words that `confirm` checks."""
        return self.identity, self.sealed

    def plays(self, folder: str, item_id: str) -> str:
        """The path below which an item plays; an episode stands in the folder `series`."""
        return f"/play/{self.capability.of(f'{folder}/{item_id}')}/{folder}/{item_id}"


class Sources:
    """Nothing here tells a wrong word from one that never existed."""

    def __init__(self, database: Database, playlists: Playlists, sealer: Sealer) -> None:
        self._database = database
        self._playlists = playlists
        self._keys = sealer.derived(PURPOSE)

    async def by_word(self, word: str, slug: str | None = None) -> Source:
        """What a token opens: a playlist (the one with this slug), or the files of a provider."""
        playlist = await self._playlists.by_token(word)
        if playlist is not None and slug in (None, playlist.slug):
            return self._of(playlist, word)
        letter, owner = owner_of(word)
        capability = self._provider(owner)
        if slug is None and letter == PROVIDER and capability.opens(word, FILES):
            return await self.provider(owner)
        raise NotFound(NOTHING)

    async def playlist(self, id_or_slug: str) -> Source:
        """A playlist, for whoever may know its token."""
        view = await self._playlists.get(id_or_slug)
        return self._of(view, await self._playlists.token(view.id))

    async def provider(self, provider_id: str) -> Source:
        """Everything that one provider offers."""
        async with self._database.reader() as reader:
            name = await reader.scalar(select(col(Provider.name)).where(col(Provider.id) == provider_id))
        if name is None:
            raise NotFound(NOTHING)
        capability = self._provider(provider_id)
        return Source(
            name=name,
            identity=f"{PROVIDER}{provider_id}",
            revision=0,
            line_up=of_provider(provider_id),
            word=capability.of(FILES),
            capability=capability,
        )

    async def played(self, word: str, folder: str, item_id: str) -> Source:
        """The line-up that a capability for this item was made in."""
        letter, owner = owner_of(word)
        if letter == PROVIDER and self._provider(owner).opens(word, f"{folder}/{item_id}"):
            return await self.provider(owner)
        if letter == PLAYLIST:
            source = await self.playlist(owner)
            if source.capability.opens(word, f"{folder}/{item_id}"):
                return source
        raise NotFound(NOTHING)

    async def confirm(self, identity: str, sealed: str) -> Source:
        """What a holder was let in to, as long as the same word opens it."""
        letter, owner = identity[:1], identity[1:]
        source = await (self.playlist(owner) if letter == PLAYLIST else self.provider(owner))
        if not same(source.sealed, sealed):
            raise NotFound(NOTHING)
        return source

    def _provider(self, provider_id: str) -> Capability:
        return Capability(PROVIDER, provider_id, self._keys)

    def _of(self, view: PlaylistView, token: str) -> Source:
        return Source(
            name=view.name,
            identity=f"{PLAYLIST}{view.id}",
            revision=view.revision,
            line_up=view.line_up,
            word=token,
            capability=Capability(PLAYLIST, view.id, (token.encode(),)),
        )
