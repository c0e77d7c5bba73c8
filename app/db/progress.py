"""What a walk leaves behind in the transaction of its rows: checkpoints, quarantine, changes, the pending mark."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import delete, insert, select, update
from sqlmodel import col

from app.core.redaction import scrub
from app.db.bulk import insert_rows
from app.db.engine import Reader, Writer
from app.db.tables import CatalogueHead, SyncCheckpoint, Walk, metadata
from app.domain.kinds import Kind
from app.domain.ordinals import OrdinalSet
from app.domain.records import RejectedRecord

CHECKPOINT: Final = metadata.tables["sync_checkpoint"]
JOB_CHANGE: Final = metadata.tables["job_change"]
ChangeRow = tuple[str, str, bytes | None]  # public id, op, document


async def add_checkpoint(
    writer: Writer, *, job_id: str, scope: str, pages: Sequence[int], seen: dict[Kind, OrdinalSet]
) -> None:
    """Marks pages as stored; `seen` are the places of their items by kind."""
    packed = b"".join(_packed(kind, ordinals) for kind, ordinals in seen.items())
    await writer.execute(insert(SyncCheckpoint), [{"job_id": job_id, "scope": scope, "pages": pages, "seen": packed}])


@dataclass(slots=True, kw_only=True)
class WalkedBefore:
    """What an earlier attempt of a job stored of one scope."""

    pages: set[int] = field(default_factory=set)
    seen: dict[Kind, OrdinalSet] = field(default_factory=dict)


async def checkpoints(reader: Reader, job_id: str) -> dict[str, WalkedBefore]:
    """The pages that are stored, and the places of their items, by scope."""
    found: dict[str, WalkedBefore] = {}
    query = select(CHECKPOINT.c.scope, CHECKPOINT.c.pages, CHECKPOINT.c.seen).where(CHECKPOINT.c.job_id == job_id)
    for row in await reader.rows(query):
        walked = found.setdefault(row.scope, WalkedBefore())
        walked.pages.update(row.pages)
        for kind, ordinals in _unpacked(row.seen):
            walked.seen.setdefault(kind, OrdinalSet()).update(ordinals)
    return found


async def batches(reader: Reader, job_id: str, scope: str) -> list[tuple[list[int], dict[Kind, OrdinalSet]]]:
    """The batches of one scope that are stored: their pages, and the places of their items."""
    query = select(CHECKPOINT.c.pages, CHECKPOINT.c.seen).where(
        CHECKPOINT.c.job_id == job_id, CHECKPOINT.c.scope == scope
    )
    return [(row.pages, dict(_unpacked(row.seen))) for row in await reader.rows(query)]


async def quarantine(writer: Writer, *, job_id: str, provider_pk: int, records: Sequence[RejectedRecord]) -> None:
    """Keeps refused records with their reasons."""
    rows = [(job_id, provider_pk, one.kind.value, one.external_id, one.reason, scrub(one.raw)) for one in records]
    columns = ("job_id", "provider_pk", "kind", "external_id", "reason", "raw")
    await insert_rows(writer, "quarantine", columns, rows)


async def log_changes(
    writer: Writer, *, provider_pk: int, version: int, job_id: str, kind: str, changes: Sequence[ChangeRow]
) -> None:
    """Appends to the change log; `version` is the one that will publish these changes."""
    rows = [(provider_pk, version, job_id, kind, *change) for change in changes]
    columns = ("provider_pk", "version", "job_id", "kind", "item_id", "op", "document")
    await insert_rows(writer, "change", columns, rows)


async def record_changes(
    writer: Writer, *, job_id: str, provider_pk: int, kind: Kind, places: Mapping[str, OrdinalSet]
) -> None:
    """Keeps which places of a kind a job changed, by op: `added`, `updated` or `removed`."""
    rows = [(job_id, provider_pk, kind.number, op, changed.pack()) for op, changed in places.items()]
    await insert_rows(writer, "job_change", ("job_id", "provider_pk", "kind", "op", "ordinals"), rows)


async def changed_before(reader: Reader, job_id: str) -> dict[Kind, OrdinalSet]:
    """The places that earlier attempts of a job changed."""
    found = {kind: OrdinalSet() for kind in Kind}
    kinds = {kind.number: kind for kind in Kind}
    query = select(JOB_CHANGE.c.kind, JOB_CHANGE.c.ordinals).where(JOB_CHANGE.c.job_id == job_id)
    for row in await reader.rows(query):
        found[kinds[row.kind]].update(OrdinalSet.unpack(row.ordinals))
    return found


async def mark_pending(writer: Writer, provider_pk: int, *, floor: int | None = None) -> None:
    """Says that rows were written since the last publish; `floor` when the log does not tell all of it."""
    values: dict[str, object] = {"pending": True} if floor is None else {"pending": True, "floor": floor}
    await writer.execute(update(CatalogueHead).where(col(CatalogueHead.provider_pk) == provider_pk).values(**values))


async def published_version(reader: Reader, provider_pk: int) -> int:
    """The newest published version, 0 before the first."""
    query = select(col(CatalogueHead.version)).where(col(CatalogueHead.provider_pk) == provider_pk)
    return int(await reader.scalar(query) or 0)


async def missed_before(reader: Reader, provider_pk: int, kind: Kind) -> OrdinalSet:
    """What the complete walk before did not see either, when its sweep was held back."""
    query = select(col(Walk.missing)).where(col(Walk.provider_pk) == provider_pk, col(Walk.kind) == kind.value)
    packed = await reader.scalar(query)
    return OrdinalSet.unpack(packed) if packed else OrdinalSet()


async def remember_missing(writer: Writer, *, provider_pk: int, kind: Kind, job_id: str, missing: OrdinalSet) -> None:
    """Keeps what a held-back sweep would have taken, for the next complete walk to agree with; empty forgets."""
    condition = (col(Walk.provider_pk) == provider_pk, col(Walk.kind) == kind.value)
    await writer.execute(delete(Walk).where(*condition))
    if len(missing):
        row = {"provider_pk": provider_pk, "kind": kind.value, "job_id": job_id, "missing": missing.pack()}
        await writer.execute(insert(Walk), [row])


def _packed(kind: Kind, ordinals: OrdinalSet) -> bytes:
    body = ordinals.pack()
    return bytes([kind.number]) + len(body).to_bytes(4, "big") + body


def _unpacked(packed: bytes) -> list[tuple[Kind, OrdinalSet]]:
    kinds = {kind.number: kind for kind in Kind}
    found, place = [], 0
    while place < len(packed):
        end = place + 5 + int.from_bytes(packed[place + 1 : place + 5], "big")
        found.append((kinds[packed[place]], OrdinalSet.unpack(packed[place + 5 : end])))
        place = end
    return found
