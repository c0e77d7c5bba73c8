"""The category steps: compare the provider's list with what is stored, write the difference, sweep under the guard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.clock import now_ms
from app.db import categories, progress
from app.db.tables import Category
from app.domain import sweep
from app.domain.documents import category_document
from app.domain.identity import category_id
from app.domain.kinds import CATEGORY_STEPS, Kind
from app.domain.records import CategoryRecord
from app.domain.titles import display_name
from app.providers.base import Categories
from app.sync.ledger import Ledger

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryDiff:
    """What differs: rows to insert, rows to rewrite, stored ones that the list no longer names."""

    kind: Kind
    added: list[Row]
    updated: list[Row]
    unchanged: int
    missing: list[Category]


async def store_categories(ledger: Ledger, *, kind: Kind, found: Categories) -> str | None:
    """Stores one kind's categories; returns why a sweep was held back, None when all is well."""
    job, step, held = ledger.job, CATEGORY_STEPS[kind], None
    async with ledger.transaction() as writer:
        stored = await categories.load(writer, kind, job.provider_pk)
        diff = compare(found.records, stored, kind=kind, provider_id=ledger.provider_id, now=now_ms())
        await categories.insert(writer, kind, job.provider_pk, diff.added)
        gone, held = _sweep(diff, stored, kind, force=job.force) if found.known else ([], None)
        await categories.rewrite(writer, [*diff.updated, *gone])
        await progress.quarantine(writer, job_id=job.job_id, provider_pk=job.provider_pk, records=found.rejected)
        await ledger.log_categories(writer, _told(ledger.provider_id, diff, stored, gone))
        job.note(
            step,
            fetched=len(diff.added) + len(diff.updated) + diff.unchanged,
            added=len(diff.added),
            updated=len(diff.updated),
            unchanged=diff.unchanged,
            removed=len(gone),
            rejected=len(found.rejected),
            pages_done=1,
            pages_total=1,
        )
    return held


def compare(
    records: Sequence[CategoryRecord],
    stored: Mapping[str, Category],
    *,
    kind: Kind,
    provider_id: str,
    now: int,
) -> CategoryDiff:
    """Compares a provider's list with the stored categories. Pure; a title may occur twice, an id counts once."""
    rows: dict[str, Row] = {}
    for record in records:
        made = _row(record, kind, provider_id, now)
        rows.setdefault(made["id"], made)
    added = [made for public, made in rows.items() if public not in stored]
    known = [(made, stored[public]) for public, made in rows.items() if public in stored]
    updated = [made for made, old in known if _differs(made, old)]
    missing = [old for public, old in stored.items() if old.is_active and public not in rows]
    return CategoryDiff(kind=kind, added=added, updated=updated, unchanged=len(known) - len(updated), missing=missing)


def _row(record: CategoryRecord, kind: Kind, provider_id: str, now: int) -> Row:
    return {
        "id": category_id(provider_id, kind, record.external_id, record.space),
        "external_id": record.external_id,
        "space": record.space,
        "name": display_name(record.name),
        "position": record.position,
        "censored": record.censored,
        "is_active": True,
        "updated_at": now,
    }


def _differs(made: Row, old: Category) -> bool:
    return (made["name"], made["position"], made["censored"], True) != (
        old.name,
        old.position,
        old.censored,
        old.is_active,
    )


def _sweep(
    diff: CategoryDiff, stored: Mapping[str, Category], kind: Kind, *, force: bool
) -> tuple[list[Row], str | None]:
    active = sum(one.is_active for one in stored.values())
    noun = f"{kind.value} categories"
    decision = sweep.decide(noun=noun, active=active, missing=len(diff.missing), agreed=0, force=force)
    if not decision.allowed:
        return [], decision.reason
    return [{**one.model_dump(), "is_active": False, "updated_at": now_ms()} for one in diff.missing], None


def _told(
    provider_id: str, diff: CategoryDiff, stored: Mapping[str, Category], gone: list[Row]
) -> list[progress.ChangeRow]:
    found: list[progress.ChangeRow] = []
    for made in (*diff.added, *diff.updated):
        old = stored.get(made["id"])
        op = "updated" if old is not None and old.is_active else "added"
        row = {**made, "kind": diff.kind.value, "count": old.count if old is not None else 0}
        found.append((made["id"], op, category_document(row, provider_id)))
    return [*found, *((made["id"], "removed", None) for made in gone)]
