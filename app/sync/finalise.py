"""The end of a kind's walks: what a complete walk did not see is swept, under the drop guard."""

from itertools import islice
from typing import Final

from app.core.clock import now_ms, rfc3339
from app.db import categories, items, progress
from app.db.engine import Writer
from app.domain import sweep
from app.domain.documents import decode, encode
from app.domain.kinds import ITEM_STEPS, Kind
from app.domain.ordinals import OrdinalSet
from app.jobs.tracker import JobTracker
from app.sync.store import Store

SWEEP_ROWS: Final = 1_000  # documents rewritten together: 1.5 MB


async def finalise(store: Store, job: JobTracker, kind: Kind, *, proven: bool) -> str | None:
    """Sweeps a kind after all of its walks; returns why a sweep was held back, None when nothing was.

    Only `proven` walks may sweep. What was missing and kept is remembered, for the next walk to agree with.
    """
    await store.settle(kind)
    async with store.database.reader() as reader:
        active = await items.active_ordinals(reader, kind, job.provider_pk)
        before = await progress.missed_before(reader, job.provider_pk, kind)
    seen = store.shelves[kind].seen
    missing = OrdinalSet(place for place in active if place not in seen)
    if not proven:
        many = f"{len(missing)} {kind.plural} were not seen and have been kept, since not all of the list could be read"
        return many if len(missing) else None
    agreed = before & missing
    decision = sweep.decide(
        noun=kind.plural, active=len(active), missing=len(missing), agreed=len(agreed), force=job.force
    )
    doomed = (agreed if decision.agreed_only else missing) if decision.allowed else OrdinalSet()
    await _sweep(store, job, kind, doomed)
    async with store.transaction() as writer:
        await progress.remember_missing(
            writer, provider_pk=job.provider_pk, kind=kind, job_id=job.job_id, missing=missing - doomed
        )
    return decision.reason


async def derive(store: Store, job: JobTracker, kind: Kind) -> None:
    """Counts, statistics and the search index follow the rows; nothing is done when nothing changed."""
    shelf = store.shelves[kind]
    changed = len(shelf.changed)
    if changed == shelf.derived:
        return
    async with store.transaction() as writer:
        await categories.recount(writer, kind, job.provider_pk)
        if not shelf.logged:
            await items.analyze(writer, kind)
    shelf.derived = changed


async def _sweep(store: Store, job: JobTracker, kind: Kind, doomed: OrdinalSet) -> None:
    places = iter(doomed)
    while chunk := list(islice(places, SWEEP_ROWS)):
        job.check()
        async with store.transaction() as writer:
            await _deactivate(store, writer, job, kind, chunk)
            job.note(ITEM_STEPS[kind], removed=len(chunk))


async def _deactivate(store: Store, writer: Writer, job: JobTracker, kind: Kind, places: list[int]) -> None:
    now = now_ms()
    bodies = []
    ids = []
    for place, body in (await items.documents(writer, kind, job.provider_pk, places)).items():
        document = decode(kind, body)
        document.is_active, document.updated_at = False, rfc3339(now)
        bodies.append((place, encode(document)))
        ids.append(document.id)
        store.shelves[kind].changed.add(place)
    await items.deactivate(writer, kind, job.provider_pk, bodies, now)
    await store.log(writer, kind.value, [(one, "removed", None) for one in ids], logged=True)
