"""Keys of the API: made, found by their SHA-256, revoked; when each was used last."""

import asyncio
import re
import secrets
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final

from sqlalchemy import Row, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from app.access.audit import Change, note
from app.core.clock import now_ms
from app.core.errors import Invalid, NotFound
from app.core.ids import new_id
from app.core.redaction import conceal
from app.db.engine import Database, DatabaseAway
from app.db.tables import ApiKey, metadata
from app.domain.access import KeyScope

PREFIX: Final = "lk_"  # so that scanners of repositories know one when they see it
KEY_BYTES: Final = 32
HINT_LENGTH: Final = len(PREFIX) + 4
FRESH_SECONDS: Final = 2.0  # how long a key that another process revoked may go on here
USE_MS: Final = 60_000  # its last use is written at most this often
CLOSE_SECONDS: Final = 2.0
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@ -]{0,63}", re.ASCII)
COMMAND: Final = "(command line)"
KEY: Final = metadata.tables["api_key"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whoever a request comes from. `name` stands in the audit log; `key` is what a limit counts, None = no key."""

    name: str
    scope: KeyScope
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyView:
    """A key as it may be shown; times in ms."""

    id: str
    name: str
    scope: KeyScope
    hint: str
    created_at: int
    last_used_at: int | None
    revoked_at: int | None


class Keys:
    """The stored keys. They are looked for in memory, and the table is read behind: no request waits for it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._live: tuple[tuple[bytes, Caller], ...] = ()
        self._used: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._reading: asyncio.Task[None] | None = None
        self._until = 0.0
        self._ever = False

    @property
    def needed(self) -> bool:
        """Whether any key was ever made: from then on one is needed, also when all are revoked."""
        self._renew()
        return self._ever

    async def load(self) -> None:
        """Reads the table; `DatabaseAway` leaves what was known."""
        async with self._database.reader() as reader:
            rows = await reader.rows(select(*KEY.c))
        self._ever = bool(rows)
        self._live = tuple((bytes.fromhex(row.sha256), _caller(row)) for row in rows if row.revoked_at is None)
        for row in rows:
            self._used[row.id] = max(self._used.get(row.id, 0), row.last_used_at or 0)
        self._until = time.monotonic() + FRESH_SECONDS

    async def close(self) -> None:
        """Waits for what is being written."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_SECONDS)

    def find(self, word: bytes) -> Caller | None:
        """Whose key this is. Every key is compared, in constant time, so that the time it takes tells nothing."""
        self._renew()
        digest, found = sha256(word).digest(), None
        for known, caller in self._live:
            if compare_digest(known, digest):
                found = caller
        if found is not None:
            conceal(word.decode("utf-8", "replace"))
            self._note_use(found)
        return found

    async def create(self, name: str, scope: KeyScope, *, by: str = COMMAND) -> tuple[KeyView, str]:
        """A new key and its text, which nobody can ask for again."""
        if not NAME.fullmatch(name):
            raise Invalid([("name", "This must be 1 to 64 letters, digits, spaces, or one of . _ @ -")])
        word = PREFIX + secrets.token_urlsafe(KEY_BYTES)
        conceal(word)
        public = new_id()
        values = {
            "id": public,
            "name": name,
            "scope": scope.value,
            "sha256": sha256(word.encode()).hexdigest(),
            "hint": word[:HINT_LENGTH],
            "created_at": now_ms(),
        }
        try:
            async with self._database.writer() as writer:
                await writer.execute(insert(ApiKey).values(**values))
                await note(writer, _change("create_key", f"/keys/{public}", by))
        except IntegrityError:
            raise Invalid([("name", "Another key has this name; revoke it first.")]) from None
        await self.load()
        return await self._get(public), word

    async def list(self) -> Sequence[KeyView]:
        """All keys, those that were revoked too, in the order in which they were made."""
        async with self._database.reader() as reader:
            rows = await reader.rows(select(*KEY.c).order_by(col(ApiKey.id)))
        return [_view(row) for row in rows]

    async def revoke(self, id_or_name: str, *, by: str = COMMAND) -> KeyView:
        """Ends a key: here at once, in other processes within moments."""
        named = or_(col(ApiKey.id) == id_or_name, col(ApiKey.name) == id_or_name)
        async with self._database.writer() as writer:
            live = col(ApiKey.revoked_at).is_(None)
            public = await writer.scalar(select(col(ApiKey.id)).where(named, live))
            if public is None:
                raise NotFound("There is no such key.")
            await writer.execute(update(ApiKey).where(col(ApiKey.id) == public).values(revoked_at=now_ms()))
            await note(writer, _change("revoke_key", f"/keys/{public}", by))
        await self.load()
        return await self._get(public)

    async def _get(self, public: str) -> KeyView:
        async with self._database.reader() as reader:
            row = await reader.row(select(*KEY.c).where(col(ApiKey.id) == public))
        if row is None:
            raise NotFound("There is no such key.")
        return _view(row)

    def _renew(self) -> None:
        reading = self._reading is not None and not self._reading.done()
        if time.monotonic() >= self._until and not reading:
            self._reading = self._begin(self.load())

    def _note_use(self, caller: Caller) -> None:
        now, public = now_ms(), caller.key or ""
        if now - self._used.get(public, 0) >= USE_MS:
            self._used[public] = now
            self._begin(self._write_use(public, now))

    async def _write_use(self, public: str, now: int) -> None:
        # Of several processes that see the key in one minute, the first one writes.
        unknown = or_(col(ApiKey.last_used_at).is_(None), col(ApiKey.last_used_at) <= now - USE_MS)
        async with self._database.writer() as writer:
            await writer.execute(update(ApiKey).where(col(ApiKey.id) == public, unknown).values(last_used_at=now))

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        async def forgiving() -> None:
            with suppress(DatabaseAway):
                await work

        task = asyncio.create_task(forgiving())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _caller(row: Row[Any]) -> Caller:
    return Caller(name=row.name, scope=KeyScope(row.scope), key=row.id)


def _view(row: Row[Any]) -> KeyView:
    return KeyView(
        id=row.id,
        name=row.name,
        scope=KeyScope(row.scope),
        hint=row.hint,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )


def _change(action: str, path: str, by: str) -> Change:
    return Change(who=by, action=action, method="", path=path, status=200)
