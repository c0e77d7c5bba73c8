"""Playlists at rest: what they hold, their slugs and their tokens."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from app.core.clock import now_ms
from app.core.errors import Invalid, NotFound
from app.core.ids import new_id
from app.core.redaction import conceal
from app.db.engine import Database, Reader
from app.db.tables import Playlist, Provider, metadata
from app.domain.titles import fold
from app.playlists.definition import Definition, parse, stored
from app.playlists.tokens import Sealer, digest, new_token, same
from app.playlists.users import NO_PLAYLIST
from app.playlists.views import NewPlaylist, PlaylistChange, PlaylistView, view_of

SLUG: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
LONGEST_SLUG: Final = 64
LONGEST_NAME: Final = 200
PLAYLIST: Final = metadata.tables["playlist"]


class Playlists:
    """Every change of a playlist makes a new revision of it; so do `Overrides`."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def add(self, new: NewPlaylist) -> PlaylistView:
        """Stores a playlist; a slug that is made of its name gets a number where that one is taken."""
        _check_name(new.name)
        base = _checked_slug(new.slug) if new.slug is not None else slug_of(new.name)
        definition = parse(new.definition)
        copy = 1
        while True:
            slug = base if copy == 1 else f"{base}-{copy}"
            try:
                return await self._insert(new.name, slug, definition)
            except IntegrityError:
                if new.slug is not None:
                    raise _taken() from None
                copy += 1

    async def list(self) -> list[PlaylistView]:
        """All playlists, in the order in which they were added."""
        async with self._database.reader() as reader:
            rows = await reader.rows(select(*PLAYLIST.c).order_by(col(Playlist.pk)))
        return [view_of(row) for row in rows]

    async def get(self, id_or_slug: str) -> PlaylistView:
        """A playlist by its id or its slug."""
        async with self._database.reader() as reader:
            return view_of(await _find(reader, id_or_slug))

    async def by_pk(self, pk: int) -> PlaylistView:
        """A playlist by its key, as its users name it."""
        async with self._database.reader() as reader:
            row = await reader.row(select(*PLAYLIST.c).where(col(Playlist.pk) == pk))
        if row is None:
            raise NotFound(NO_PLAYLIST)
        return view_of(row)

    async def by_token(self, token: str) -> PlaylistView | None:
        """The playlist that a token opens."""
        known = digest(token)
        async with self._database.reader() as reader:
            row = await reader.row(select(*PLAYLIST.c).where(col(Playlist.token_sha256) == known))
        return view_of(row) if row is not None and same(row.token_sha256, known) else None

    async def change(self, public_id: str, change: PlaylistChange) -> PlaylistView:
        """Applies a change; the id and the token stay."""
        values: dict[str, Any] = {}
        if isinstance(change.name, str):
            values["name"] = _check_name(change.name)
        if isinstance(change.slug, str):
            values["slug"] = _checked_slug(change.slug)
        try:
            async with self._database.writer() as writer:
                row = await _find(writer, public_id)
                if change.definition:
                    definition = parse(_merged(row.definition, change.definition))
                    await _check_providers(writer, definition, kept=row.definition.get("providers", ()))
                    values["definition"] = stored(definition)
                changed = values | {"revision": Playlist.revision + 1, "updated_at": now_ms()}
                await writer.execute(update(Playlist).where(col(Playlist.pk) == row.pk).values(**changed))
                return view_of(await _find(writer, row.id))
        except IntegrityError:
            raise _taken() from None

    async def token(self, public_id: str) -> str:
        """The token, for an administrator who asks."""
        async with self._database.reader() as reader:
            row = await _find(reader, public_id)
        return self._opened(row)

    async def rotate(self, public_id: str) -> str:
        """A new token; everything that the old one opened is closed at once, streams too."""
        async with self._database.writer() as writer:
            row = await _find(writer, public_id)
            sealed = self._sealed(row.id, token := new_token())
            values = {**sealed, "revision": Playlist.revision + 1, "updated_at": now_ms()}
            await writer.execute(update(Playlist).where(col(Playlist.pk) == row.pk).values(**values))
        return token

    async def remove(self, public_id: str) -> None:
        """Deletes a playlist with its users and everything that was changed in it by hand."""
        async with self._database.writer() as writer:
            row = await _find(writer, public_id)
            await writer.execute(delete(Playlist).where(col(Playlist.pk) == row.pk))

    async def _insert(self, name: str, slug: str, definition: Definition) -> PlaylistView:
        now, public = now_ms(), new_id()
        values = {"id": public, "slug": slug, "name": name, "definition": stored(definition), "revision": 1}
        values |= self._sealed(public, new_token())
        async with self._database.writer() as writer:
            await _check_providers(writer, definition)
            await writer.execute(insert(Playlist).values(**values, created_at=now, updated_at=now))
            return view_of(await _find(writer, public))

    def _sealed(self, public_id: str, token: str) -> dict[str, Any]:
        return {"token": self._sealer.seal(token.encode(), owner=public_id), "token_sha256": digest(token)}

    def _opened(self, row: Row[Any]) -> str:
        token = self._sealer.open(row.token, owner=row.id).decode()
        conceal(token)
        return token


def slug_of(name: str) -> str:
    """A slug that reads like the name."""
    words = re.findall(r"[a-z0-9]+", fold(name))
    return "-".join(words)[: LONGEST_SLUG - 8].strip("-") or "playlist"


async def _find(reader: Reader, id_or_slug: str) -> Row[Any]:
    rows = await reader.rows(
        select(*PLAYLIST.c).where((col(Playlist.id) == id_or_slug) | (col(Playlist.slug) == id_or_slug))
    )
    if not rows:
        raise NotFound(NO_PLAYLIST)
    return next((row for row in rows if row.id == id_or_slug), rows[0])


async def _check_providers(reader: Reader, definition: Definition, *, kept: Sequence[str] = ()) -> None:
    """Those that were `kept` since before may be gone: a provider that comes back has the id that it had."""
    known = {row.id for row in await reader.rows(select(col(Provider.id)))}.union(kept)
    errors = [
        (f"definition.providers.{place}", "There is no such provider.")
        for place, provider in enumerate(definition.providers)
        if provider not in known
    ]
    if errors:
        raise Invalid(errors)


def _merged(known: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**known, **given}.items() if value is not None}


def _check_name(name: str) -> str:
    if not name.strip() or len(name) > LONGEST_NAME or any(char < " " for char in name):
        raise Invalid([("name", f"This must be 1 to {LONGEST_NAME} characters.")])
    return name


def _checked_slug(slug: str) -> str:
    if len(slug) > LONGEST_SLUG or not SLUG.fullmatch(slug):
        raise Invalid([("slug", f"This must be words of a-z and 0-9 joined by -, at most {LONGEST_SLUG} characters.")])
    return slug


def _taken() -> Invalid:
    return Invalid([("slug", "Another playlist has this slug.")])
