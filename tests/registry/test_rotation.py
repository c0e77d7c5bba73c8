"""A new secret key: whatever is sealed is under it afterwards, and under one of the two at every moment before."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import LargeBinary, insert, select, update
from sqlmodel import col

from app.config import Settings
from app.context import ProcessContext, open_context
from app.core.clock import now_ms
from app.core.errors import Misconfigured
from app.db.tables import Guide, Playlist, PortalSession, Provider, metadata
from app.domain.kinds import ProviderKind
from app.playlists.users import NewUser
from app.playlists.views import NewPlaylist
from app.providers.iptvportal.session import Session
from app.registry import rotation
from app.registry.rotation import SEALED, rotate
from app.registry.secrets import Secrets
from app.registry.views import NewProvider

OLD, NEW = "fake-key-that-was", "fake-key-to-come"
ACCOUNT = {"username": "fake-user", "password": "fake-password"}
GUIDE = "http://guide.example/xmltv.php?password=fake-password"
# Bytes that are no ciphertext: what was computed, or what a provider said.
PLAIN = {
    "category.document",
    "change.document",
    "channel.extra",
    "channel.locator",
    "document.body",
    "episode.document",
    "episode.locator",
    "guide_channel.names",
    "job_change.ordinals",
    "movie.extra",
    "movie.locator",
    "programme.body",
    "season.document",
    "season.record",
    "series.extra",
    "series.locator",
    "snapshot.layout",
    "sync_checkpoint.seen",
    "tag_state.categories",
    "walk.missing",
}


@pytest.fixture
async def sealed(settings: Settings) -> AsyncIterator[tuple[ProcessContext, dict[str, Any]]]:
    """Something sealed in every place there is, under the old key."""
    async with open_context(settings.model_copy(update={"secret_key": OLD})) as context:
        url = "http://panel.example:8080"
        new = NewProvider(name="one", kind=ProviderKind.XTREAM, url=url, credentials=ACCOUNT)
        view = await context.registry.add(new)
        account = await context.registry.account(view.pk)
        session = Session(id="fake-session", opened_at=1, expires_at=2)
        await context.sessions.store(account).save(session)
        playlist = await context.playlists.saved.add(NewPlaylist(name="Living room"))
        user, password = await context.playlists.users.add(playlist.id, NewUser(username="viewer"))
        row = {"id": "guide1", "provider_pk": view.pk, "position": 0, "origin": "option", "named": True}
        counts = dict.fromkeys(("channels", "programmes", "rejected", "held"), 0)
        url_of_guide = Secrets([OLD]).seal(GUIDE.encode(), owner="guide1")
        async with context.database.writer() as writer:
            await writer.execute(insert(Guide).values(**row, **counts, url=url_of_guide))
        yield (
            context,
            {
                "pk": view.pk,
                "session": session,
                "playlist": playlist.id,
                "token": await context.playlists.saved.token(playlist.id),
                "user": user.id,
                "password": password,
            },
        )


async def check_open(settings: Settings, key: str, known: dict[str, Any]) -> None:
    async with open_context(settings.model_copy(update={"secret_key": key})) as context:
        account = await context.registry.account(known["pk"])
        assert dict(account.credentials) == ACCOUNT
        assert account.url.startswith("http://panel.example:8080")
        assert await context.sessions.store(account).load() == known["session"]
        assert await context.playlists.saved.token(known["playlist"]) == known["token"]
        assert await context.playlists.users.password(known["playlist"], known["user"]) == known["password"]
        async with context.database.reader() as reader:
            guide = await reader.scalar(select(col(Guide.url)))
        assert Secrets([part for part in key.split(",")]).open(guide, owner="guide1").decode() == GUIDE


def test_every_column_of_bytes_is_known_as_sealed_or_as_plain() -> None:
    found = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    sealed = {f"{one.table}.{one.column}" for one in SEALED}
    assert found - PLAIN == sealed
    assert PLAIN <= found


async def test_everything_is_sealed_anew_and_the_old_key_opens_nothing(
    settings: Settings, sealed: tuple[ProcessContext, dict[str, Any]]
) -> None:
    context, known = sealed
    counts = await rotate(context.database, Secrets([NEW, OLD]))
    assert counts == {"provider": 2, "portal_session": 1, "guide": 1, "playlist": 1, "playlist_user": 1}
    await check_open(settings, NEW, known)
    async with context.database.reader() as reader:
        stored = await reader.row(select(col(Provider.url), col(Provider.id)))
    assert stored is not None
    with pytest.raises(Misconfigured):
        Secrets([OLD]).open(stored.url, owner=stored.id)
    assert set((await rotate(context.database, Secrets([NEW, OLD]))).values()) == {0}


async def test_what_was_interrupted_goes_on(
    settings: Settings, sealed: tuple[ProcessContext, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, known = sealed
    whole, done = rotation._rotate_table, []

    async def breaks(*args: Any) -> int:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(args)
        return await whole(*args)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(rotation, "_rotate_table", breaks)
        await rotate(context.database, Secrets([NEW, OLD]))
    await check_open(settings, f"{NEW},{OLD}", known)
    assert await rotate(context.database, Secrets([NEW, OLD])) == {
        "provider": 0,
        "portal_session": 0,
        "guide": 1,
        "playlist": 1,
        "playlist_user": 1,
    }
    await check_open(settings, NEW, known)


async def test_what_no_key_opens_is_named_and_its_table_stays(
    settings: Settings, sealed: tuple[ProcessContext, dict[str, Any]]
) -> None:
    context, known = sealed
    await context.playlists.saved.add(NewPlaylist(name="Kitchen"))
    async with context.database.writer() as writer:
        lost = update(Playlist).where(col(Playlist.name) == "Kitchen")
        await writer.execute(lost.values(token=Secrets(["fake-key-that-is-lost"]).seal(b"x", owner="y")))
        before = await writer.rows(select(col(Playlist.token)).order_by(col(Playlist.pk)))
    with pytest.raises(Misconfigured, match=r"^playlist \w+: LINEUP_SECRET_KEY"):
        await rotate(context.database, Secrets([NEW, OLD]))
    async with context.database.reader() as reader:
        assert await reader.rows(select(col(Playlist.token)).order_by(col(Playlist.pk))) == before
    await check_open(settings, f"{NEW},{OLD}", known)


async def test_a_session_that_cannot_be_opened_is_forgotten(
    sealed: tuple[ProcessContext, dict[str, Any]],
) -> None:
    context, _ = sealed
    async with context.database.writer() as writer:
        await writer.execute(update(PortalSession).values(sealed=b"\x01" + b"x" * 40, updated_at=now_ms()))
    assert (await rotate(context.database, Secrets([NEW, OLD])))["portal_session"] == 0
    async with context.database.reader() as reader:
        assert await reader.rows(select(col(PortalSession.provider_id))) == []
