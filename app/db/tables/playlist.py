"""Saved line-ups: what was asked for, and what was changed by hand. Catalogue rows are named by public id only."""

from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel

from app.db.tables.base import bigint_field, bytes_field, ms_field


class Playlist(SQLModel, table=True):
    """A saved line-up over one or several providers.

    `revision` grows with every change of it, of its entries and of its token: with the versions of its providers it
    names what its files say. `token` is sealed, `id` as associated data; a request finds it by `token_sha256`.
    """

    __tablename__ = "playlist"

    pk: int | None = Field(default=None, primary_key=True)
    id: str = Field(unique=True)
    slug: str = Field(unique=True)
    name: str
    token: bytes = bytes_field()
    token_sha256: str = Field(unique=True)
    definition: dict[str, Any] = Field(sa_type=JSON)
    revision: int = 1
    created_at: int = bigint_field()
    updated_at: int = bigint_field()


class PlaylistEntry(SQLModel, table=True):
    """What a person changed about one item of a playlist; NULL = as the catalogue has it.

    No foreign key to the item: a clean and a re-add give it the same public id, and it is found changed as before.
    """

    __tablename__ = "playlist_entry"

    playlist_pk: int = Field(primary_key=True, foreign_key="playlist.pk", ondelete="CASCADE")
    item_id: str = Field(primary_key=True)
    position: int | None = None  # its place among all of its kind, from 1
    number: float | None = None
    name: str | None = None
    hidden: bool = False


class PlaylistUser(SQLModel, table=True):
    """Who may ask for a playlist with a name and a password; the password is sealed, `id` as associated data."""

    __tablename__ = "playlist_user"
    __table_args__ = (Index("ix_playlist_user_playlist_pk", "playlist_pk"),)

    pk: int | None = Field(default=None, primary_key=True)
    id: str = Field(unique=True)
    playlist_pk: int = Field(foreign_key="playlist.pk", ondelete="CASCADE")
    username: str = Field(unique=True)
    password: bytes = bytes_field()
    enabled: bool = True
    expires_at: int | None = ms_field()
    max_connections: int = 1
    created_at: int = bigint_field()
