"""What a playlist looks like from outside, and what may be said about one. Times in ms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import UNSET, UnsetType
from sqlalchemy import Row

from app.playlists.definition import Definition, parse
from app.playlists.lineups import LineUp


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlaylist:
    """A playlist as a person adds it; without a slug one is made of the name."""

    name: str
    slug: str | None = None
    definition: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaylistChange:
    """What changes; the definition is merged by its fields, and None puts one back to its default."""

    name: str | UnsetType = UNSET
    slug: str | UnsetType = UNSET
    definition: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaylistView:
    """A playlist without its token."""

    pk: int
    id: str
    slug: str
    name: str
    definition: Definition
    revision: int
    created_at: int
    updated_at: int

    @property
    def line_up(self) -> LineUp:
        """What it lines up."""
        return LineUp(definition=self.definition, playlist_pk=self.pk)


def view_of(row: Row[Any]) -> PlaylistView:
    """The view of a stored row."""
    return PlaylistView(
        pk=row.pk,
        id=row.id,
        slug=row.slug,
        name=row.name,
        definition=parse(row.definition),
        revision=row.revision,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
