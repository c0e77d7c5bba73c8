"""The end of a kind's walks: what a complete walk did not see is swept, under the drop guard."""

from dataclasses import dataclass
from itertools import islice
from typing import Final

from app.core.clock import now_ms, rfc3339
from app.db import categories, items, progress, search
from app.db.engine import Writer
from app.domain import sweep
from app.domain.documents import category_document, decode, encode
from app.domain.kinds import ITEM_STEPS, Kind
from app.domain.ordinals import OrdinalSet
from app.sync.ledger import ItemChange, Ledger

INDEX_ALL: Final = 5_000  # changed items from which on the word index is compared as a whole, not place by place
SWEEP_ROWS: Final = 1_000  # documents rewritten together: 1.5 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What a kind's walks did not see, and how much of it the drop guard lets go."""

    missing: OrdinalSet
    doomed: OrdinalSet
    reason: str | None


async def weigh(ledger: Ledger, kind: Kind) -> Weighed:
    """Compares what is stored with what was seen."""
    async with ledger.database.reader() as reader:
        active = await items.active_ordinals(reader, kind, ledger.job.provider_pk)
        before = await progress.missed_before(reader, ledger.job.provider_pk, kind)
    missing = active - ledger.shelves[kind].seen
    agreed = before & missing
    decision = sweep.decide(
        noun=kind.plural, active=len(active), missing=len(missing), agreed=len(agreed), force=ledger.job.force
    )
    doomed = (agreed if decision.agreed_only else missing) if decision.allowed else OrdinalSet()
    return Weighed(missing=missing, doomed=doomed, reason=decision.reason)


async def finalise(ledger: Ledger, kind: Kind, *, proven: bool, gone: OrdinalSet, doubt: str | None) -> str | None:
    """Sweeps a kind after all of its walks; returns why something was held back, None when nothing was.

    Only `proven` walks may sweep, and only what was looked for once more and is `gone`; `doubt` is why the rest is not.
    What was missing and kept is remembered, for the next walk to agree with.
    """
    weighed = await weigh(ledger, kind)
    if not proven:
        return sweep.unread(kind.plural, len(weighed.missing))
    doomed = weighed.doomed & gone
    await _sweep(ledger, kind, doomed)
    async with ledger.transaction() as writer:
        await progress.remember_missing(
            writer,
            provider_pk=ledger.job.provider_pk,
            kind=kind,
            job_id=ledger.job.job_id,
            missing=weighed.missing - doomed,
        )
    return weighed.reason or sweep.unverified(kind.plural, len(weighed.doomed - doomed), doubt)


async def derive(ledger: Ledger, kind: Kind) -> None:
    """Counts, statistics and the search index follow the rows; nothing is done when nothing changed."""
    shelf = ledger.shelves[kind]
    changed = len(shelf.changed)
    if changed == shelf.derived:
        return
    provider_pk = ledger.job.provider_pk
    places = None if changed > INDEX_ALL else list(shelf.changed)
    async with ledger.transaction() as writer:
        if not shelf.logged:
            await items.analyze(writer, kind)
        counted = await categories.recount(writer, kind, provider_pk)
        told = [(one.id, "updated", category_document(one.model_dump(), ledger.provider_id)) for one in counted]
        await ledger.log_categories(writer, told)
        await search.refresh(writer, provider_pk=provider_pk, kind=kind, ordinals=places)
    shelf.derived = changed


async def _sweep(ledger: Ledger, kind: Kind, doomed: OrdinalSet) -> None:
    places = iter(doomed)
    while chunk := list(islice(places, SWEEP_ROWS)):
        ledger.job.check()
        async with ledger.transaction() as writer:
            await _deactivate(ledger, writer, kind, chunk)
            ledger.job.note(ITEM_STEPS[kind], removed=len(chunk))


async def _deactivate(ledger: Ledger, writer: Writer, kind: Kind, places: list[int]) -> None:
    now = now_ms()
    bodies = []
    log = []
    for place, body in (await items.documents(writer, kind, ledger.job.provider_pk, places)).items():
        document = decode(kind, body)
        document.is_active, document.updated_at = False, rfc3339(now)
        bodies.append((place, encode(document)))
        log.append(ItemChange(place, document.id, "removed", None))
    await items.deactivate(writer, kind, ledger.job.provider_pk, bodies, now)
    await ledger.log_items(writer, kind, log)
