import shutil
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import insert, update
from sqlmodel import col

from app.config import Settings
from app.core.clock import now_ms
from app.db.engine import Database
from app.db.tables import ITEM_TABLES, CatalogueHead, ItemTag, Playlist, PlaylistEntry
from app.domain.kinds import Kind
from app.domain.records import CategoryRecord, ChannelRecord, Record
from app.playlists.definition import parse
from app.playlists.lineups import Entry, LineUp, LineUps
from tests.playlists.site import Panel, Site, opened, running_panel
from tests.support.postgres import PostgresServer
from tests.support.scripted import ScriptedProvider, add_provider, record, sync
from tests.support.server import Served, serving


class Store:
    """A database with catalogues brought by the real pipeline, and the line-ups over it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.line_ups = LineUps(database)

    async def stock(
        self,
        lists: dict[Kind, list[Record]],
        *,
        name: str = "one",
        categories: Sequence[str] = ("One", "Two", "Three"),
        pk: int | None = None,
    ) -> int:
        """Syncs these records into a provider; category n has the external id n + 1."""
        pk = await add_provider(self.database, name) if pk is None else pk
        known = [
            CategoryRecord(external_id=str(number), name=title, position=number)
            for number, title in enumerate(categories, 1)
        ]
        provider = ScriptedProvider(lists=lists, categories_of=dict.fromkeys(Kind, known), size=1000)
        await sync(self.database, pk, provider, force=True)
        await self.publish(pk)
        return pk

    async def publish(self, pk: int) -> None:
        """What a publish does to the head."""
        head = update(CatalogueHead).where(col(CatalogueHead.provider_pk) == pk)
        async with self.database.writer() as writer:
            await writer.execute(head.values(version=CatalogueHead.version + 1, pending=False))

    async def tag(self, pk: int, ordinals: Sequence[int], *tags: str, kind: Kind = Kind.CHANNEL) -> None:
        rows = [
            {
                "provider_pk": pk,
                "kind": kind.number,
                "tag": tag,
                "ordinal": ordinal,
                "by_user": False,
                "processed_at": 1,
            }
            for tag in tags
            for ordinal in ordinals
        ]
        async with self.database.writer() as writer:
            await writer.execute(insert(ItemTag), rows)

    async def judge(self, pk: int, ordinal: int, visibility: int, *, kind: Kind = Kind.CHANNEL) -> None:
        table = ITEM_TABLES[kind]
        mine = (col(table.provider_pk) == pk, col(table.ordinal) == ordinal)
        async with self.database.writer() as writer:
            await writer.execute(update(table).where(*mine).values(visibility=visibility))

    async def playlist(self, **overrides: Mapping[str, Any]) -> int:
        """A playlist row; `overrides` by the id of the item."""
        row = {"id": "p1", "slug": "p1", "name": "P", "token": b"", "token_sha256": "", "definition": {}}
        async with self.database.writer() as writer:
            values = {**row, "created_at": now_ms(), "updated_at": now_ms()}
            pk = int(await writer.scalar(insert(Playlist).values(**values).returning(col(Playlist.pk))))
            for item_id, change in overrides.items():
                await writer.execute(insert(PlaylistEntry).values(playlist_pk=pk, item_id=item_id, **change))
        return pk

    async def entries(self, kind: Kind = Kind.CHANNEL, playlist_pk: int | None = None, **fields: Any) -> list[Entry]:
        line_up = LineUp(definition=parse(fields), playlist_pk=playlist_pk)
        return [entry async for part in self.line_ups.entries(line_up, kind) for entry in part]

    async def names(self, kind: Kind = Kind.CHANNEL, **wish: Any) -> list[str]:
        return [entry.name for entry in await self.entries(kind, **wish)]


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    database = Database(database_url)
    yield Store(database)
    await database.close()


def channels(count: int, **fields: Any) -> list[Record]:
    return [record(Kind.CHANNEL, number, **fields) for number in range(1, count + 1)]


def numbered(number: int, place: float | None, name: str | None = None) -> Record:
    """A channel with a number of its own."""
    return ChannelRecord(external_id=str(number), name=name or f"Channel {number}", number=place, category_ids=("1",))


@pytest.fixture
async def served(settings: Settings) -> AsyncIterator[Served]:
    async with serving(settings) as found:
        yield found


@pytest.fixture
def stocked(served: Served) -> Store:
    """The catalogues of the served application."""
    return Store(served.context.database)


@pytest.fixture(scope="session")
def panel() -> Iterator[Panel]:
    """A simulated panel with a small catalogue."""
    with running_panel() as found:
        yield found


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def site_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A migrated database that the tests of a module share; they run on both dialects."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        file = shutil.copyfile(template, tmp_path_factory.mktemp("site") / "lineup.db")
        yield f"sqlite:///{file}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database(request.getfixturevalue("postgres_template")) as url:
        yield url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(
    site_url: str, redis_server: str, tmp_path_factory: pytest.TempPathFactory, panel: Panel
) -> AsyncIterator[Site]:
    """A server that has synced the panel; the tests of a module share it."""
    folder = tmp_path_factory.mktemp("site")
    settings = Settings(
        database_url=site_url, redis_url=redis_server, secret_key="not-a-real-key", data_dir=folder, retry_attempts=0
    )
    async with opened(settings, panel) as found:
        yield found
