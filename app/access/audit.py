"""The log of changes: who did what, and when."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import delete, func, insert, select
from sqlmodel import col

from app.core.clock import now_ms
from app.core.ids import new_id
from app.db.engine import Database, Writer
from app.db.tables import AuditEntry, metadata

DAY_MS: Final = 24 * 3_600_000
LONGEST: Final = 500  # characters of a path that are kept
ENTRY: Final = metadata.tables["audit_entry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What somebody did; `request_id` finds the lines of the log that belong to it."""

    who: str
    action: str
    method: str
    path: str
    status: int
    request_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView(Change):
    """A change as it was noted; `at` in ms."""

    id: str
    at: int


class Audit:
    """Changes in the order in which they were made; nothing here is ever rewritten."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, change: Change) -> None:
        """Keeps a change; `DatabaseAway` when that is not possible now."""
        async with self._database.writer() as writer:
            await note(writer, change)

    async def page(self, *, who: str | None = None, page: int = 1, limit: int = 100) -> tuple[Sequence[EntryView], int]:
        """A page of changes, newest first, and how many there are."""
        wanted = select(*ENTRY.c)
        if who is not None:
            wanted = wanted.where(col(AuditEntry.who) == who)
        async with self._database.reader() as reader:
            total = await reader.scalar(select(func.count()).select_from(wanted.subquery()))
            newest = wanted.order_by(col(AuditEntry.at).desc(), col(AuditEntry.id).desc())
            rows = await reader.rows(newest.limit(limit).offset((page - 1) * limit))
        return [EntryView(**row._asdict()) for row in rows], int(total)

    async def prune(self, *, days: int) -> int:
        """Forgets what is older; returns how much that was."""
        async with self._database.writer() as writer:
            return await writer.execute(delete(AuditEntry).where(col(AuditEntry.at) < now_ms() - days * DAY_MS))


async def note(writer: Writer, change: Change) -> None:
    """The same within a transaction of the caller."""
    values = asdict(change) | {"path": change.path[:LONGEST]}
    await writer.execute(insert(AuditEntry).values(id=new_id(), at=now_ms(), **values))
