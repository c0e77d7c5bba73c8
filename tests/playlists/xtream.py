"""A panel of our own over a database: a user of a playlist, and providers that answer from a script."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import text

from app.core.errors import NotFound
from app.domain.kinds import Kind
from app.playlists.desk import PlaylistDesk, open_desk
from app.playlists.editions import Edition
from app.playlists.users import NewUser
from app.playlists.views import NewPlaylist
from app.playlists.xtream import Players, Visitor
from app.providers.base import StreamLink
from app.registry.secrets import Secrets
from tests.playlists.conftest import Store

PASSWORD = "fake-pass-1"


@dataclass(slots=True)
class Stage:
    """What providers would say: `shelves` = names of episodes by season; only what was listed plays."""

    shelves: dict[int, list[str]] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)

    async def item(self, kind: Kind, item_id: str) -> StreamLink:
        self.calls.append(f"{kind} {item_id}")
        return StreamLink(url=f"http://cdn.test/{kind}/{item_id}")

    async def episode(self, episode_id: str) -> StreamLink:
        if episode_id not in self.listed:
            raise NotFound("not listed")
        return StreamLink(url=f"http://cdn.test/episode/{episode_id}")

    async def replay(self, channel_id: str, *, start_ms: int, minutes: int) -> StreamLink:
        return StreamLink(url=f"http://cdn.test/past/{channel_id}/{start_ms}/{minutes}")

    async def seasons(self, series_id: str, *, page: int = 1, limit: int = 100) -> tuple[list[bytes], int]:
        self.calls.append(f"seasons {series_id}")
        found = [_season(series_id, number) for number in self.shelves]
        return found[(page - 1) * limit : page * limit], len(found)

    async def episodes(
        self, series_id: str, number: int, *, page: int = 1, limit: int = 100
    ) -> tuple[list[bytes], int]:
        found = [_episode(series_id, number, place, name) for place, name in enumerate(self.shelves[number], 1)]
        self.listed |= {f"{series_id}-{number}-{place}" for place in range(1, len(found) + 1)}
        return found[(page - 1) * limit : page * limit], len(found)


def _season(series_id: str, number: int) -> bytes:
    told: dict[str, Any] = dict.fromkeys(("name", "description", "poster", "airDate", "episodeCount"))
    return msgspec.json.encode(told | {"id": f"{series_id}-{number}", "number": number, "name": f"Season {number}"})


def _episode(series_id: str, season: int, place: int, name: str) -> bytes:
    told: dict[str, Any] = dict.fromkeys(("description", "poster", "duration", "rating", "addedAt", "airDate"))
    own = {"id": f"{series_id}-{season}-{place}", "season": season, "number": place, "name": name or None}
    return msgspec.json.encode(told | own)


@dataclass(slots=True)
class Booth:
    """The feature and what a test asks of it."""

    store: Store
    stage: Stage
    desk: PlaylistDesk
    players: Players

    async def visitor(self, definition: Mapping[str, Any] | None = None, name: str = "viewer") -> Visitor:
        """A new user of a new playlist."""
        playlist = await self.desk.saved.add(NewPlaylist(name=name, definition=definition or {"kinds": list(Kind)}))
        await self.desk.users.add(playlist.id, NewUser(username=name, password=PASSWORD))
        return await self.again(name)

    async def again(self, name: str = "viewer") -> Visitor:
        visitor = await self.players.visitor(name, PASSWORD)
        assert visitor is not None
        return visitor

    async def edition(self, visitor: Visitor, kind: Kind, category: str = "") -> Edition:
        return await self.players.items(visitor, kind, category)

    async def rows(self, visitor: Visitor, kind: Kind, category: str = "") -> list[dict[str, Any]]:
        edition = await self.edition(visitor, kind, category)
        found: list[dict[str, Any]] = msgspec.json.decode(b"".join([piece async for piece in edition.make()]))
        return found

    async def ids(self, visitor: Visitor, kind: Kind, category: str = "") -> dict[str, int]:
        """Numbers by name."""
        key = "series_id" if kind is Kind.SERIES else "stream_id"
        return {row["name"]: row[key] for row in await self.rows(visitor, kind, category)}

    async def categories(self, visitor: Visitor, kind: Kind) -> dict[str, str]:
        """Names by number, in their order."""
        return {one.category_id: one.category_name for one in await self.players.categories(visitor, kind)}


def booth_of(store: Store) -> Booth:
    stage, desk = Stage(), open_desk(store.database, Secrets(["not-a-real-key"]))
    return Booth(store, stage, desk, Players(store.database, desk, stage))


async def clean(store: Store, pk: int) -> None:
    """What a clean leaves of a catalogue: nothing, in a new epoch."""
    async with store.database.writer() as writer:
        members = "category_id IN (SELECT id FROM category WHERE provider_pk = :pk)"
        await writer.execute(text(f"DELETE FROM item_category WHERE {members}"), {"pk": pk})
        for table in ("channel", "movie", "series", "document", "season", "episode", "category"):
            await writer.execute(text(f"DELETE FROM {table} WHERE provider_pk = :pk"), {"pk": pk})
        head = "UPDATE catalogue_head SET epoch = 'e2', version = 0 WHERE provider_pk = :pk"
        await writer.execute(text(head), {"pk": pk})


async def unsettle(store: Store, pk: int) -> None:
    """A sync has written rows that no version tells yet."""
    async with store.database.writer() as writer:
        await writer.execute(text("UPDATE catalogue_head SET pending = true WHERE provider_pk = :pk"), {"pk": pk})


async def make_panel(store: Store, pk: int) -> None:
    """A provider whose channels can be asked for their past."""
    async with store.database.writer() as writer:
        await writer.execute(text("UPDATE provider SET kind = 'xtream' WHERE pk = :pk"), {"pk": pk})


async def retag(store: Store, pk: int, name: str, *tags: str) -> None:
    """Puts tags into the document of a channel, as a sync does."""
    quoted = ",".join(f'"{tag}"' for tag in tags)
    async with store.database.writer() as writer:
        where = "d.provider_pk = :pk AND d.kind = 0 AND d.ordinal = (SELECT ordinal FROM channel WHERE name = :name)"
        row = await writer.row(
            text(f"SELECT d.ordinal, d.body FROM document d WHERE {where}"), {"pk": pk, "name": name}
        )
        assert row is not None
        body = bytes(row.body).replace(b'"tags":[]', f'"tags":[{quoted}]'.encode())
        statement = "UPDATE document SET body = :body WHERE provider_pk = :pk AND kind = 0 AND ordinal = :ordinal"
        await writer.execute(text(statement), {"body": body, "pk": pk, "ordinal": row.ordinal})
