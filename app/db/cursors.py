"""Where walks without page numbers are: what they say of it, kept as checkpoints of their job."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, insert, select
from sqlmodel import col

from app.core import jsonio
from app.db.engine import Reader, Writer
from app.db.tables import SyncCheckpoint


async def add_cursor(writer: Writer, *, job_id: str, scope: str, cursor: Mapping[str, Any]) -> None:
    """Adds what a walk says, a JSON object; it stands behind all that it said before."""
    told = jsonio.dumps(dict(cursor)).decode()
    await writer.execute(insert(SyncCheckpoint), [{"job_id": job_id, "scope": scope, "pages": [told], "seen": b""}])


async def cursors(reader: Reader, job_id: str, scope: str) -> list[dict[str, Any]]:
    """All that a walk said within a job, in order."""
    mine = (col(SyncCheckpoint.job_id) == job_id, col(SyncCheckpoint.scope) == scope)
    rows = await reader.rows(select(col(SyncCheckpoint.pages)).where(*mine).order_by(col(SyncCheckpoint.pk)))
    return [jsonio.loads(told) for row in rows for told in row.pages]


async def forget_cursors(writer: Writer, job_id: str, scope: str) -> None:
    """A walk begins anew."""
    await writer.execute(
        delete(SyncCheckpoint).where(col(SyncCheckpoint.job_id) == job_id, col(SyncCheckpoint.scope) == scope)
    )
