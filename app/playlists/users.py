"""Who may ask for a playlist by a name and a password, as players do. Passwords are sealed at rest."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from msgspec import UNSET, UnsetType
from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from app.core.clock import now_ms
from app.core.errors import Invalid, NotFound
from app.core.ids import new_id
from app.core.redaction import conceal
from app.db.engine import Database, Reader
from app.db.tables import Playlist, PlaylistUser, metadata
from app.playlists.tokens import Sealer, new_password, same

NO_USER: Final = "There is no such user."
NO_PLAYLIST: Final = "There is no such playlist."
# Both stand in the paths of streams, and a person types them with a remote control.
USERNAME: Final = re.compile(r"[A-Za-z0-9._@-]{1,64}", re.ASCII)
PASSWORD: Final = re.compile(r"[A-Za-z0-9._~@-]{6,64}", re.ASCII)
MOST_CONNECTIONS: Final = 1_000
USER: Final = metadata.tables["playlist_user"]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A playlist user without the password; times in ms, `expires_at` None = never."""

    id: str
    playlist_pk: int
    username: str
    enabled: bool
    expires_at: int | None
    max_connections: int
    created_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """A user to add; without a password one is made."""

    username: str
    password: str | None = field(default=None, repr=False)
    enabled: bool = True
    expires_at: int | None = None
    max_connections: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChange:
    """What changes about a user."""

    username: str | UnsetType = UNSET
    password: str | UnsetType = field(default=UNSET, repr=False)
    enabled: bool | UnsetType = UNSET
    expires_at: int | UnsetType | None = UNSET
    max_connections: int | UnsetType = UNSET


class Users:
    """Users are known by their names across all playlists: a player sends nothing else."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer
        self._decoy = sealer.seal(new_password().encode(), owner="")

    async def add(self, playlist_id: str, new: NewUser) -> tuple[User, str]:
        """The user and the password, which is told once."""
        _check(username=new.username, password=new.password, connections=new.max_connections)
        public, password = new_id(), new.password or new_password()
        values = {
            "id": public,
            "username": new.username,
            "password": self._sealed(public, password),
            "enabled": new.enabled,
            "expires_at": new.expires_at,
            "max_connections": new.max_connections,
            "created_at": now_ms(),
        }
        try:
            async with self._database.writer() as writer:
                pk = await _playlist(writer, playlist_id)
                await writer.execute(insert(PlaylistUser).values(playlist_pk=pk, **values))
        except IntegrityError:
            raise _taken() from None
        return await self.get(playlist_id, public), password

    async def list(self, playlist_id: str) -> Sequence[User]:
        """The users of a playlist, in the order in which they were added."""
        async with self._database.reader() as reader:
            pk = await _playlist(reader, playlist_id)
            rows = await reader.rows(
                select(*USER.c).where(col(PlaylistUser.playlist_pk) == pk).order_by(col(PlaylistUser.pk))
            )
        return [_user(row) for row in rows]

    async def get(self, playlist_id: str, user_id: str) -> User:
        async with self._database.reader() as reader:
            return _user(await _find(reader, playlist_id, user_id))

    async def password(self, playlist_id: str, user_id: str) -> str:
        """The password, for an administrator who asks."""
        async with self._database.reader() as reader:
            return self._opened(await _find(reader, playlist_id, user_id))

    async def change(self, playlist_id: str, user_id: str, change: UserChange) -> User:
        """Applies a change; the id stays."""
        names = ("username", "password", "enabled", "expires_at", "max_connections")
        values = {name: value for name in names if (value := getattr(change, name)) is not UNSET}
        _check(
            username=values.get("username"),
            password=values.get("password"),
            connections=values.get("max_connections"),
        )
        if "password" in values:
            values["password"] = self._sealed(user_id, values["password"])
        try:
            async with self._database.writer() as writer:
                row = await _find(writer, playlist_id, user_id)
                if values:
                    await writer.execute(update(PlaylistUser).where(col(PlaylistUser.pk) == row.pk).values(**values))
                return _user(await _find(writer, playlist_id, user_id))
        except IntegrityError:
            raise _taken() from None

    async def remove(self, playlist_id: str, user_id: str) -> None:
        async with self._database.writer() as writer:
            row = await _find(writer, playlist_id, user_id)
            await writer.execute(delete(PlaylistUser).where(col(PlaylistUser.pk) == row.pk))

    async def authenticate(self, username: str, password: str) -> User | None:
        """Who it is, when the password is right, whether or not they may watch; the same work for a wrong name."""
        async with self._database.reader() as reader:
            row = await reader.row(select(*USER.c).where(col(PlaylistUser.username) == username))
        stored = self._opened(row) if row else self._sealer.open(self._decoy, owner="").decode()
        return _user(row) if same(stored, password) and row else None

    def _sealed(self, owner: str, password: str) -> bytes:
        conceal(password)
        return self._sealer.seal(password.encode(), owner=owner)

    def _opened(self, row: Row[Any]) -> str:
        password = self._sealer.open(row.password, owner=row.id).decode()
        conceal(password)
        return password


async def _playlist(reader: Reader, playlist_id: str) -> int:
    pk = await reader.scalar(select(col(Playlist.pk)).where(col(Playlist.id) == playlist_id))
    if pk is None:
        raise NotFound(NO_PLAYLIST)
    return int(pk)


async def _find(reader: Reader, playlist_id: str, user_id: str) -> Row[Any]:
    pk = await _playlist(reader, playlist_id)
    mine = (col(PlaylistUser.playlist_pk) == pk, col(PlaylistUser.id) == user_id)
    row = await reader.row(select(*USER.c).where(*mine))
    if row is None:
        raise NotFound(NO_USER)
    return row


def _user(row: Row[Any]) -> User:
    return User(
        id=row.id,
        playlist_pk=row.playlist_pk,
        username=row.username,
        enabled=row.enabled,
        expires_at=row.expires_at,
        max_connections=row.max_connections,
        created_at=row.created_at,
    )


def _check(*, username: str | None, password: str | None, connections: int | None) -> None:
    errors = []
    if username is not None and not USERNAME.fullmatch(username):
        errors.append(("username", "This must be 1 to 64 letters, digits, or one of . _ @ -"))
    if password is not None and not PASSWORD.fullmatch(password):
        errors.append(("password", "This must be 6 to 64 letters, digits, or one of . _ ~ @ -"))
    if connections is not None and not 1 <= connections <= MOST_CONNECTIONS:
        errors.append(("maxConnections", f"This must be from 1 to {MOST_CONNECTIONS}."))
    if errors:
        raise Invalid(errors)


def _taken() -> Invalid:
    return Invalid([("username", "Another user has this name.")])
